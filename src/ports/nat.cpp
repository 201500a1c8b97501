#include "ports/nat.hpp"

#include <charconv>

#include <fmt/format.h>

#include "parse.hpp"
#include "ports/holder.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos) return words;
        const std::size_t end = line.find_first_of(" \t", begin);
        words.push_back(line.substr(begin, end - begin));
        if (end == std::string_view::npos) return words;
        line.remove_prefix(end);
    }
}

/// `8888`, `8000:8100`, `8000-8100`.
void read_ports(NatRule& rule, std::string_view text) {
    const std::size_t dash = text.find_first_of(":-");
    const auto first = parse_number<std::uint16_t>(text.substr(0, dash));
    const auto last =
        parse_number<std::uint16_t>(dash == std::string_view::npos ? text : text.substr(dash + 1));
    if (!first || !last) {
        rule.conditional = true;
        return;
    }
    rule.first_port = *first;
    rule.last_port = *last;
}

/// `10.0.0.1`, `127.0.0.0/8`.
void read_destination(NatRule& rule, std::string_view text, bool outside) {
    const std::size_t slash = text.find('/');
    rule.destination = parse_address(text.substr(0, slash));
    rule.prefix = rule.destination && rule.destination->family == Family::Inet ? 32 : 128;
    if (slash != std::string_view::npos)
        std::from_chars(text.data() + slash + 1, text.data() + text.size(), rule.prefix);
    rule.outside = outside;
    if (!rule.destination) rule.conditional = true;
}

void read_protocol(NatRule& rule, std::string_view name) {
    if (name == "tcp")
        rule.protocol = Protocol::Tcp;
    else if (name == "udp")
        rule.protocol = Protocol::Udp;
    else if (name == "all")
        rule.protocol.reset();
    else
        rule.protocol = Protocol::Raw;
}

/// One `-A CHAIN ...` of iptables-save.
NatRule read_iptables_rule(const std::vector<std::string_view>& words, std::string_view table) {
    NatRule rule;
    bool negated = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const std::string_view value = i + 1 < words.size() ? words[i + 1] : std::string_view{};
        if (word == "!") {
            negated = true;
            continue;
        }
        if (word == "-A")
            rule.chain = fmt::format("{} {}", table, value);
        else if (word == "-p")
            read_protocol(rule, value);
        else if (word == "--dport" && !negated)
            read_ports(rule, value);
        else if (word == "-d")
            read_destination(rule, value, negated);
        else if (word == "-i" || word == "-o" || word == "-s" || word.starts_with("--"))
            rule.conditional = true;
        else if (word == "-j" || word == "-g") {
            if (value == "DNAT" || value == "REDIRECT")
                rule.action = NatRule::Action::Take;
            else if (value == "RETURN")
                rule.action = NatRule::Action::Return;
            else if (value == "ACCEPT")
                rule.action = NatRule::Action::Accept;
            else
                rule.action = NatRule::Action::Jump;
            rule.jump = fmt::format("{} {}", table, value);
            break;
        }
        negated = false;
    }
    return rule;
}

/// One line of a chain of nft.
NatRule read_nft_rule(const std::vector<std::string_view>& words, std::string_view table,
                      std::string_view chain) {
    NatRule rule;
    rule.chain = fmt::format("{} {}", table, chain);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const bool negated = i + 1 < words.size() && words[i + 1] == "!=";
        const std::size_t at = i + (negated ? 2 : 1);
        const std::string_view value = at < words.size() ? words[at] : std::string_view{};
        if (word == "tcp" || word == "udp") {
            read_protocol(rule, word);
        } else if (word == "dport") {
            if (negated || value == "{")
                rule.conditional = true;
            else
                read_ports(rule, value);
        } else if (word == "fib") {
            ++i; // what it looks up
        } else if (word == "daddr") {
            read_destination(rule, value, negated);
        } else if (word == "iifname" || word == "oifname" || word == "iif" || word == "oif" ||
                   word == "saddr") {
            rule.conditional = true;
        } else if (word == "dnat" || word == "redirect") {
            rule.action = NatRule::Action::Take;
        } else if (word == "return") {
            rule.action = NatRule::Action::Return;
        } else if (word == "accept") {
            rule.action = NatRule::Action::Accept;
        } else if (word == "jump" || word == "goto") {
            rule.action = NatRule::Action::Jump;
            rule.jump = fmt::format("{} {}", table, value);
        }
    }
    return rule;
}

std::string joined(const std::vector<std::string_view>& words) {
    std::string text;
    for (const std::string_view word : words) text += (text.empty() ? "" : " ") + std::string(word);
    return text;
}

/// Where the reader is.
struct Place {
    std::string_view dialect; ///< `ipv4`, `ipv6`, `nft`
    std::string table, chain;
    bool inet = false, inet6 = false;
};

void read_iptables_line(NatRules& out, const Place& place, const std::vector<std::string_view>& words) {
    if (words.front().starts_with(":")) {
        const std::string_view name = words.front().substr(1);
        if (name != "PREROUTING" && name != "OUTPUT") return;
        out.hooks.push_back(
            {fmt::format("{} {}", place.dialect, name), place.inet, place.inet6, name == "PREROUTING"});
    } else if (words.front() == "-A") {
        out.rules.push_back(read_iptables_rule(words, place.dialect));
        out.rules.back().text = joined(words);
    }
}

void read_nft_line(NatRules& out, Place& place, const std::vector<std::string_view>& words) {
    if (words.front() == "table" && words.size() > 2) {
        place.inet = words[1] != "ip6";
        place.inet6 = words[1] != "ip";
        place.table = fmt::format("nft {} {}", words[1], words[2]);
    } else if (words.front() == "chain" && words.size() > 1) {
        place.chain = words[1];
    } else if (words.front() == "type" && words.size() > 3) {
        const bool nat = words[1] == "nat" && (words[3] == "prerouting" || words[3] == "output");
        if (nat)
            out.hooks.push_back({fmt::format("{} {}", place.table, place.chain), place.inet, place.inet6,
                                 words[3] == "prerouting"});
    } else if (words.front() != "}" && !place.chain.empty()) {
        out.rules.push_back(read_nft_rule(words, place.table, place.chain));
        out.rules.back().text = joined(words);
    }
}

/// The first `bits` bits agree.
bool within(const Address& address, const Address& network, unsigned bits) {
    if (address.family != network.family) return false;
    for (unsigned i = 0; i < bits && i < 128; ++i) {
        const auto mask = static_cast<std::uint8_t>(0x80U >> (i % 8));
        if ((address.bytes[i / 8] & mask) != (network.bytes[i / 8] & mask)) return false;
    }
    return true;
}

struct Packet {
    Protocol protocol;
    Address destination;
    std::uint16_t port;
};

bool meets(const NatRule& rule, const Packet& packet) {
    if (rule.protocol && *rule.protocol != packet.protocol) return false;
    if (packet.port < rule.first_port || packet.port > rule.last_port) return false;
    return !rule.destination || within(packet.destination, *rule.destination, rule.prefix) != rule.outside;
}

/// What a chain makes of a packet: the rule that takes it; nothing if none does. `depth` ends loops of jumps.
const NatRule* taken_by(const NatRules& rules, const std::string& chain, const Packet& packet, int depth) {
    if (depth == 0) return nullptr;
    for (const NatRule& rule : rules.rules) {
        if (rule.chain != chain || !meets(rule, packet)) continue;
        const bool certain = !rule.conditional;
        if (rule.action == NatRule::Action::Take) return &rule;
        if (rule.action == NatRule::Action::Jump)
            if (const NatRule* taker = taken_by(rules, rule.jump, packet, depth - 1)) return taker;
        if (certain && (rule.action == NatRule::Action::Return || rule.action == NatRule::Action::Accept))
            break;
    }
    return nullptr;
}

} // namespace

NatRules parse_nat_rules(std::string_view text) {
    NatRules out;
    Place place;
    while (!text.empty()) {
        const std::vector<std::string_view> words = words_of(take_line(text));
        if (words.empty()) continue;
        if (words.front() == "#" && words.size() == 2) {
            place = {words[1], {}, {}, words[1] == "ipv4", words[1] == "ipv6"};
        } else if (place.dialect == "nft") {
            read_nft_line(out, place, words);
        } else {
            read_iptables_line(out, place, words);
        }
    }
    return out;
}

std::string intercepting_rule(const NatRules& rules, Protocol protocol, const Address& destination,
                              std::uint16_t port) {
    constexpr int deepest = 16;
    const Packet packet{protocol, destination, port};
    for (const NatChain& hook : rules.hooks) {
        if (!(destination.family == Family::Inet ? hook.inet : hook.inet6)) continue;
        if (hook.arriving && is_loopback(destination)) continue;
        if (const NatRule* rule = taken_by(rules, hook.name, packet, deepest)) return rule->text;
    }
    return {};
}

} // namespace netstat46
