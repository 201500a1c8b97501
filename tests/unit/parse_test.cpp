#include "parse.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace netstat46 {
namespace {

TEST(Parse, ANumberIsAllOfTheText) {
    EXPECT_EQ(parse_number<std::uint16_t>("65535"), std::uint16_t{65535});
    EXPECT_EQ(parse_number<std::int32_t>("-1"), -1);
    EXPECT_EQ(parse_number<std::uint64_t>("f00dfeed12345678", 16), 0xf00dfeed12345678U);
    for (const char* wrong : {"", "65536", "1x", " 1", "+1", "-1"})
        EXPECT_FALSE(parse_number<std::uint16_t>(wrong)) << wrong;
}

TEST(Parse, ALeadingNumberEndsWhereDigitsDo) {
    EXPECT_EQ(leading_number<int>("22.6.0"), 22);
    EXPECT_EQ(leading_number<int>("x22"), 0);
    EXPECT_EQ(leading_number<std::uint64_t>("ff\n", 16), 255U);
}

TEST(Parse, ANumberIsTakenWithWhatEndsItOrNotAtAll) {
    std::string_view text = "12\t34";
    std::int32_t value = 0;
    EXPECT_TRUE(take_number(text, value, '\t'));
    EXPECT_EQ(value, 12);
    EXPECT_EQ(text, "34");
    EXPECT_FALSE(take_number(text, value, '\t'));
    EXPECT_EQ(text, "34");
}

TEST(Parse, LinesComeWithoutTheirEnds) {
    std::vector<std::string> lines;
    for (std::string_view text = "one\n\nthree"; !text.empty();) lines.emplace_back(take_line(text));
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "", "three"}));
}

} // namespace
} // namespace netstat46
