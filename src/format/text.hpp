// The buffer that cells write to, and the cleaning of what comes from outside.
#pragma once

#include <string_view>

#include <fmt/format.h>

namespace netstat46 {

/// One row or more, before it goes out.
using Text = fmt::memory_buffer;

inline void put(Text& out, std::string_view text) { out.append(text.data(), text.data() + text.size()); }

/// Unsigned and signed integers in decimal.
template <class Integer>
void put_number(Text& out, Integer value) {
    const fmt::format_int digits(value);
    out.append(digits.data(), digits.data() + digits.size());
}

/// Names and paths from outside: each control character (C0, DEL, and C1 as U+0080 to U+009F or as a stray
/// byte) becomes
/// `.`; all else stays.
void put_clean(Text& out, std::string_view text);

/// The length of the UTF-8 sequence that `text` begins with; 0 if it begins with none (RFC 3629).
std::size_t utf8_length(std::string_view text);

/// Blanks up to `width` columns counted from byte `start`.
inline void pad_to(Text& out, std::size_t start, std::size_t width) {
    while (out.size() - start < width) out.push_back(' ');
}

} // namespace netstat46
