// The buffer that cells write to, and the cleaning of what comes from outside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace netstat46 {

/// One row or more, before it goes out.
using Text = fmt::memory_buffer;

/// The buffer's own append() is a call, and most texts are a few bytes.
inline void put(Text& out, std::string_view text) {
    const std::size_t start = out.size();
    out.resize(start + text.size());
    std::copy(text.begin(), text.end(), out.data() + start);
}

/// Unsigned and signed integers in decimal.
template <class Integer>
void put_number(Text& out, Integer value) {
    const fmt::format_int digits(value);
    put(out, {digits.data(), digits.size()});
}

/// In lower case, with zeros up to `least_digits`.
void put_hex(Text& out, std::uint64_t value, int least_digits = 1);

/// Names and paths from outside: each control character (as is_control() has it, and C1 as a stray byte)
/// becomes `.`; all else stays.
void put_clean(Text& out, std::string_view text);

/// As put_clean().
std::string cleaned(std::string_view text);

/// The length of the UTF-8 sequence that `text` begins with; 0 if it begins with none (RFC 3629).
std::size_t utf8_length(std::string_view text);

/// The character of one such sequence.
char32_t code_of(std::string_view sequence);

/// C0, DEL and C1, and what breaks lines or turns the direction of a text: U+061C, U+200E, U+200F, U+2028 to
/// U+202E, U+2066 to U+2069.
bool is_control(char32_t code);

/// Leaves at most `length` bytes of what was put from byte `start` on.
inline void cut(Text& out, std::size_t start, std::size_t length) {
    if (out.size() - start > length) out.resize(start + length);
}

/// Blanks up to `width` columns counted from byte `start`.
inline void pad_to(Text& out, std::size_t start, std::size_t width) {
    const std::size_t length = out.size() - start;
    if (length >= width) return;
    out.resize(start + width);
    std::fill_n(out.data() + start + length, width - length, ' ');
}

/// `width` as in printf: what was put from byte `start` on is moved right, or filled up if it is negative.
void justify(Text& out, std::size_t start, int width);

} // namespace netstat46
