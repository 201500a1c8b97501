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

/// Names and paths from outside: each byte of a control character (C0, DEL, C1) or of anything that is not valid UTF-8
/// becomes `.`; valid UTF-8 stays. As many bytes come out as went in.
void put_clean(Text& out, std::string_view text);

/// Blanks up to `width` columns counted from byte `start`.
inline void pad_to(Text& out, std::size_t start, std::size_t width) {
    while (out.size() - start < width) out.push_back(' ');
}

} // namespace netstat46
