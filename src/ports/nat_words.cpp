#include "ports/nat_words.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "parse.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

struct Word {
    std::string_view word;
    std::uint64_t number;
};

// Protocols as in /etc/protocols; types of routes, states of conntrack and flags of TCP as nft(8) and
// iptables-extensions(8) name them. No two that mean different things have the same name.
constexpr Word words[] = {
    {"icmp", 1},      {"igmp", 2},        {"tcp", 6},         {"udp", 17},       {"dccp", 33},
    {"gre", 47},      {"esp", 50},        {"ah", 51},         {"ipv6-icmp", 58}, {"icmpv6", 58},
    {"comp", 108},    {"sctp", 132},      {"udplite", 136},   {"mh", 135},       {"ipv4", 4},
    {"ip", 4},        {"ipv6", 6},        {"ip6", 6},         {"unicast", 1},    {"local", 2},
    {"broadcast", 3}, {"anycast", 4},     {"multicast", 5},   {"blackhole", 6},  {"unreachable", 7},
    {"prohibit", 8},  {"UNICAST", 1},     {"LOCAL", 2},       {"BROADCAST", 3},  {"ANYCAST", 4},
    {"MULTICAST", 5}, {"BLACKHOLE", 6},   {"UNREACHABLE", 7}, {"PROHIBIT", 8},   {"UNSPEC", 0},
    {"invalid", 1},   {"established", 2}, {"related", 4},     {"new", 8},        {"untracked", 64},
    {"INVALID", 1},   {"ESTABLISHED", 2}, {"RELATED", 4},     {"NEW", 8},        {"UNTRACKED", 64},
    {"fin", 1},       {"syn", 2},         {"rst", 4},         {"psh", 8},        {"ack", 16},
    {"urg", 32},      {"FIN", 1},         {"SYN", 2},         {"RST", 4},        {"PSH", 8},
    {"ACK", 16},      {"URG", 32},        {"NONE", 0},        {"ALL", 63},
};

/// A number, an address, or a word that stands for a number.
std::optional<NatNumber> one_number(std::string_view word) {
    if (const auto number = nat_integer(word)) return nat_number(*number);
    if (const auto address = parse_address(word)) return nat_number(*address);
    const auto* const known =
        std::find_if(std::begin(words), std::end(words), [&](const Word& each) { return each.word == word; });
    if (known != std::end(words)) return nat_number(known->number);
    return std::nullopt;
}

/// The mask of `length` bits in an address of the family.
NatNumber prefix_mask(Family family, unsigned length) {
    NatNumber mask{};
    const unsigned first = family == Family::Inet ? 96 : 0;
    for (unsigned bit = 0; bit < 128; ++bit)
        if (bit >= first && bit < first + length)
            mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | 0x80U >> (bit % 8));
    return mask;
}

/// `10.0.0.0/8`, `10.0.0.1/255.0.0.255`.
NatValue masked(std::string_view network, std::string_view mask) {
    NatValue value;
    const auto address = parse_address(network);
    if (!address) { // `0x1/0xff`
        const auto number = nat_integer(network);
        const auto bits = nat_integer(mask);
        if (!number || !bits) return value;
        value = nat_range(*number, *number);
        value.mask = nat_number(*bits);
        return value;
    }
    const auto length = parse_number<unsigned>(mask);
    const auto bits = parse_address(mask);
    if (!length && !bits) return value;
    value.kind = NatValue::Kind::Range;
    value.mask = length ? prefix_mask(address->family, *length) : nat_number(*bits);
    for (std::size_t i = 0; i < value.first.size(); ++i)
        value.first[i] = nat_number(*address)[i] & (*value.mask)[i];
    value.last = value.first;
    return value;
}

std::optional<PortRange> port_range(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = parse_number<std::uint16_t>(text.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : parse_number<std::uint16_t>(text.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    return PortRange{*first, *last};
}

} // namespace

NatNumber nat_number(std::uint64_t value) {
    NatNumber number{};
    for (std::size_t i = 0; i < 8; ++i) number[15 - i] = static_cast<std::uint8_t>(value >> (8 * i));
    return number;
}

NatNumber nat_number(const Address& address) {
    NatNumber number{};
    if (address.family == Family::Inet)
        std::copy_n(address.bytes.begin(), 4, number.begin() + 12);
    else
        std::copy_n(address.bytes.begin(), 16, number.begin());
    return number;
}

NatWords nat_words(std::string_view line) {
    NatWords found;
    while (true) {
        const std::size_t begin = line.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos) return found;
        line.remove_prefix(begin);
        std::size_t end = 0;
        for (bool quoted = false; end < line.size() && (quoted || (line[end] != ' ' && line[end] != '\t'));
             ++end) {
            if (line[end] == '\\')
                ++end;
            else if (line[end] == '"')
                quoted = !quoted;
        }
        std::string_view word = line.substr(0, end);
        line.remove_prefix(std::min(end, line.size()));
        const bool comma = word.size() > 1 && word.ends_with(',');
        found.push_back(word.substr(0, word.size() - (comma ? 1 : 0)));
        if (comma) found.push_back(word.substr(word.size() - 1));
    }
}

std::string nat_text(std::span<const std::string_view> words) {
    std::string text;
    for (const std::string_view word : words) {
        if (!text.empty() && word != ",") text += ' ';
        text += word;
    }
    return text;
}

std::string unquoted(std::string_view word) {
    if (word.size() >= 2 && word.starts_with('"') && word.ends_with('"'))
        word = word.substr(1, word.size() - 2);
    return std::string(word);
}

std::optional<std::uint64_t> nat_integer(std::string_view word) {
    if (word.starts_with("0x")) return parse_number<std::uint64_t>(word.substr(2), 16);
    return parse_number<std::uint64_t>(word);
}

NatValue nat_range(std::uint64_t first, std::uint64_t last) {
    NatValue value;
    value.kind = NatValue::Kind::Range;
    value.first = nat_number(first);
    value.last = nat_number(last);
    return value;
}

NatValue nat_value(std::string_view word) {
    if (word.starts_with('"')) return nat_device(unquoted(word), '*');
    NatValue value;
    const auto between = [&](std::size_t at) {
        const auto first = one_number(word.substr(0, at));
        const auto last = one_number(word.substr(at + 1));
        if (!first || !last) return false;
        value.kind = NatValue::Kind::Range;
        value.first = *first;
        value.last = *last;
        return true;
    };
    if (const auto number = one_number(word)) {
        value.kind = NatValue::Kind::Range;
        value.first = value.last = *number;
        return value;
    }
    if (const std::size_t slash = word.find('/'); slash != std::string_view::npos)
        return masked(word.substr(0, slash), word.substr(slash + 1));
    for (const char separator : {'-', ':'})
        if (const std::size_t at = word.find(separator); at != std::string_view::npos && between(at))
            return value;
    return value;
}

NatValue nat_device(std::string_view word, char wildcard) {
    NatValue value;
    value.kind = NatValue::Kind::Name;
    const bool escaped = word.size() > 1 && word[word.size() - 2] == '\\';
    if (word.ends_with(wildcard) && !escaped) {
        value.kind = NatValue::Kind::Prefix;
        word.remove_suffix(1);
    }
    value.name = word;
    if (escaped && !value.name.empty()) value.name.erase(value.name.size() - 2, 1);
    return value;
}

std::shared_ptr<const NatSet> nat_set(std::vector<NatValue> values) {
    NatSet set;
    for (NatValue& value : values) set.push_back({{std::move(value)}, {}});
    return std::make_shared<const NatSet>(std::move(set));
}

NatMatch nat_match(NatField field, std::vector<NatValue> values, bool negated) {
    return {{field}, negated, nat_set(std::move(values))};
}

NatMatch nat_unknown() { return {{NatField::Unknown}, false, nullptr}; }

NatTarget nat_target(std::string_view word) {
    NatTarget target;
    const auto take = [&](std::string_view addresses) {
        if (addresses.empty()) return;
        const auto bare = [](std::string_view one) {
            if (one.starts_with('[') && one.ends_with(']')) one = one.substr(1, one.size() - 2);
            return parse_address(one);
        };
        const std::size_t dash = addresses.find('-');
        target.first = bare(addresses.substr(0, dash));
        target.last = dash == std::string_view::npos ? target.first : bare(addresses.substr(dash + 1));
        target.known &= target.first.has_value() && target.last.has_value();
    };
    std::size_t colon = word.rfind(':');
    const bool bracketed = word.starts_with('[');
    if (bracketed && (word.ends_with(']') || colon == std::string_view::npos)) colon = std::string_view::npos;
    if (!bracketed && colon != std::string_view::npos && word.find(':') != colon)
        colon = std::string_view::npos; // an IPv6 address alone
    take(word.substr(0, colon));
    if (colon == std::string_view::npos) {
        target.known &= !word.empty();
        return target;
    }
    if (const auto ports = port_range(word.substr(colon + 1)))
        target.ports = *ports;
    else
        target.known = false;
    return target;
}

void add_nat_rule(NatRules& out, const std::string& chain, NatRule rule, std::size_t size) {
    out.size += size;
    if (out.size > most_nat_parts)
        out.cut = true;
    else
        out.chains[chain].push_back(std::move(rule));
}

} // namespace netstat46
