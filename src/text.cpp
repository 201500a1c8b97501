#include "text.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace netstat46 {

void put_hex(Text& out, std::uint64_t value, int least_digits) {
    constexpr std::string_view digits = "0123456789abcdef";
    int count = 16;
    while (count > least_digits && (value >> (4 * (count - 1))) == 0) --count;
    while (count-- > 0) out.push_back(digits[(value >> (4 * count)) & 0xf]);
}

std::string enumerated(std::span<const std::string> words, std::string_view before_last) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? before_last : ", ";
        text += words[i];
    }
    return text;
}

std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
    };
    const auto follow = [&](std::size_t count) {
        for (std::size_t i = 1; i <= count; ++i)
            if ((byte(i) & 0xc0) != 0x80) return false;
        return true;
    };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) return text.empty() ? 0 : 1;
    if (lead >= 0xc2 && lead <= 0xdf) return follow(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = lead == 0xed && byte(1) > 0x9f;
        return follow(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        const bool overlong = lead == 0xf0 && byte(1) < 0x90;
        const bool too_large = lead == 0xf4 && byte(1) > 0x8f;
        return follow(3) && !overlong && !too_large ? 4 : 0;
    }
    return 0;
}

char32_t code_of(std::string_view sequence) {
    constexpr char32_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    char32_t code = static_cast<std::uint8_t>(sequence[0]) & lead_bits[sequence.size()];
    for (const char byte : sequence.substr(1)) code = code << 6 | (static_cast<std::uint8_t>(byte) & 0x3f);
    return code;
}

bool is_control(char32_t code) {
    constexpr struct {
        char32_t first, last;
    } controls[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     // C0; DEL and C1
        {0x061c, 0x061c}, {0x200e, 0x200f}, // marks of direction
        {0x2028, 0x202e}, {0x2066, 0x2069}, // ends of lines and paragraphs; embeddings, overrides, isolates
    };
    return std::any_of(std::begin(controls), std::end(controls),
                       [&](const auto& range) { return code >= range.first && code <= range.last; });
}

void put_clean(Text& out, std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::size_t taken = length == 0 ? 1 : length;
        const auto lead = static_cast<std::uint8_t>(text[0]);
        const bool stray_c1 = length == 0 && lead < 0xa0;
        if (stray_c1 || (length != 0 && is_control(code_of(text.substr(0, length))))) {
            out.push_back('.');
        } else {
            put(out, text.substr(0, taken));
        }
        text.remove_prefix(taken);
    }
}

std::string cleaned(std::string_view text) {
    Text out;
    put_clean(out, text);
    return fmt::to_string(out);
}

} // namespace netstat46
