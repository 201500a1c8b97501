#include "record/address.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "parse.hpp"

namespace netstat46 {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// Three characters, of which the first `length` are the number.
struct Octet {
    std::array<char, 3> digits{};
    std::uint8_t length = 0;
};

constexpr std::array<Octet, 256> octets = [] {
    std::array<Octet, 256> all;
    for (unsigned value = 0; value < all.size(); ++value) {
        Octet& octet = all[value];
        for (const unsigned unit : {100U, 10U, 1U})
            if (value >= unit || unit == 1)
                octet.digits[octet.length++] = static_cast<char>('0' + value / unit % 10);
    }
    return all;
}();

/// Writes up to 15 characters at `at`, and scratches one more; returns their end.
char* write_dotted(char* at, const std::uint8_t* bytes) {
    for (int i = 0; i < 4; ++i) {
        const Octet& octet = octets[bytes[i]];
        std::copy(octet.digits.begin(), octet.digits.end(), at);
        at += octet.length;
        *at++ = '.';
    }
    return at - 1;
}

char* write_hex(char* at, unsigned word) {
    constexpr std::string_view digits = "0123456789abcdef";
    if (word >= 0x1000) *at++ = digits[word >> 12];
    if (word >= 0x100) *at++ = digits[word >> 8 & 0xf];
    if (word >= 0x10) *at++ = digits[word >> 4 & 0xf];
    *at++ = digits[word & 0xf];
    return at;
}

/// The first longest run of at least two zero words: what `::` stands for.
struct Run {
    int begin = -1, length = 0;
};

Run longest_zero_run(const std::array<unsigned, 8>& words) {
    Run best;
    for (int i = 0; i < 8;) {
        int end = i;
        while (end < 8 && words[static_cast<std::size_t>(end)] == 0) ++end;
        if (end - i > best.length && end - i >= 2) best = {i, end - i};
        i = end + 1;
    }
    return best;
}

/// Writes up to 45 characters at `at`, and scratches one more; returns their end.
char* write_inet6(char* at, const std::array<std::uint8_t, 16>& bytes) {
    std::array<unsigned, 8> words{};
    for (std::size_t i = 0; i < 8; ++i) words[i] = unsigned{bytes[2 * i]} << 8 | bytes[2 * i + 1];
    const Run zeros = longest_zero_run(words);
    const bool dotted_tail =
        zeros.begin == 0 && (zeros.length == 6 || (zeros.length == 5 && words[5] == 0xffff));
    for (int i = 0; i < 8; ++i) {
        if (i == zeros.begin) {
            *at++ = ':';
            *at++ = ':';
            i += zeros.length - 1;
            continue;
        }
        if (i != 0 && i != zeros.begin + zeros.length) *at++ = ':';
        if (i == 6 && dotted_tail) return write_dotted(at, &bytes[12]);
        at = write_hex(at, words[static_cast<std::size_t>(i)]);
    }
    return at;
}

std::optional<std::array<std::uint8_t, 4>> parse_dotted(std::string_view text) {
    std::array<std::uint8_t, 4> bytes{};
    for (std::size_t i = 0; i < 4; ++i) {
        if (i != 0) {
            if (text.empty() || text.front() != '.') return std::nullopt;
            text.remove_prefix(1);
        }
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes[i]);
        const auto length = static_cast<std::size_t>(end - text.data());
        if (error != std::errc{} || length > 3 || (length > 1 && text.front() == '0')) return std::nullopt;
        text.remove_prefix(length);
    }
    if (!text.empty()) return std::nullopt;
    return bytes;
}

/// The words of one side of `::` (or of a whole address), `:` between them, an IPv4 address as the last two.
bool parse_words(std::string_view text, std::vector<std::uint8_t>& bytes) {
    while (!text.empty()) {
        const std::size_t colon = text.find(':');
        const std::string_view word = text.substr(0, colon);
        if (colon == std::string_view::npos && word.find('.') != std::string_view::npos) {
            const auto dotted = parse_dotted(word);
            if (!dotted) return false;
            bytes.insert(bytes.end(), dotted->begin(), dotted->end());
            return true;
        }
        std::uint16_t value = 0;
        if (word.size() > 4 || !read_number(word, value, 16)) return false;
        bytes.push_back(static_cast<std::uint8_t>(value >> 8));
        bytes.push_back(static_cast<std::uint8_t>(value & 0xff));
        if (colon == std::string_view::npos) return true;
        text.remove_prefix(colon + 1);
        if (text.empty()) return false;
    }
    return true;
}

std::optional<std::array<std::uint8_t, 16>> parse_inet6(std::string_view text) {
    std::vector<std::uint8_t> head;
    std::vector<std::uint8_t> tail;
    const std::size_t gap = text.find("::");
    if (!parse_words(text.substr(0, gap), head)) return std::nullopt;
    if (gap != std::string_view::npos) {
        if (head.size() > 14 || (gap != 0 && text.substr(0, gap).find('.') != std::string_view::npos))
            return std::nullopt;
        if (!parse_words(text.substr(gap + 2), tail)) return std::nullopt;
        if (head.size() + tail.size() > 14) return std::nullopt;
    } else if (head.size() != 16) {
        return std::nullopt;
    }
    std::array<std::uint8_t, 16> bytes{};
    std::copy(head.begin(), head.end(), bytes.begin());
    std::copy(tail.begin(), tail.end(), bytes.end() - static_cast<std::ptrdiff_t>(tail.size()));
    return bytes;
}

} // namespace

bool is_unspecified(const Address& address) { return address.bytes == decltype(address.bytes){}; }

bool is_v4_mapped(const Address& address) {
    return address.family == Family::Inet6 &&
           std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.bytes.begin());
}

bool is_multicast(const Address& address) {
    return address.family == Family::Inet ? (address.bytes[0] & 0xf0) == 0xe0
                                          : address.family == Family::Inet6 && address.bytes[0] == 0xff;
}

bool is_link_local(const Address& address) {
    return address.family == Family::Inet6 && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

bool same_leading_bits(const Address& one, const Address& other, unsigned length) {
    const std::size_t whole = std::min<std::size_t>(length / 8, one.bytes.size()), rest = length % 8;
    if (one.family != other.family ||
        !std::equal(one.bytes.begin(), one.bytes.begin() + whole, other.bytes.begin()))
        return false;
    return whole == one.bytes.size() || (one.bytes[whole] ^ other.bytes[whole]) >> (8 - rest) == 0;
}

Address unmapped(const Address& address) {
    if (!is_v4_mapped(address)) return address;
    Address inner{Family::Inet, {}, 0};
    std::copy(address.bytes.begin() + 12, address.bytes.end(), inner.bytes.begin());
    return inner;
}

char* write_address(char* at, const Address& address) {
    return address.family == Family::Inet6 ? write_inet6(at, address.bytes)
                                           : write_dotted(at, address.bytes.data());
}

void put_address(Text& out, const Address& address) {
    const std::size_t start = out.size();
    out.reserve(start + address_room);
    const char* const end = write_address(out.data() + start, address);
    out.resize(static_cast<std::size_t>(end - out.data()));
}

void put_scoped(Text& out, const Address& address, const Names& names) {
    put_address(out, address);
    if (address.scope == 0) return;
    out.push_back('%');
    const std::string_view name = names.interface(address.scope);
    if (name.empty()) return put_number(out, address.scope);
    put_clean(out, name);
}

std::string address_text(const Address& address) {
    Text text;
    put_address(text, address);
    return fmt::to_string(text);
}

std::optional<Address> parse_address(std::string_view text) {
    if (const auto dotted = parse_dotted(text)) {
        Address address{Family::Inet, {}, 0};
        std::copy(dotted->begin(), dotted->end(), address.bytes.begin());
        return address;
    }
    Address address{Family::Inet6, {}, 0};
    if (const std::size_t percent = text.find('%'); percent != std::string_view::npos) {
        if (!read_number(text.substr(percent + 1), address.scope)) return std::nullopt;
        text = text.substr(0, percent);
    }
    if (text.find(':') == std::string_view::npos) return std::nullopt;
    const auto bytes = parse_inet6(text);
    if (!bytes) return std::nullopt;
    address.bytes = *bytes;
    return address;
}

} // namespace netstat46
