#include "ports/nat_nft_rule.hpp"

#include "ports/nat_nft_keys.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace netstat46 {
namespace {

using Kind = NatAction::Kind;

/// What may follow `log`, each with a word after it.
constexpr std::string_view log_words[] = {"prefix", "level", "group", "snaplen", "queue-threshold"};

constexpr std::string_view comparisons[] = {"==", "!=", "<", ">", "<=", ">="};

class RuleReader : public NftCursor {
public:
    RuleReader(const NatWords& words, const NftTable& table) : NftCursor(words), table_(table) {}

    NatRule read() {
        while (!at_end()) read_statement();
        rule_.text = nat_text(all());
        return std::move(rule_);
    }

    NatAction read_verdict() {
        NatAction action;
        const std::string_view word = take();
        if (word == "accept")
            action.kind = Kind::Accept;
        else if (word == "drop")
            action.kind = Kind::Drop;
        else if (word == "return")
            action.kind = Kind::Return;
        else if (word == "jump" || word == "goto") {
            action.kind = word == "jump" ? Kind::Jump : Kind::Goto;
            action.chain = fmt::format("{} {}", table_.key, take());
        } else if (word != "continue")
            action.kind = Kind::Unclear;
        return action;
    }

private:
    NatSet take_elements() {
        std::size_t place = at();
        NatSet set = read_nft_elements(all(), place, table_);
        go_to(place);
        return set;
    }
    void unclear() { rule_.matches.push_back(nat_unknown()); }

    void read_statement() {
        const std::string_view word = peek();
        if (word == "accept" || word == "drop" || word == "return" || word == "continue" || word == "jump" ||
            word == "goto")
            return set_action(read_verdict());
        if (word == "counter") return skip_counter();
        if (word == "comment") return skip(2);
        if (word == "log") return skip_log();
        if (word == "notrack") {
            rule_.untracks = true;
            return skip(1);
        }
        if (word == "dnat") return read_nat(Kind::Dnat);
        if (word == "redirect") return read_nat(Kind::Redirect);
        if (word == "tproxy") return read_nat(Kind::Tproxy);
        if (word == "reject") return end_with(Kind::Drop);
        if (word == "snat" || word == "masquerade") return end_with(Kind::Accept);
        if (word == "queue" || word == "synproxy" || word == "fwd") return end_with(Kind::Unclear);
        if (word == "xt") return read_xt();
        if (!read_expression()) {
            unclear();
            skip(1);
        }
    }

    /// What follows belongs to the statement.
    void end_with(Kind kind) {
        NatAction action;
        action.kind = kind;
        set_action(action);
        skip_all();
    }

    void set_action(NatAction action) {
        const bool ends = action.kind == Kind::Accept || action.kind == Kind::Return ||
                          action.kind == Kind::Jump || action.kind == Kind::Goto;
        if (rule_.action.kind == Kind::Tproxy && ends) rule_.goes_on = action.kind != Kind::Accept;
        if (rule_.action.kind == Kind::None && !rule_.map) rule_.action = std::move(action);
    }

    void skip_counter() {
        skip(1);
        if (peek() == "packets") skip(4);
        if (peek() == "name") skip(2);
    }

    void skip_log() {
        skip(1);
        while (among(log_words, peek())) skip(2);
        if (take_if("flags")) {
            if (peek() == "tcp" || peek() == "ip") skip(1);
            skip(1);
        }
    }

    /// `xt match "socket"`, `xt target TPROXY`: of iptables-nft, without its options.
    void read_xt() {
        skip(1);
        if (take() == "match") {
            skip(1);
            return unclear();
        }
        NatAction action;
        action.kind = iptables_target(unquoted(take()));
        action.target.known = false;
        set_action(action);
    }

    /// A comparison, a map of verdicts, or something that is set.
    bool read_expression() {
        NatMatch match;
        match.fields = take_nft_keys(*this, rule_);
        if (match.fields.empty()) return false;
        if (take_if("vmap")) {
            match.set = take_set();
            rule_.map = std::move(match);
            return true;
        }
        if (take_if("set")) {
            read_assignment(match.fields.front());
            return true;
        }
        if (match.fields.size() == 1 && match.fields.front() == NatField::TcpFlags) {
            read_flags();
            return true;
        }
        std::optional<NatNumber> mask;
        if (take_if("&")) mask = take_mask();
        const std::string_view comparison = among(comparisons, peek()) ? take() : "==";
        match.negated = comparison == "!=";
        match.set = comparison == "==" || match.negated ? take_set() : take_bound(comparison);
        if (mask) match.set = with_mask(match.set, *mask);
        rule_.matches.push_back(std::move(match));
        return true;
    }

    /// A number or an address; what is more complicated makes the rule unclear.
    std::optional<NatNumber> take_mask() {
        const NatValue value = nat_value(take());
        if (value.kind == NatValue::Kind::Range && value.first == value.last && !value.mask)
            return value.first;
        unclear();
        while (!at_end() && !among(comparisons, peek())) skip(1);
        return std::nullopt;
    }

    static std::shared_ptr<const NatSet> with_mask(const std::shared_ptr<const NatSet>& set,
                                                   const NatNumber& mask) {
        if (!set) return nullptr;
        NatSet masked = *set;
        for (NatElement& element : masked)
            for (NatValue& value : element.values) value.mask = mask;
        return std::make_shared<const NatSet>(std::move(masked));
    }

    /// `< 1024`
    std::shared_ptr<const NatSet> take_bound(std::string_view comparison) {
        const auto limit = nat_integer(take());
        if (!limit) return nullptr;
        constexpr std::uint64_t most = 0xffffffff;
        if (comparison == "<" && *limit == 0) return nat_set({});
        NatValue value;
        if (comparison == "<") value = nat_range(0, *limit - 1);
        if (comparison == "<=") value = nat_range(0, *limit);
        if (comparison == ">") value = nat_range(*limit + 1, most);
        if (comparison == ">=") value = nat_range(*limit, most);
        return nat_set({value});
    }

    /// `{ ... }`, `@name`, or one element without braces.
    std::shared_ptr<const NatSet> take_set() {
        if (take_if("{")) return std::make_shared<const NatSet>(take_elements());
        if (peek().starts_with('@')) {
            const auto found = table_.sets.find(std::string(take().substr(1)));
            return found == table_.sets.end() ? nullptr : found->second;
        }
        return take_element();
    }

    /// `80`, `10.0.0.1 . 80`, `established,new`: any of the latter.
    std::shared_ptr<const NatSet> take_element() {
        const std::string_view word = take();
        if (word.find(',') != std::string_view::npos && !word.starts_with('"')) {
            std::vector<NatValue> values;
            for (std::string_view rest = word; !rest.empty();) {
                const std::string_view one = rest.substr(0, rest.find(','));
                rest.remove_prefix(std::min(one.size() + 1, rest.size()));
                values.push_back(nat_value(one));
            }
            return nat_set(std::move(values));
        }
        NatElement element{{nat_value(word)}, {}};
        while (take_if(".")) element.values.push_back(nat_value(take()));
        return std::make_shared<const NatSet>(NatSet{std::move(element)});
    }

    /// `tcp flags syn / fin,syn,rst,ack`, `tcp flags == syn`.
    void read_flags() {
        const bool negated = take_if("!=");
        const bool exact = negated || take_if("==");
        const auto bits = [](const std::shared_ptr<const NatSet>& set) -> std::optional<std::uint64_t> {
            std::uint64_t all = 0;
            for (const NatElement& each : *set) {
                if (each.values.front().kind != NatValue::Kind::Range) return std::nullopt;
                all |= each.values.front().first[15];
            }
            return all;
        };
        if (peek() == "{" || peek().starts_with('@') || peek() == "&") {
            unclear();
            while (!at_end() && peek() != "}" && !among(comparisons, peek())) skip(1);
            return skip(2);
        }
        const auto set = bits(take_element());
        std::optional<std::uint64_t> mask = 0xff;
        if (take_if("/"))
            mask = bits(take_element());
        else if (!exact)
            mask.reset(); // any of them
        if (!set || !mask) return unclear();
        NatValue value = nat_range(*set, *set);
        value.mask = nat_number(*mask);
        rule_.matches.push_back(nat_match(NatField::TcpFlags, {value}, negated));
    }

    /// Behind `set`: a value, which may be an expression.
    void read_assignment(NatField field) {
        if (field == NatField::Mark) rule_.marks = true;
        if (field == NatField::Destination || field == NatField::DestinationPort) {
            rule_.action.kind = Kind::Dnat; // without conntrack
            rule_.action.target.known = false;
        }
        constexpr std::string_view operators[] = {"&", "|", "^", "<<", ">>", "map"};
        do {
            if (!take_nft_keys(*this, rule_).empty()) continue;
            if (take_if("{"))
                take_elements();
            else
                skip(1);
        } while (among(operators, peek()) && !take().empty());
    }

    /// dnat, redirect and tproxy, with all that follows them.
    void read_nat(Kind kind) {
        skip(1);
        NatAction action;
        action.kind = kind;
        for (const std::uint64_t family : {4, 6}) // packets of the other family pass by
            if (take_if(family == 4 ? "ip" : "ip6"))
                rule_.matches.push_back(nat_match(NatField::Family, {nat_range(family, family)}));
        bool unusual = take_if("prefix");
        if (take_if("addr")) unusual |= !(take_if(".") && take_if("port"));
        unusual |= take_if("interval");
        if (!take_if("to")) {
            action.target.known = !unusual && kind != Kind::Dnat;
            set_action(action);
            return;
        }
        const std::string_view word = peek();
        const bool port = word.size() > 1 && word.starts_with(':') && !nat_target(word).known;
        NatWords rest = behind();
        if (port) rest.front().remove_prefix(1); // `:tcp dport map { ... }`
        if (!read_mapped(rest, action)) {
            action.target = nat_target(take());
            if (take_if(".")) {
                const NatTarget ports = nat_target(fmt::format(":{}", take()));
                action.target.ports = ports.ports;
                action.target.known &= ports.known;
            }
        }
        set_action(action);
        rule_.goes_on = kind == Kind::Tproxy;
        if (unusual) rule_.action.target.known = false;
        if (kind != Kind::Tproxy) skip_all();
    }

    /// `tcp dport map { 80 : 10.0.0.1 }`: the target is what the key maps to.
    bool read_mapped(const NatWords& words, const NatAction& action) {
        RuleReader inner(words, table_);
        NatMatch match;
        match.fields = take_nft_keys(inner, inner.rule_);
        if (match.fields.empty() || !inner.take_if("map")) return false;
        match.set = inner.take_set();
        rule_.matches.insert(rule_.matches.end(), inner.rule_.matches.begin(), inner.rule_.matches.end());
        rule_.modulus = inner.rule_.modulus;
        rule_.action = action;
        rule_.map = std::move(match);
        skip(inner.at());
        return true;
    }

    const NftTable& table_;
    NatRule rule_;
};

/// Behind the `:` of a map's element: a verdict, an address, a port, or both with a `.` between them.
NatAction mapped_action(const NatWords& words, const NftTable& table) {
    constexpr std::string_view verdicts[] = {"accept", "drop", "return", "continue", "jump", "goto", "queue"};
    if (words.empty()) return {};
    if (among(verdicts, words.front())) return RuleReader(words, table).read_verdict();
    NatAction action;
    std::string text;
    for (const std::string_view word : words) {
        const bool is_port = nat_integer(word).has_value();
        if (word != ".") text += is_port ? fmt::format(":{}", word) : std::string(word);
    }
    const bool both = words.size() == 3 && words.front().find(':') != std::string_view::npos;
    if (both) text = fmt::format("[{}]:{}", words.front(), words.back());
    action.target = nat_target(text);
    return action;
}

} // namespace

NatSet read_nft_elements(const NatWords& words, std::size_t& at, const NftTable& table) {
    NatSet set;
    NatSet others; // `*` is looked at last
    while (at < words.size() && words[at] != "}") {
        if (words[at] == ",") {
            ++at;
            continue;
        }
        NatElement element;
        const bool any = words[at] == "*";
        if (!any) element.values.push_back(nat_value(words[at]));
        ++at;
        while (at + 1 < words.size() && words[at] == ".") {
            element.values.push_back(nat_value(words[at + 1]));
            at += 2;
        }
        while (at < words.size() && words[at] != "," && words[at] != ":" && words[at] != "}") ++at;
        NatWords mapped;
        if (at < words.size() && words[at] == ":")
            for (++at; at < words.size() && words[at] != "," && words[at] != "}"; ++at)
                mapped.push_back(words[at]);
        element.action = mapped_action(mapped, table);
        (any ? others : set).push_back(std::move(element));
    }
    if (at < words.size()) ++at;
    set.insert(set.end(), std::make_move_iterator(others.begin()), std::make_move_iterator(others.end()));
    return set;
}

NatRule read_nft_rule(const NatWords& words, const NftTable& table) {
    return RuleReader(words, table).read();
}

} // namespace netstat46
