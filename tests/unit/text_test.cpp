#include "text.hpp"

#include <set>
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

/// U+CODE in UTF-8, computed apart from what is tested.
std::string utf8(unsigned code) {
    const auto follow = [&](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3f)); };
    if (code < 0x80) return {static_cast<char>(code)};
    if (code < 0x800) return {static_cast<char>(0xc0 | code >> 6), follow(0)};
    if (code < 0x10000) return {static_cast<char>(0xe0 | code >> 12), follow(6), follow(0)};
    return {static_cast<char>(0xf0 | code >> 18), follow(12), follow(6), follow(0)};
}

TEST(Text, WhatBreaksLinesOrTurnsTextIsAControlCharacterAndItsNeighboursAreNot) {
    std::set<unsigned> controls{0x7f, 0x061c, 0x200e, 0x200f};
    const auto range = [&](unsigned first, unsigned last) {
        for (unsigned code = first; code <= last; ++code) controls.insert(code);
    };
    range(0, 0x1f);
    range(0x80, 0x9f);
    range(0x2028, 0x202e);
    range(0x2066, 0x2069);
    for (unsigned code = 0; code <= 0x10ffff; code += code < 0x3000 ? 1 : 0x101) {
        if (code >= 0xd800 && code <= 0xdfff) continue;
        const std::string name = "a" + utf8(code) + "b";
        const std::string wanted = controls.count(code) != 0 ? "a.b" : name;
        ASSERT_EQ(cleaned(name), wanted) << "U+" << std::hex << code;
    }
}

TEST(Text, NoOverlongOrCutSequenceHidesAControlCharacter) {
    // U+009B, ESC and U+202E in more bytes than they need; U+202E and U+0085 without their last byte.
    for (const std::string_view hidden : {"\xe0\x82\x9b", "\xc0\x9b", "\xf0\x82\x80\xae", "\xe2\x80", "\xc2"})
        for (const char c : cleaned(hidden))
            EXPECT_TRUE(c == '.' || static_cast<unsigned char>(c) >= 0xa0) << hidden;
    for (unsigned byte = 0x80; byte < 0x100; ++byte)
        EXPECT_EQ(cleaned(std::string(1, static_cast<char>(byte))),
                  byte < 0xa0 ? "." : std::string(1, static_cast<char>(byte)));
}

} // namespace
} // namespace netstat46
