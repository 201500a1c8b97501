// What `pfctl -s nat` and `pfctl -s rules` write, on macOS and the BSDs: pf.conf(5)'s language with every
// macro and list expanded. Of nat rules the first that matches decides, of filter rules the last, or the
// first with `quick`.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "parse.hpp"
#include "ports/nat_words.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

using Kind = NatAction::Kind;

/// A rule, and what filters want to know of it.
struct PfRule {
    NatRule rule;
    bool quick = false;
    bool leaves = false; ///< is only about packets that go out
};

/// Options of rules that change nothing here, and how many words follow them.
struct Harmless {
    std::string_view word;
    std::size_t values;
};

constexpr Harmless harmless[] = {
    {"pass", 0},        {"log", 0},
    {"all", 0},         {"keep", 1},
    {"modulate", 1},    {"no", 1},
    {"synproxy", 1},    {"label", 1},
    {"tag", 1},         {"queue", 1},
    {"rtable", 1},      {"allow-opts", 0},
    {"static-port", 0}, {"round-robin", 0},
    {"random", 0},      {"bitmask", 0},
    {"source-hash", 0}, {"sticky-address", 0},
    {"prio", 1},        {"set", 2},
    {"ridentifier", 1}, {"return", 0},
    {"drop", 0},        {"return-rst", 0},
    {"return-icmp", 0}, {"fragment-reassemble", 1},
    {"dnpipe", 1},      {"dnqueue", 1},
};

class RuleReader {
public:
    explicit RuleReader(NatWords words) : words_(std::move(words)) {}

    PfRule read() {
        PfRule out;
        out.rule.text = nat_text(words_);
        const bool exempts = take_if("no");
        const std::string_view verb =
            take_if_any({"rdr", "nat", "binat", "pass", "block", "match", "anchor"});
        if (verb == "nat") out.leaves = true;
        while (!at_end()) read_part(out);
        if (verb == "match") unclear(); // later rules may see what it made of the packet
        const bool decides = exempts || verb == "pass" || verb == "block";
        if (exempts || (decides && rule_.action.kind == Kind::None)) rule_.action.kind = Kind::Accept;
        if (verb == "binat") read_binat();
        out.rule.matches = std::move(rule_.matches);
        out.rule.action = std::move(rule_.action);
        return out;
    }

private:
    [[nodiscard]] bool at_end() const { return at_ >= words_.size(); }
    [[nodiscard]] std::string_view peek() const { return at_end() ? std::string_view{} : words_[at_]; }
    std::string_view take() { return at_end() ? std::string_view{} : words_[at_++]; }
    bool take_if(std::string_view word) {
        if (peek() != word) return false;
        ++at_;
        return true;
    }
    std::string_view take_if_any(std::initializer_list<std::string_view> words) {
        return std::find(words.begin(), words.end(), peek()) == words.end() ? std::string_view{} : take();
    }
    void skip(std::size_t count) { at_ = std::min(at_ + count, words_.size()); }
    void unclear() { rule_.matches.push_back(nat_unknown()); }

    /// It is written for packets that go out; what comes back is for its target.
    void read_binat() {
        const std::optional<Address> outside = rule_.action.target.first;
        rule_.matches.clear();
        if (outside)
            rule_.matches.push_back(nat_match(NatField::Destination, {nat_value(address_text(*outside))}));
        unclear();
        rule_.action.target = {};
        rule_.action.target.known = false;
    }

    void read_part(PfRule& out) {
        const std::string_view word = take();
        if (word == "in") return;
        if (word == "out") {
            out.leaves = true;
        } else if (word == "quick") {
            out.quick = true;
        } else if (word == "on") {
            read_interface();
        } else if (word == "inet" || word == "inet6") {
            const std::uint64_t family = word == "inet" ? 4 : 6;
            rule_.matches.push_back(nat_match(NatField::Family, {nat_range(family, family)}));
        } else if (word == "proto") {
            NatValue protocol = nat_value(take());
            constexpr std::uint64_t another = 256; // a name that is neither TCP's nor UDP's
            if (protocol.kind == NatValue::Kind::Unknown) protocol = nat_range(another, another);
            rule_.matches.push_back(nat_match(NatField::Protocol, {protocol}));
        } else if (word == "from") {
            read_end(NatField::Source, NatField::SourceType, NatField::SourcePort);
        } else if (word == "to") {
            read_end(NatField::Destination, NatField::DestinationType, NatField::DestinationPort);
        } else if (word == "->" || word == "rdr-to") {
            read_target(Kind::Dnat);
        } else if (word == "divert-to") {
            read_target(Kind::Tproxy);
        } else if (word == "route-to" || word == "divert-packet" || word == "af-to") {
            rule_.action.kind = Kind::Unclear;
        } else if (word == "flags") {
            const std::string_view flags = take();
            if (flags != "S/SA" && flags != "any" && flags != "S/SAFR" && flags != "S/FSRA") unclear();
        } else if (word.starts_with("(")) {
            while (!at_end() && !words_[at_ - 1].ends_with(")")) ++at_;
        } else if (word == "reply-to" || word == "dup-to" || word == "nat-to") {
            read_ignored_target();
        } else {
            read_other(word);
        }
    }

    void read_other(std::string_view word) {
        const auto* const known = std::find_if(std::begin(harmless), std::end(harmless),
                                               [&](const Harmless& each) { return each.word == word; });
        if (known != std::end(harmless))
            skip(known->values);
        else if (word != "{" && word != "}" && word != ",")
            unclear();
    }

    void read_interface() {
        const bool negated = take_if("!");
        NatValue value = nat_device(take(), '\0');
        value.kind = NatValue::Kind::Group;
        rule_.matches.push_back(nat_match(NatField::In, {value}, negated));
    }

    /// An address, a network, a range, `any`, `(self)`; then perhaps ports.
    void read_end(NatField address, NatField type, NatField port) {
        const bool negated = take_if("!");
        const std::string_view word = take();
        if (word == "self" || word == "(self)") {
            constexpr std::uint64_t local = 2; // as RTN_LOCAL, whatever the system's name for it
            rule_.matches.push_back(nat_match(type, {nat_range(local, local)}, negated));
        } else if (word != "any") {
            std::string text(word);
            if (take_if("-")) text = fmt::format("{}-{}", text, take());
            rule_.matches.push_back(nat_match(address, {nat_value(text)}, negated));
        }
        if (take_if("port")) read_ports(port);
    }

    /// `= 80`, `!= 80`, `< 80`, `80 >< 90` (between them), `80 <> 90` (not between them, nor they),
    /// `80:90`.
    void read_ports(NatField field) {
        const std::string_view word = take();
        const auto add = [&](const NatValue& value, bool negated = false) {
            rule_.matches.push_back(nat_match(field, {value}, negated));
        };
        const bool compares =
            word == "=" || word == "!=" || word == "<" || word == "<=" || word == ">" || word == ">=";
        if (!compares) {
            const auto first = nat_integer(word);
            const std::string_view between = take_if_any({"><", "<>"});
            if (between.empty()) return add(nat_value(word));
            const auto last = nat_integer(take());
            if (!first || !last) return unclear();
            if (between == "><") return add(nat_range(*first + 1, *last == 0 ? 0 : *last - 1));
            return add(nat_range(*first, *last), true);
        }
        const auto number = nat_integer(take());
        if (!number) return unclear();
        constexpr std::uint64_t most = 65535;
        if (word == "=" || word == "!=") return add(nat_range(*number, *number), word == "!=");
        if (word == "<=") return add(nat_range(0, *number));
        if (word == ">=") return add(nat_range(*number, most));
        if (word == ">") return add(nat_range(*number + 1, most + 1));
        add(*number == 0 ? nat_range(most + 1, most + 1) : nat_range(0, *number - 1));
    }

    /// `127.0.0.1 port 8080`, `10.0.0.1 port 80:90`, `{ 10.0.0.1, 10.0.0.2 } round-robin`.
    void read_target(Kind kind) {
        rule_.action.kind = kind;
        NatTarget& target = rule_.action.target;
        if (take_if("{")) {
            target.known = false;
            while (!at_end() && !take_if("}")) skip(1);
        } else {
            target = nat_target(fmt::format("[{}]", take()));
        }
        if (!take_if("port")) return;
        const std::string_view ports = take();
        const auto first = parse_number<std::uint16_t>(ports.substr(0, ports.find(':')));
        if (first && ports.find(':') == std::string_view::npos)
            target.ports = {*first, *first};
        else
            target.known = false;
    }

    void read_ignored_target() {
        const std::string_view word = take();
        if (word == "{")
            while (!at_end() && !take_if("}")) skip(1);
        else if (word.starts_with("("))
            while (!at_end() && !words_[at_ - 1].ends_with(")")) ++at_;
        if (take_if("port")) skip(1);
    }

    NatWords words_;
    std::size_t at_ = 0;
    NatRule rule_; ///< what is read of it so far
};

/// The rules of one kind, of every anchor by its path.
class Rulesets {
public:
    explicit Rulesets(const std::vector<std::pair<std::string, std::string_view>>& sections) {
        for (const auto& [anchor, text] : sections) sections_.emplace(anchor, text);
    }

    /// Every rule in the order in which the kernel comes to it; those of anchors in the place of the anchor.
    std::vector<PfRule> flat() {
        add("", {}, false, 0);
        return std::move(rules_);
    }

private:
    static constexpr int deepest = 16;

    void add(const std::string& path, const std::vector<NatMatch>& conditions, bool quick, int depth) {
        const auto section = sections_.find(path);
        if (section == sections_.end() || depth > deepest) return;
        std::vector<PfRule> around{{}}; // blocks of anchors that are written out in their place
        around.back().rule.matches = conditions;
        around.back().quick = quick;
        for (std::string_view text = section->second; !text.empty() && rules_.size() < most_nat_parts;) {
            NatWords words = nat_words(take_line(text));
            if (words.empty()) continue;
            if (words.front() == "}") {
                if (around.size() > 1) around.pop_back();
                continue;
            }
            const bool opens = words.back() == "{";
            if (opens) words.pop_back();
            const bool anchor = words.front() == "anchor" || words.front() == "rdr-anchor";
            PfRule rule = anchor ? read_anchor(words) : RuleReader(words).read();
            rule.quick |= around.back().quick;
            rule.rule.matches.insert(rule.rule.matches.begin(), around.back().rule.matches.begin(),
                                     around.back().rule.matches.end());
            if (opens)
                around.push_back(rule);
            else if (anchor)
                add_anchors(path, words, rule, depth);
            else if (!rule.leaves && is_rule(words.front()))
                rules_.push_back(std::move(rule));
        }
    }

    static bool is_rule(std::string_view word) {
        constexpr std::string_view verbs[] = {"rdr", "no", "pass", "block", "match", "binat"};
        return std::find(std::begin(verbs), std::end(verbs), word) != std::end(verbs);
    }

    /// The conditions of `anchor "name" in on en0 all`.
    static PfRule read_anchor(const NatWords& words) {
        NatWords rest(words.begin() + 1, words.end());
        if (!rest.empty() && rest.front().starts_with('"')) rest.erase(rest.begin());
        return RuleReader(rest).read();
    }

    /// `"name"`, or `"name/*"`: all that are directly below, by name.
    void add_anchors(const std::string& path, const NatWords& words, const PfRule& rule, int depth) {
        if (rule.leaves || words.size() < 2) return;
        std::string name = unquoted(words[1]);
        if (name.starts_with('/'))
            name.erase(0, 1);
        else if (!path.empty())
            name = fmt::format("{}/{}", path, name);
        const bool all = name == "*" || name.ends_with("/*");
        if (!all) return add(name, rule.rule.matches, rule.quick, depth + 1);
        name.pop_back();
        for (const auto& [anchor, text] : sections_)
            if (!anchor.empty() && anchor.starts_with(name) &&
                anchor.find('/', name.size()) == std::string::npos)
                add(anchor, rule.rule.matches, rule.quick, depth + 1);
    }

    std::map<std::string, std::string_view> sections_;
    std::vector<PfRule> rules_;
};

/// `lo0 (skip)`
std::vector<std::string> skipped_of(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const NatWords words = nat_words(take_line(text));
        if (words.size() > 1 && words[1] == "(skip)") names.emplace_back(words[0]);
    }
    return names;
}

} // namespace

void parse_pf(NatRules& out, const PfListing& listing) {
    out.pf = true;
    out.skipped = skipped_of(listing.interfaces);
    // Redirections come first, then filters.
    out.bases.push_back({"pf nat", NatHook::Prerouting, true, true, true, false, 0});
    out.bases.push_back({"pf rules", NatHook::Prerouting, true, true, true, false, 1});
    for (PfRule& rule : Rulesets(listing.nat).flat()) add_nat_rule(out, "pf nat", std::move(rule.rule));
    std::vector<PfRule> filters = Rulesets(listing.rules).flat();
    for (PfRule& rule : filters)
        if (rule.quick) add_nat_rule(out, "pf rules", std::move(rule.rule));
    for (auto rule = filters.rbegin(); rule != filters.rend(); ++rule)
        if (!rule->quick) add_nat_rule(out, "pf rules", std::move(rule->rule));
}

} // namespace netstat46
