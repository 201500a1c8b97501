// The end of a run that cannot go on.
#include "last_words.hpp"

#include <new>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace netstat46 {
namespace {

TEST(LastWords, OfAnExceptionAreItsOwnButOfMissingMemory) {
    EXPECT_STREQ(words_for(std::runtime_error("DIR: is damaged")), "DIR: is damaged");
    EXPECT_STREQ(words_for(std::bad_alloc()), "out of memory");
    EXPECT_STREQ(words_for(std::bad_array_new_length()), "out of memory");
}

void may_throw() { throw std::runtime_error("the \x1b[31mcause"); }

void throw_where_none_may_be() noexcept { may_throw(); }

TEST(LastWordsDeathTest, EndWithAMessageAndAStatus) {
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
    for (const int status : {1, 2}) {
        const auto ended = testing::ExitedWithCode(status);
        EXPECT_EXIT(
            {
                end_in_words(status);
                std::terminate(); // as it is called where no exception can be made
            },
            ended, "^netstat46: out of memory\n$");
        EXPECT_EXIT(
            {
                end_in_words(status);
                throw_where_none_may_be();
            },
            ended, "^netstat46: the \\.\\[31mcause\n$");
        EXPECT_EXIT(
            {
                end_in_words(status);
                std::thread([] { throw std::bad_alloc(); }).join();
            },
            ended, "^netstat46: out of memory\n$");
    }
}

} // namespace
} // namespace netstat46
