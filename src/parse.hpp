// Numbers and lines out of text: no locale, no exceptions, nothing taken that is not wholly right.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace netstat46 {

/// Whether all of `text` is a number that fits; else `value` is of no use.
template <class Integer>
bool read_number(std::string_view text, Integer& value, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc{} && end == text.data() + text.size();
}

template <class Integer>
std::optional<Integer> parse_number(std::string_view text, int base = 10) {
    Integer value = 0;
    return read_number(text, value, base) ? std::optional(value) : std::nullopt;
}

/// The number that `text` begins with, 0 if it begins with none.
template <class Integer>
Integer leading_number(std::string_view text, int base = 10) {
    Integer value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

/// A number followed by `end`; moves past both.
template <class Integer>
bool take_number(std::string_view& text, Integer& value, char end) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const auto length = static_cast<std::size_t>(stop - text.data());
    if (error != std::errc{} || length >= text.size() || text[length] != end) return false;
    text.remove_prefix(length + 1);
    return true;
}

inline bool is_digits(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The first line without its end; moves past it.
inline std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

} // namespace netstat46
