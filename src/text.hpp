// The buffer that cells write to, and the cleaning of what comes from outside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace netstat46 {

/// One row or more, before it goes out.
using Text = fmt::memory_buffer;

/// Moves `size` bytes, which may overlap. Up to 16 are loaded before any is stored, without a call: a row is
/// some forty texts of a few bytes, and calls were a fifth of a listing's instructions.
inline void move_bytes(char* to, const char* from, std::size_t size) {
    const auto both_ends = [&]<class Word>(Word first) {
        Word last = 0;
        std::memcpy(&first, from, sizeof first);
        std::memcpy(&last, from + size - sizeof last, sizeof last);
        std::memcpy(to, &first, sizeof first);
        std::memcpy(to + size - sizeof last, &last, sizeof last);
    };
    if (size > 16) {
        std::memmove(to, from, size);
    } else if (size >= 8) {
        both_ends(std::uint64_t{});
    } else if (size >= 4) {
        both_ends(std::uint32_t{});
    } else if (size >= 2) {
        both_ends(std::uint16_t{});
    } else if (size == 1) {
        *to = *from;
    }
}

inline void put(Text& out, std::string_view text) {
    const std::size_t start = out.size();
    out.resize(start + text.size());
    move_bytes(out.data() + start, text.data(), text.size());
}

/// Unsigned and signed integers in decimal.
template <class Integer>
void put_number(Text& out, Integer value) {
    if (value >= 0 && value < 10) return out.push_back(static_cast<char>('0' + value));
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

/// `a, b or c` for ` or ` before the last.
std::string enumerated(std::span<const std::string> words, std::string_view before_last);

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

/// Blanks up to `width` columns counted from byte `start`. They are stored 16 at a time, up to 15 past the
/// end that the text gets: a seventh of a plain row's instructions.
inline void pad_to(Text& out, std::size_t start, std::size_t width) {
    constexpr std::size_t step = 16;
    const std::size_t length = out.size() - start;
    if (length >= width) return;
    out.reserve(start + width + step);
    for (char *at = out.data() + out.size(), *end = out.data() + start + width; at < end; at += step)
        std::memset(at, ' ', step);
    out.resize(start + width);
}

/// `width` as in printf: what was put from byte `start` on is moved right, or filled up if it is negative.
inline void justify(Text& out, std::size_t start, int width) {
    if (width < 0) return pad_to(out, start, static_cast<std::size_t>(-width));
    const std::size_t wanted = static_cast<std::size_t>(width), length = out.size() - start;
    if (length >= wanted) return;
    out.resize(start + wanted);
    move_bytes(out.data() + start + wanted - length, out.data() + start, length);
    std::fill_n(out.data() + start, wanted - length, ' ');
}

} // namespace netstat46
