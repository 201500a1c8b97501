#include "ports/nat.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "parse.hpp"
#include "ports/nat_words.hpp"

namespace netstat46 {
namespace {

// ---- Reading

/// `# ipv4`, `# pf nat com.apple/200.AirDrop`: the words after the `#`, or none.
NatWords heading(std::string_view line) {
    constexpr std::string_view sections[] = {"ipv4", "ipv6", "nft", "pf"};
    NatWords words = nat_words(line);
    if (words.size() < 2 || words.size() > 4 || words[0] != "#") return {};
    if (std::find(std::begin(sections), std::end(sections), words[1]) == std::end(sections)) return {};
    words.erase(words.begin());
    return words;
}

/// The lines up to the next heading; moves past them.
std::string_view take_section(std::string_view& text) {
    const std::string_view begin = text;
    std::size_t size = 0;
    while (!text.empty() && heading(text.substr(0, text.find('\n'))).empty()) {
        const std::string_view rest = text;
        take_line(text);
        size += rest.size() - text.size();
    }
    return begin.substr(0, size);
}

// ---- Clients

/// Packets that come the same way.
struct Way {
    NatSource source = NatSource::Own;
    std::string in; ///< the interface; empty: none that a rule names
};

/// What rules call an interface that none of them names.
constexpr std::string_view another_device = "\x01";

constexpr std::size_t most_devices = 64;

void add_devices(std::set<std::string>& devices, const NatMatch& match) {
    for (std::size_t i = 0; i < match.fields.size(); ++i) {
        if (match.fields[i] != NatField::In || !match.set) continue;
        for (const NatElement& element : *match.set) {
            if (devices.size() >= most_devices || i >= element.values.size()) break;
            const NatValue& value = element.values[i];
            if (value.kind == NatValue::Kind::Name || value.kind == NatValue::Kind::Group)
                devices.insert(value.name);
            else if (value.kind == NatValue::Kind::Prefix)
                devices.insert(value.name + "*");
        }
    }
}

/// The interfaces that rules name.
std::set<std::string> named_devices(const NatRules& rules) {
    std::set<std::string> devices(rules.skipped.begin(), rules.skipped.end());
    for (const auto& [chain, list] : rules.chains)
        for (const NatRule& rule : list) {
            for (const NatMatch& match : rule.matches) add_devices(devices, match);
            if (rule.map) add_devices(devices, *rule.map);
        }
    return devices;
}

std::vector<Way> ways_to(const Address& destination, const NatRules& rules) {
    std::vector<Way> ways{{NatSource::Own, {}}};
    if (is_loopback(destination)) return ways;
    ways.push_back({NatSource::Other, std::string(another_device)});
    for (const std::string& device : named_devices(rules))
        if (device != "lo" && device != "lo0") ways.push_back({NatSource::Other, device});
    return ways;
}

NatVerdict verdict_of(const NatRules& rules, const NatQuestion& question, const Way& way) {
    NatPacket packet{question.protocol,
                     question.destination,
                     question.port,
                     question.to_local,
                     way.source,
                     way.in,
                     false,
                     {}};
    const bool own = way.source == NatSource::Own;
    if (own && rules.pf) packet.in = "lo0";
    if (std::find(rules.skipped.begin(), rules.skipped.end(), packet.in) != rules.skipped.end()) return {};
    if (!own || rules.pf) return nat_verdict(rules, NatHook::Prerouting, packet);
    return nat_verdict_of_own(rules, packet);
}

// ---- In words

std::string name_of(const Way& way, bool others_are_named) {
    if (way.source == NatSource::Own) return "what this host itself sends";
    if (way.in != another_device) return fmt::format("what comes in on {}", way.in);
    return others_are_named ? "what comes in on any other interface" : "what comes in on an interface";
}

/// Whose packets it is about, if not all; empty: everybody's.
std::string whose(const std::vector<std::string>& taken, const std::vector<std::string>& passed) {
    const auto listed = [](const std::vector<std::string>& names) {
        std::string text;
        for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
        return text;
    };
    if (passed.empty()) return {};
    if (passed.size() < taken.size()) return fmt::format(" (but not for {})", listed(passed));
    return fmt::format(" (only for {})", listed(taken));
}

std::string text_of(const NatOutcome& outcome) {
    if (outcome.rule != nullptr) return outcome.rule->text;
    return outcome.kind == NatAction::Kind::Drop ? "the policy of its chain is drop"
                                                 : "there are more rules than are followed";
}

/// Where the outcome sends a packet, if that is one place.
void set_target(Interception& out, const NatQuestion& question, bool own) {
    const NatTarget& target = out.first.target;
    const NatAction::Kind kind = out.first.kind;
    out.leads_here = kind == NatAction::Kind::Redirect || kind == NatAction::Kind::Tproxy;
    if (!out.leads_here && kind != NatAction::Kind::Dnat) return;
    const bool one_address = !target.first || target.first->bytes == target.last->bytes;
    if (!target.known || !one_address || target.ports.first != target.ports.last) return;
    Endpoint end;
    end.address = question.destination;
    if (target.first)
        end.address = *target.first;
    else if (own && kind == NatAction::Kind::Tproxy) // an address of the interface, which is lo
        end.address = loopback_of(question.destination.family);
    end.port = target.ports.first == 0 ? question.port : target.ports.first;
    out.leads_to = end;
}

} // namespace

NatRules parse_nat_rules(std::string_view text) {
    NatRules out;
    std::set<std::string> covered;
    PfListing pf;
    while (!text.empty()) {
        const NatWords words = heading(take_line(text));
        const std::string_view section = take_section(text);
        if (words.empty()) continue;
        const std::string_view kind = words.size() > 1 ? words[1] : std::string_view{};
        const std::string anchor(words.size() > 2 ? words[2] : std::string_view{});
        if (words[0] == "ipv4" || words[0] == "ipv6")
            parse_iptables(out, section, words[0] == "ipv4" ? Family::Inet : Family::Inet6, kind == "legacy",
                           covered);
        else if (words[0] == "nft")
            parse_nft(out, section, covered);
        else if (kind == "interfaces")
            pf.interfaces = section;
        else
            (kind == "nat" ? pf.nat : pf.rules).emplace_back(anchor, section);
    }
    if (!pf.nat.empty() || !pf.rules.empty()) parse_pf(out, pf);
    return out;
}

Interception interception(const NatRules& rules, const NatQuestion& question) {
    Interception out;
    out.certain = true;
    std::vector<std::string> taken;
    std::vector<std::string> passed;
    bool conditional = false;
    std::size_t others = 0;
    if (rules.bases.empty()) return out;
    const std::vector<Way> ways = ways_to(question.destination, rules);
    for (const Way& way : ways) {
        const NatVerdict verdict = verdict_of(rules, question, way);
        const std::string name = name_of(way, ways.size() > 2);
        if (verdict.taken.empty()) {
            passed.push_back(name);
            continue;
        }
        if (taken.empty()) {
            out.first = verdict.taken.front();
            if (verdict.taken.size() == 1) set_target(out, question, way.source == NatSource::Own);
            others = verdict.taken.size() - 1;
        }
        taken.push_back(name);
        conditional |= verdict.may_pass;
        const NatOutcome& last = verdict.taken.back();
        if (last.kind == NatAction::Kind::Unclear && last.rule == nullptr) { // there is too much to follow
            out.certain = false;
            break;
        }
        out.certain &= verdict.certain() && text_of(verdict.taken.front()) == text_of(out.first);
    }
    if (taken.empty()) return out;
    out.certain &= passed.empty();
    out.text = text_of(out.first);
    if (others == 1) out.text += " (or another rule)";
    if (others > 1) out.text += fmt::format(" (or one of {} other rules)", others);
    if (conditional) out.text += " (if its other conditions are met)";
    out.text += whose(taken, passed);
    return out;
}

std::string intercepting_rule(const NatRules& rules, Protocol protocol, const Address& destination,
                              std::uint16_t port, Tristate to_local) {
    return interception(rules, {protocol, destination, port, to_local}).text;
}

} // namespace netstat46
