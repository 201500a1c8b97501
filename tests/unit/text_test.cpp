#include "text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace netstat46 {
namespace {

template <class Write>
std::string written(Write write) {
    Text out;
    put(out, "> ");
    write(out, out.size());
    return fmt::to_string(out);
}

TEST(Text, HexHasAtLeastTheDigitsAskedFor) {
    EXPECT_EQ(written([](Text& out, std::size_t) { put_hex(out, 0); }), "> 0");
    EXPECT_EQ(written([](Text& out, std::size_t) { put_hex(out, 0x1fa, 6); }), "> 0001fa");
    EXPECT_EQ(written([](Text& out, std::size_t) { put_hex(out, ~std::uint64_t{0}); }), "> ffffffffffffffff");
}

TEST(Text, AWidthMovesRightOrFillsUpAndNeverCuts) {
    const auto justified = [](std::string_view text, int width) {
        return written([&](Text& out, std::size_t start) {
            put(out, text);
            justify(out, start, width);
        });
    };
    EXPECT_EQ(justified("80", 5), ">    80");
    EXPECT_EQ(justified("80", -5), "> 80   ");
    EXPECT_EQ(justified("443", 2), "> 443");
    EXPECT_EQ(justified("", 3), ">    ");
}

TEST(Text, CutAndPadCountFromWhereTheCellBegan) {
    const auto in_column = [](std::string_view text, std::size_t width) {
        return written([&](Text& out, std::size_t start) {
            put(out, text);
            cut(out, start, width);
            pad_to(out, start, width);
        });
    };
    EXPECT_EQ(in_column("localhost", 5), "> local");
    EXPECT_EQ(in_column("here", 5), "> here ");
}

TEST(Text, WhatIsLongerThanTheBufferStaysWhole) {
    const std::string name(3000, 'n');
    EXPECT_EQ(written([&](Text& out, std::size_t start) {
                  put(out, name);
                  pad_to(out, start, 4000);
              }),
              "> " + name + std::string(1000, ' '));
}

TEST(Text, ControlCharactersBecomeDotsAndOtherTextStays) {
    EXPECT_EQ(cleaned("a\x1b[1m\x7f\xc2\x9b\x9bz"), "a.[1m...z");
    EXPECT_EQ(cleaned("Größe €"), "Größe €");
}

} // namespace
} // namespace netstat46
