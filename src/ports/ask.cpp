#include "ports/ask.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

#include "capture/names_by_name.hpp"
#include "messages.hpp"
#include "ports/ask_one.hpp"
#include "ports/connection.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// Of a protocol that nobody named: what cannot be looked at stands in its line, and does not keep the other
/// protocol from being answered.
Part explain_if_told(const Asked& asked, const PortTarget& target) {
    std::string why;
    const ProblemSink note = [&](const Problem& what) {
        if (what.fails && why.empty()) why = what.text;
        if (!what.fails) asked.problem(what);
    };
    Part part;
    try {
        part = explain_one({asked.asker, note, asked.facts}, target);
    } catch (const std::runtime_error& error) {
        why = error.what();
        part.status = answer_no;
    }
    if (why.empty() || part.status != answer_no) return part;
    part.status = answer_unknown;
    part.in_a_line =
        fmt::format("{} {}: not known: {}\n", name_of(target.protocol), written(target), cleaned(why));
    return part;
}

/// What is asked of one port and address: a protocol that was named or left by the native options, or both.
struct Group {
    std::vector<PortTarget> targets;
};

bool is_inet(const Address& address) { return unmapped(address).family == Family::Inet; }

constexpr Protocol both_protocols[] = {Protocol::Tcp, Protocol::Udp};

/// The protocols that --who-answers and --can-bind mean where none is named: TCP.
std::span<const Protocol> usual_protocols(const Narrowing& narrowing) {
    return narrowing.tcp && !narrowing.both_named ? std::span(both_protocols).first(1) : both_protocols;
}

/// What the native options leave of `asked`. `usual`: the protocols where none is named.
std::vector<Group> narrowed(const std::vector<WrittenPort>& asked, const Narrowing& narrowing,
                            std::span<const Protocol> usual) {
    std::vector<Group> groups;
    for (const WrittenPort& each : asked) {
        if (each.address && !(is_inet(*each.address) ? narrowing.inet : narrowing.inet6)) continue;
        const std::span<const Protocol> meant = each.protocol ? std::span(&*each.protocol, 1) : usual;
        Group group;
        for (const Protocol protocol : meant)
            if (protocol == Protocol::Tcp ? narrowing.tcp : narrowing.udp)
                group.targets.push_back({protocol, each.address, each.port, narrowing.inet, narrowing.inet6});
        if (!group.targets.empty()) groups.push_back(std::move(group));
    }
    return groups;
}

/// What is held in full, the other protocol in a line; the first in full where none is held.
void put_group(Text& out, const std::vector<Part>& parts, bool held) {
    const auto in_full = [&](const Part& part) {
        return held ? part.status == answer_ok : &part == &parts.front();
    };
    bool first = true;
    for (const Part& part : parts) {
        if (!in_full(part)) continue;
        if (!first) out.push_back('\n');
        first = false;
        put(out, std::string_view(part.text.data(), part.text.size()));
    }
    for (const Part& part : parts)
        if (!in_full(part)) {
            out.push_back('\n');
            put(out, part.in_a_line);
        }
}

/// Documents as one: the others stand in the first one's member `also`.
Text one_document(std::vector<Part>& parts) {
    Text text;
    std::string_view first(parts.front().text.data(), parts.front().text.size());
    if (parts.size() == 1) {
        put(text, first);
        return text;
    }
    put(text, first.substr(0, first.rfind('}')));
    put(text, ",\"also\":[");
    for (std::size_t i = 1; i < parts.size(); ++i) {
        if (i > 1) text.push_back(',');
        put(text, std::string_view(parts[i].text.data(), parts[i].text.size() - 1));
    }
    put(text, "]}\n");
    return text;
}

PortReply explain_groups(const Asked& asked, const std::vector<Group>& groups) {
    PortReply reply;
    std::vector<Part> documents;
    Text text;
    reply.status = answer_no;
    bool held = false;
    for (const Group& group : groups) {
        std::vector<Part> parts;
        for (const PortTarget& target : group.targets)
            parts.push_back(parts.empty() ? explain_one(asked, target) : explain_if_told(asked, target));
        bool one_held = false;
        for (const Part& part : parts) {
            one_held |= part.status == answer_ok;
            if (part.status == answer_unknown) reply.status = answer_unknown;
        }
        held |= one_held;
        if (asked.asker.json) {
            for (Part& part : parts) { // of a protocol that nobody named only what is held
                if (part.status == answer_unknown && &part != &parts.front())
                    asked.problem({part.in_a_line.substr(0, part.in_a_line.size() - 1), false});
                else if (part.status == answer_ok || &part == &parts.front())
                    documents.push_back(std::move(part));
            }
            continue;
        }
        if (text.size() != 0) text.push_back('\n');
        put_group(text, parts, one_held);
    }
    if (held) reply.status = answer_ok;
    if (asked.asker.json) text = one_document(documents);
    reply.text = fmt::to_string(text);
    return reply;
}

/// `answer` of every target, one after the other.
template <class Answer>
PortReply answer_each(const Asked& asked, const std::vector<Group>& groups, Answer answer) {
    std::vector<Part> parts;
    for (const Group& group : groups)
        for (const PortTarget& target : group.targets) parts.push_back(answer(target));
    PortReply reply;
    reply.status = common_status(parts, [](const Part& part) { return part.status; });
    Text text;
    if (asked.asker.json)
        text = one_document(parts);
    else
        for (const Part& part : parts) put(text, std::string_view(part.text.data(), part.text.size()));
    reply.text = fmt::to_string(text);
    return reply;
}

PortReply can_bind_groups(const Asked& asked, const std::vector<Group>& groups, const BindOptions& options) {
    bool refused = false;
    PortReply reply = answer_each(asked, groups, [&](const PortTarget& target) {
        Part part = can_bind_one(asked, *bind_request(target, options));
        refused |= part.status == answer_no;
        return part;
    });
    if (refused) reply.status = answer_no;
    return reply;
}

UsageError not_a_target(std::string_view option, std::string_view text, std::string_view form) {
    return {fmt::format(messages.wrong_target, option, text, form)};
}

UsageError nothing_left(std::string_view option, std::string_view text) {
    return {fmt::format(messages.nothing_left, option, text)};
}

bool has_ipv4(const std::vector<Group>& groups) {
    const auto is_ipv4 = [](const PortTarget& target) {
        return !bind_request(target, {true, false, false, {}});
    };
    return std::any_of(groups.begin(), groups.end(), [&](const Group& group) {
        return std::any_of(group.targets.begin(), group.targets.end(), is_ipv4);
    });
}

using Reply = std::variant<PortReply, UsageError>;

PortReply reply_of(const Part& part) { return {fmt::to_string(part.text), part.status}; }

Reply reply_to_explain(const Asked& asked, const std::string& text, const Names& names) {
    if (const auto path = unix_path_in(text)) return reply_of(explain_unix(asked, *path));
    if (const auto connection = parse_connection(text, names))
        return reply_of(explain_connection(asked, *connection));
    const auto ports = parse_ports_asked(text, names);
    if (ports.empty()) return not_a_target("--explain", text, messages.target_form);
    const Narrowing& narrowing = asked.asker.narrowing;
    const auto groups = narrowed(ports, narrowing, both_protocols);
    if (groups.empty()) return nothing_left("--explain", text);
    return explain_groups(asked, groups);
}

Reply reply_to_who_answers(const Asked& asked, const std::string& text, const Names& names) {
    const auto ports = parse_ports_asked(text, names);
    if (ports.empty()) return not_a_target("--who-answers", text, messages.address_form);
    const Narrowing& narrowing = asked.asker.narrowing;
    const auto groups = narrowed(ports, narrowing, usual_protocols(narrowing));
    if (groups.empty()) return nothing_left("--who-answers", text);
    return answer_each(asked, groups,
                       [&](const PortTarget& target) { return who_answers_one(asked, target); });
}

Reply reply_to_can_bind(const Asked& asked, const std::string& text, const Names& names) {
    const auto binds = parse_binds_asked(text, names);
    if (!binds) return not_a_target("--can-bind", text, messages.bind_form);
    const Narrowing& narrowing = asked.asker.narrowing;
    const auto groups = narrowed(binds->ports, narrowing, usual_protocols(narrowing));
    if (groups.empty()) return nothing_left("--can-bind", text);
    if (binds->options.v6only && has_ipv4(groups))
        return not_a_target("--can-bind", text, messages.not_inet6);
    return can_bind_groups(asked, groups, binds->options);
}

} // namespace

Narrowing narrowing_of(const Plan& plan) {
    Narrowing left{false, false, false, false, false};
    bool others = false;
    for (const Listing& listing : plan.listings)
        for (const Section& section : listing.sections) {
            const Table& table = section.table;
            const bool tcp = table.protocol == Protocol::Tcp, udp = table.protocol == Protocol::Udp;
            left.tcp |= tcp;
            left.udp |= udp;
            others |= !tcp && !udp;
            if (!tcp && !udp) continue;
            left.inet |= table.inet;
            left.inet6 |= table.inet6;
        }
    left.both_named = left.tcp && left.udp && !others;
    return left;
}

std::variant<PortReply, UsageError> answer_port_question(const PortQuestion& question, const PortAsker& asker,
                                                         const ProblemSink& problem) {
    const Names names = asker.source.live ? live_names() : names_by_name(asker.source);
    std::set<std::string> said;
    const ProblemSink once = [&](const Problem& what) { // each protocol's table has its own
        if (said.insert(what.text).second) problem(what);
    };
    const PortFacts facts = asker.source.live ? live_port_facts() : PortFacts{};
    const Asked asked{asker, once, facts};
    if (question.explain) return reply_to_explain(asked, *question.explain, names);
    if (question.who_answers) return reply_to_who_answers(asked, *question.who_answers, names);
    return reply_to_can_bind(asked, *question.can_bind, names);
}

} // namespace netstat46
