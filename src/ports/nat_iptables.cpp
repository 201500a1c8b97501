// What iptables-save(8) and ip6tables-save(8) write.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "parse.hpp"
#include "ports/nat_words.hpp"

namespace netstat46 {
namespace {

using Kind = NatAction::Kind;

struct Option {
    std::string_view name;
    NatField field;
    std::string_view module{}; ///< the only one whose option it is; empty: any
};

constexpr Option options[] = {
    {"-p", NatField::Protocol},
    {"-s", NatField::Source},
    {"-d", NatField::Destination},
    {"-i", NatField::In},
    {"-o", NatField::Out},
    {"--dport", NatField::DestinationPort},
    {"--dports", NatField::DestinationPort},
    {"--sport", NatField::SourcePort},
    {"--sports", NatField::SourcePort},
    {"--dst-type", NatField::DestinationType},
    {"--src-type", NatField::SourceType},
    {"--ctstate", NatField::State},
    {"--state", NatField::State, "state"},
    {"--mark", NatField::Mark, "mark"},
    {"--dst-range", NatField::Destination},
    {"--src-range", NatField::Source},
};

/// Modules whose conditions are all in their options. Of others to be named is a condition already.
constexpr std::string_view modules[] = {"tcp",       "udp",   "multiport", "addrtype", "comment",
                                        "conntrack", "state", "mark",      "iprange"};

struct Target {
    std::string_view name;
    Kind kind;
};

constexpr Target targets[] = {
    {"DNAT", Kind::Dnat},         {"NETMAP", Kind::Dnat},      {"REDIRECT", Kind::Redirect},
    {"TPROXY", Kind::Tproxy},     {"ACCEPT", Kind::Accept},    {"RETURN", Kind::Return},
    {"DROP", Kind::Drop},         {"REJECT", Kind::Drop},      {"LOG", Kind::None},
    {"NFLOG", Kind::None},        {"ULOG", Kind::None},        {"AUDIT", Kind::None},
    {"TRACE", Kind::None},        {"MARK", Kind::None},        {"CONNMARK", Kind::None},
    {"CT", Kind::None},           {"NOTRACK", Kind::None},     {"CLASSIFY", Kind::None},
    {"TOS", Kind::None},          {"DSCP", Kind::None},        {"ECN", Kind::None},
    {"TTL", Kind::None},          {"HL", Kind::None},          {"TCPMSS", Kind::None},
    {"CHECKSUM", Kind::None},     {"SET", Kind::None},         {"TCPOPTSTRIP", Kind::None},
    {"SECMARK", Kind::None},      {"CONNSECMARK", Kind::None}, {"TEE", Kind::None},
    {"MASQUERADE", Kind::Accept}, {"SNAT", Kind::Accept},
};

template <class Table>
auto find_named(const Table& table, std::string_view name) {
    return std::find_if(std::begin(table), std::end(table),
                        [&](const auto& each) { return each.name == name; });
}

/// Values between commas.
std::vector<NatValue> values_of(NatField field, std::string_view list) {
    std::vector<NatValue> values;
    while (!list.empty()) {
        const std::string_view item = list.substr(0, list.find(','));
        list.remove_prefix(std::min(item.size() + 1, list.size()));
        const bool device = field == NatField::In || field == NatField::Out;
        values.push_back(device ? nat_device(unquoted(item), '+') : nat_value(item));
        constexpr std::uint64_t another = 256; // its name is in no table here, so it is neither TCP nor UDP
        if (field == NatField::Protocol && values.back().kind == NatValue::Kind::Unknown)
            values.back() = nat_range(another, another);
    }
    return values;
}

/// `FIN,SYN,RST,ACK SYN`: which flags are looked at, and which of them are set.
NatMatch flags_match(std::string_view mask, std::string_view set, bool negated) {
    const auto bits = [](std::string_view list) -> std::optional<std::uint64_t> {
        std::uint64_t all = 0;
        for (const NatValue& value : values_of(NatField::TcpFlags, list)) {
            if (value.kind != NatValue::Kind::Range) return std::nullopt;
            all |= value.first[15];
        }
        return all;
    };
    const auto looked_at = bits(mask);
    const auto wanted = bits(set);
    if (!looked_at || !wanted) return nat_unknown();
    NatValue value = nat_range(*wanted, *wanted);
    value.mask = nat_number(*looked_at);
    return nat_match(NatField::TcpFlags, {value}, negated);
}

/// Where the words after -j lead.
NatTarget target_of(std::string_view name, std::span<const std::string_view> words) {
    NatTarget target;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        const std::string_view value = words[i + 1];
        if (words[i] == "--to-destination") {
            target = nat_target(value);
        } else if (words[i] == "--to" && name == "NETMAP") {
            target.known = false; // a network of them
        } else if (words[i] == "--to-ports" || words[i] == "--on-port") {
            const NatTarget ports = nat_target(fmt::format(":{}", value));
            target.ports = ports.ports;
            target.known &= ports.known;
        } else if (words[i] == "--on-ip") {
            const NatTarget address = nat_target(value);
            if (value != "0.0.0.0" && value != "::") target.first = target.last = address.first;
        }
    }
    return target;
}

class IptablesReader {
public:
    IptablesReader(NatRules& out, Family family, bool legacy, std::set<std::string>& covered)
        : out_(out), family_(family), legacy_(legacy), covered_(covered) {
        enter("nat"); // a listing may begin within it
    }

    void read(std::string_view text) {
        while (!text.empty()) {
            const std::string_view line = take_line(text);
            const NatWords words = nat_words(line);
            if (words.empty() || words.front() == "#") continue;
            if (words.front().starts_with('*'))
                enter(words.front().substr(1));
            else if (words.front().starts_with(':'))
                declare(words.front().substr(1), words);
            else if (words.front() == "-A" && words.size() > 1)
                read_rule(words, line);
        }
        resolve();
    }

private:
    void enter(std::string_view table) {
        table_ = table;
        place_ = fmt::format("{} {} {} {}", family_ == Family::Inet ? "ipv4" : "ipv6",
                             legacy_ ? "legacy" : "nft", table, ++entered_);
    }

    /// It is written out here, and need not be read from nft.
    void cover() {
        if (!legacy_) covered_.insert(fmt::format("{} {}", family_ == Family::Inet ? "ip" : "ip6", table_));
    }

    [[nodiscard]] std::string key(std::string_view chain) const {
        return fmt::format("{} {}", place_, chain);
    }

    void declare(std::string_view chain, const NatWords& words) {
        const std::string name = key(chain);
        cover();
        out_.chains[name];
        if (chain != "PREROUTING" && chain != "OUTPUT") return;
        constexpr std::pair<std::string_view, int> priorities[] = {
            {"raw", -300}, {"mangle", -150}, {"nat", -100}}; // linux/netfilter_ipv4.h
        for (const auto& [table, priority] : priorities)
            if (table == table_)
                out_.bases.push_back({name, chain == "OUTPUT" ? NatHook::Output : NatHook::Prerouting,
                                      family_ == Family::Inet, family_ == Family::Inet6, table_ == "nat",
                                      words.size() > 1 && words[1] == "DROP", priority});
    }

    void read_rule(const NatWords& words, std::string_view line) {
        NatRule rule;
        rule.text = line.substr(0, line.find_last_not_of(" \t\r") + 1);
        bool negated = false;
        std::string_view module;
        for (std::size_t i = 2; i < words.size(); ++i) {
            const std::string_view word = words[i];
            const std::string_view value = i + 1 < words.size() ? words[i + 1] : std::string_view{};
            if (word == "!") {
                negated = true;
                continue;
            }
            if (word == "-j" || word == "-g") {
                const std::span<const std::string_view> rest = words;
                read_target(rule, word == "-g", value, rest.subspan(std::min(i + 2, words.size())));
                break;
            }
            i += read_condition(rule, module, std::span(words).subspan(i), negated);
            negated = false;
        }
        add_nat_rule(out_, key(words[1]), std::move(rule), words.size());
    }

    /// Of the words that begin with an option; how many more than that it took.
    static std::size_t read_condition(NatRule& rule, std::string_view& module,
                                      std::span<const std::string_view> words, bool negated) {
        const std::string_view word = words.front();
        const std::string_view value = words.size() > 1 ? words[1] : std::string_view{};
        if (word == "-m") {
            module = value;
            if (std::find(std::begin(modules), std::end(modules), value) == std::end(modules))
                rule.matches.push_back(nat_unknown());
            return 1;
        }
        if (word == "--comment") return 1;
        if (word == "-p" && (value == "all" || value == "0")) return 1;
        if (word == "--tcp-flags" && words.size() > 2) {
            rule.matches.push_back(flags_match(value, words[2], negated));
            return 2;
        }
        if (word == "-f" && negated) return 0; // the first fragment, and what is none
        const auto* const option = find_named(options, word);
        if (option == std::end(options) || (!option->module.empty() && option->module != module)) {
            if (word.starts_with('-')) rule.matches.push_back(nat_unknown());
            return 0;
        }
        rule.matches.push_back(nat_match(option->field, values_of(option->field, value), negated));
        return 1;
    }

    void read_target(NatRule& rule, bool goes, std::string_view name,
                     std::span<const std::string_view> rest) {
        rule.action.kind = goes ? Kind::Goto : Kind::Jump;
        rule.action.chain = key(name);
        rule.marks = name == "MARK" || name == "CONNMARK";
        const bool notrack = std::find(rest.begin(), rest.end(), "--notrack") != rest.end();
        rule.untracks = name == "NOTRACK" || (name == "CT" && notrack);
        rule.action.target = target_of(name, rest);
        places_.emplace(key(name), name);
    }

    /// What leads to no chain is a target.
    void resolve() {
        for (auto& [chain, rules] : out_.chains)
            for (NatRule& rule : rules) {
                const auto place = places_.find(rule.action.chain);
                if (place == places_.end() || out_.chains.count(rule.action.chain) != 0) continue;
                rule.action.kind = iptables_target(place->second);
                rule.action.chain.clear();
            }
    }

    NatRules& out_;
    Family family_;
    bool legacy_;
    std::set<std::string>& covered_;
    std::string table_, place_;
    int entered_ = 0; ///< tables of one name may come from both of iptables' homes
    std::unordered_map<std::string, std::string> places_; ///< names after -j, by the key they would have
};

} // namespace

NatAction::Kind iptables_target(std::string_view name) {
    const auto* const target = find_named(targets, name);
    return target == std::end(targets) ? Kind::Unclear : target->kind;
}

void parse_iptables(NatRules& out, std::string_view text, Family family, bool legacy,
                    std::set<std::string>& covered) {
    IptablesReader(out, family, legacy, covered).read(text);
}

} // namespace netstat46
