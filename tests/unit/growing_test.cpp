// Answers that outgrow what was announced.
#include "posix/growing.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <gtest/gtest.h>

namespace netstat46 {
namespace {

/// A kernel whose table has `sizes[i]` bytes when it is asked for the i-th time, the last for ever.
SizedAsk table_of(std::vector<std::size_t> sizes) {
    return [sizes = std::move(sizes), calls = std::size_t{0}](void* room, std::size_t* size) mutable {
        const std::size_t now = sizes[std::min(calls++, sizes.size() - 1)];
        const bool fits = room == nullptr || *size >= now;
        *size = now;
        return fits ? 0 : ENOMEM;
    };
}

std::size_t size_read(std::vector<std::size_t> sizes) {
    std::vector<std::byte> buffer;
    EXPECT_EQ(read_growing(table_of(std::move(sizes)), buffer), 0);
    return buffer.size();
}

TEST(Growing, TheAnswerIsAsLongAsItIsAtLast) {
    EXPECT_EQ(size_read({100000}), 100000U);
    EXPECT_EQ(size_read({100000, 300000}), 300000U);
    EXPECT_EQ(size_read({100000, 20}), 20U);
    EXPECT_EQ(size_read({0, 5000}), 5000U);
    EXPECT_EQ(size_read({0}), 0U);
}

TEST(Growing, AnErrorIsPassedOn) {
    std::vector<std::byte> buffer;
    EXPECT_EQ(read_growing([](void*, std::size_t*) { return EPERM; }, buffer), EPERM);
    const SizedAsk refuses_bytes = [](void* room, std::size_t* size) {
        *size = 100;
        return room == nullptr ? 0 : EACCES;
    };
    EXPECT_EQ(read_growing(refuses_bytes, buffer), EACCES);
}

TEST(Growing, AKernelThatClaimsMoreThanItWroteIsNotBelieved) {
    std::vector<std::byte> buffer;
    const SizedAsk liar = [](void*, std::size_t* size) {
        *size = *size == 0 ? 5000 : 99999999;
        return 0;
    };
    EXPECT_EQ(read_growing(liar, buffer), 0);
    EXPECT_EQ(buffer.size(), 5000U);
}

} // namespace
} // namespace netstat46
