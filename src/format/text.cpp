#include "format/text.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace netstat46 {
namespace {

/// The length of the valid UTF-8 sequence at `at` that is no control character; 0 if there is none (RFC 3629, table 3-7
/// of the Unicode standard; U+0080 to U+009F are C1 controls).
std::size_t printable_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<std::uint8_t>(text[at + i]) : std::uint8_t{0};
    };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
    if (lead >= 0xc2 && lead <= 0xdf)
        return follows(1) && !(lead == 0xc2 && byte(1) < 0xa0) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        if (!follows(1) || !follows(2)) return 0;
        if (lead == 0xe0 && byte(1) < 0xa0) return 0;
        if (lead == 0xed && byte(1) > 0x9f) return 0;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (!follows(1) || !follows(2) || !follows(3)) return 0;
        if (lead == 0xf0 && byte(1) < 0x90) return 0;
        if (lead == 0xf4 && byte(1) > 0x8f) return 0;
        return 4;
    }
    return 0;
}

} // namespace

void put_clean(Text& out, std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = printable_length(text, at);
        if (length == 0) {
            out.push_back('.');
            ++at;
        } else {
            put(out, text.substr(at, length));
            at += length;
        }
    }
}

} // namespace netstat46
