#include "ports/nat.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "parse.hpp"
#include "ports/holder.hpp"
#include "record/address.hpp"
#include "record/select.hpp"

namespace netstat46 {
namespace {

/// At blanks, but for those between quotes (comments, names of interfaces).
std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos) return words;
        line.remove_prefix(begin);
        std::size_t end = 0;
        for (bool quoted = false; end < line.size() && (quoted || (line[end] != ' ' && line[end] != '\t'));
             ++end) {
            if (line[end] == '\\')
                ++end;
            else if (line[end] == '"')
                quoted = !quoted;
        }
        words.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end, line.size()));
    }
}

/// The elements between `{` at `words[at]` and `}`; of a map their keys. One word that is no set is itself.
std::vector<std::string_view> elements(const std::vector<std::string_view>& words, std::size_t at) {
    if (at >= words.size()) return {};
    if (words[at] != "{") return {words[at]};
    std::vector<std::string_view> keys;
    bool key = true;
    for (++at; at < words.size() && words[at] != "}"; ++at) {
        const bool ends = words[at].ends_with(',');
        if (key) keys.push_back(words[at].substr(0, words[at].size() - (ends ? 1 : 0)));
        key = ends;
    }
    return keys;
}

/// `8888`, `8000:8100`, `8000-8100`.
void read_ports(NatRule& rule, std::string_view text) {
    const std::size_t dash = text.find_first_of(":-");
    const auto first = parse_number<std::uint16_t>(text.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : parse_number<std::uint16_t>(text.substr(dash + 1));
    if (first && last)
        rule.ports.push_back({*first, *last});
    else
        rule.conditional = true;
}

/// `80,443,8000:8100`.
void read_port_list(NatRule& rule, std::string_view text) {
    while (!text.empty()) {
        const std::string_view item = text.substr(0, text.find(','));
        read_ports(rule, item);
        text.remove_prefix(std::min(item.size() + 1, text.size()));
    }
}

/// `10.0.0.1`, `127.0.0.0/8`.
void read_destination(NatRule& rule, std::string_view text) {
    if (const auto range = parse_address_range(text))
        rule.networks.push_back(*range);
    else
        rule.conditional = true;
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

/// What stands behind -j or -g.
void read_target(NatRule& rule, std::string_view name, std::string_view table) {
    if (name == "DNAT" || name == "REDIRECT")
        rule.action = NatRule::Action::Take;
    else if (name == "RETURN")
        rule.action = NatRule::Action::Return;
    else if (name == "ACCEPT")
        rule.action = NatRule::Action::Accept;
    else
        rule.action = NatRule::Action::Jump;
    rule.jump = fmt::format("{} {}", table, name);
}

/// An option of a rule that may leave packets out. Comments do not, nor does `--dst-type LOCAL`: local is
/// every address that is asked for.
bool is_condition(std::string_view option, std::string_view value, bool negated) {
    if (option == "--dst-type") return negated || value != "LOCAL";
    return option == "-i" || option == "-o" || option == "-s" ||
           (option.starts_with("--") && option != "--comment");
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
        if (word == "-j" || word == "-g") {
            read_target(rule, value, table);
            break; // what follows is the target's
        }
        if (word == "-A") {
            rule.chain = fmt::format("{} {}", table, value);
        } else if (word == "-p") {
            read_protocol(rule, value);
        } else if (word == "--dport" || word == "--dports") {
            rule.other_ports = negated;
            read_port_list(rule, value);
        } else if (word == "-d") {
            rule.outside = negated;
            read_destination(rule, value);
        } else if (is_condition(word, value, negated)) {
            rule.conditional = true;
        }
        negated = false;
    }
    return rule;
}

/// What a packet must be besides protocol, destination and port; docker's `fib daddr type local` is met by
/// every address that is asked for.
constexpr std::string_view nft_conditions[] = {"iifname", "oifname", "iif",   "oif",   "iifgroup", "oifgroup",
                                               "saddr",   "sport",   "mark",  "skuid", "skgid",    "socket",
                                               "cgroup",  "pkttype", "limit", "quota", "ether",    "length",
                                               "dscp",    "vmap",    "xt",    ".",     "numgen",   "jhash"};

/// One line of a chain of nft.
NatRule read_nft_rule(const std::vector<std::string_view>& words, std::string_view table,
                      std::string_view chain) {
    NatRule rule;
    rule.chain = fmt::format("{} {}", table, chain);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        std::size_t at = i + 1;
        const auto next = [&] { return at < words.size() ? words[at] : std::string_view{}; };
        const bool negated = next() == "!=";
        if (negated || next() == "map") ++at;
        if (word == "tcp" || word == "udp") {
            read_protocol(rule, word);
        } else if (word == "l4proto" || word == "protocol") {
            if (negated || next() == "{")
                rule.conditional = true;
            else
                read_protocol(rule, next());
        } else if (word == "dport") {
            rule.other_ports = negated;
            for (const std::string_view ports : elements(words, at)) read_ports(rule, ports);
        } else if (word == "fib") {
            ++i; // what it looks up
        } else if (word == "daddr") {
            rule.outside = negated;
            for (const std::string_view network : elements(words, at)) read_destination(rule, network);
        } else if (std::find(std::begin(nft_conditions), std::end(nft_conditions), word) !=
                   std::end(nft_conditions)) {
            rule.conditional = true;
        } else if (word == "dnat" || word == "redirect") {
            rule.action = NatRule::Action::Take;
        } else if (word == "return") {
            rule.action = NatRule::Action::Return;
        } else if (word == "accept") {
            rule.action = NatRule::Action::Accept;
        } else if (word == "jump" || word == "goto") {
            rule.action = NatRule::Action::Jump;
            rule.jump = fmt::format("{} {}", table, next());
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
    bool iptables = false; ///< rules of iptables were read before
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
    } else if (std::find(words.begin(), words.end(), "xt") != words.end() && place.iptables) {
        return; // iptables-save wrote it out whole
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
    const auto port = [&](const PortRange& range) {
        return packet.port >= range.first && packet.port <= range.last;
    };
    const auto network = [&](const AddressRange& range) {
        return within(packet.destination, range.address, range.length);
    };
    if (!rule.ports.empty() && std::any_of(rule.ports.begin(), rule.ports.end(), port) == rule.other_ports)
        return false;
    return rule.networks.empty() ||
           std::any_of(rule.networks.begin(), rule.networks.end(), network) != rule.outside;
}

/// What takes a packet away.
struct Taker {
    const NatRule* rule = nullptr; ///< null: nothing does
    bool conditional = false;
};

/// What a chain makes of a packet. `depth` ends loops of jumps.
Taker taken_by(const NatRules& rules, const std::string& chain, const Packet& packet, int depth) {
    if (depth == 0) return {};
    for (const NatRule& rule : rules.rules) {
        if (rule.chain != chain || !meets(rule, packet)) continue;
        if (rule.action == NatRule::Action::Take) return {&rule, rule.conditional};
        if (rule.action == NatRule::Action::Jump)
            if (const Taker taker = taken_by(rules, rule.jump, packet, depth - 1); taker.rule != nullptr)
                return {taker.rule, taker.conditional || rule.conditional};
        if (!rule.conditional &&
            (rule.action == NatRule::Action::Return || rule.action == NatRule::Action::Accept))
            break;
    }
    return {};
}

} // namespace

NatRules parse_nat_rules(std::string_view text) {
    NatRules out;
    Place place;
    while (!text.empty()) {
        const std::vector<std::string_view> words = words_of(take_line(text));
        if (words.empty()) continue;
        if (words.front() == "#" && words.size() == 2) {
            place = {words[1], {}, {}, words[1] == "ipv4", words[1] == "ipv6", !out.rules.empty()};
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
        const Taker taker = taken_by(rules, hook.name, packet, deepest);
        if (taker.rule != nullptr)
            return taker.rule->text + (taker.conditional ? " (if its other conditions are met)" : "");
    }
    return {};
}

} // namespace netstat46
