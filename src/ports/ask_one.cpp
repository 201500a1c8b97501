#include "ports/ask_one.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include "messages.hpp"
#include "platform.hpp"
#include "ports/cures.hpp"
#include "ports/explain.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// What a capture says of its nat rules; one that does not say may hold them all the same.
NatKnown kept_nat(NatKnown known, bool has_rules) {
    using State = NatKnown::State;
    if (known.state == State::NotTold && has_rules) known.state = State::Read;
    if (known.state == State::Read && !has_rules) return {State::NotRead, std::string(messages.nat_lost)};
    if (known.state == State::NotRead) known.reason += " (when this was saved)";
    return known;
}

/// What is known of the host that the sockets are on: of a capture's, only what the capture holds.
PortHost host_of(const Source& source, const PortTable& table, const PortFacts& facts) {
    PortHost host;
    host.rules = source.host.system->port_rules;
    host.major = major_of(source.host.release);
    host.particulars = source.host.particulars;
    if (source.live) {
        host.first_unprivileged = facts.first_unprivileged.value_or(host.first_unprivileged);
        host.is_local = facts.is_local;
        host.may_bind_low = facts.may_bind_low;
        host.nat = parse_nat_rules(facts.nat_rules);
        host.addresses = facts.addresses;
        host.groups = facts.groups;
        host.nat_known = facts.nat;
        return host;
    }
    const KeptPortFacts& kept = table.tables.ports;
    host.first_unprivileged = kept.first_unprivileged.value_or(host.first_unprivileged);
    host.nat = parse_nat_rules(kept.nat_rules);
    host.addresses = kept.addresses;
    host.groups = kept.groups;
    host.nat_known = kept_nat(source.host.nat, !kept.nat_rules.empty());
    host.is_local = [&table, &kept](const Address& address) -> std::optional<bool> {
        if (is_loopback(address)) return true;
        if (!kept.addresses.empty())
            return std::any_of(kept.addresses.begin(), kept.addresses.end(),
                               [&](const HostAddress& own) { return same_address(address, own.address); });
        for (const BoundSocket& bound : table.bound_sockets)
            if (same_address(address, bound.address)) return true;
        return std::nullopt;
    };
    return host;
}

/// Those of `groups` that the answer may be about: the one asked for, and those that sockets are bound to.
std::vector<JoinedGroup> groups_of(const std::vector<JoinedGroup>& groups, const PortTarget& target,
                                   const PortTable& table) {
    std::vector<JoinedGroup> out;
    for (const JoinedGroup& each : groups) {
        const bool bound =
            std::any_of(table.bound_sockets.begin(), table.bound_sockets.end(),
                        [&](const BoundSocket& bound) { return same_address(bound.address, each.group); });
        const bool asked = target.address && same_address(unmapped(*target.address), each.group);
        if (bound || asked) out.push_back(each);
    }
    return out;
}

/// A capture's sockets are judged without rules that it says nothing of.
void note_nat(const Asked& asked, const NatKnown& known) {
    if (known.state != NatKnown::State::NotTold) return;
    asked.problem({std::string(messages.nat_not_in_capture), false});
}

/// The sockets of another port, which a rule leads to.
using OtherPort = std::function<PortTable(std::uint16_t)>;

/// `answer` writes its text and gives what it is of.
template <class Answer>
auto with_table(const Asked& asked, const PortTarget& target, Answer answer) {
    const Source& source = asked.asker.source;
    const PortFacts& facts = asked.facts;
    PortTable table =
        read_port_table(source, target.protocol, target.port, facts.options, asked.problem, asked.asker.json);
    if (target.protocol == Protocol::Udp && facts.groups && facts.joined)
        add_memberships(table, groups_of(*facts.groups, target, table), facts.joined);
    const Names all_names = source.live ? live_names() : replayed_names(table.tables);
    const Names names = shown_names(all_names, {true, true, false});
    // No name server is asked for the hosts of a whole port.
    const Names data_names = shown_names(all_names, {source.live, false, false});
    const PlanContext context{asked.asker.classic, &names, &asked.asker.source.host, true};
    const PortRows rows{table, asked.asker.dialect.internet_columns(target.protocol, context),
                        asked.asker.json ? data_names : names, facts.command_line, facts.unit};
    const OtherPort other_port = [&](std::uint16_t other) {
        return read_port_table(
            source, target.protocol, other, facts.options, [](const Problem&) {}, false);
    };
    return answer(rows, host_of(source, table, facts), other_port);
}

std::optional<std::uint32_t> default_uid(const Source& source) {
    return source.live ? std::optional<std::uint32_t>(geteuid()) : std::nullopt;
}

using PutExplanation = void (*)(Text&, const Explanation&, const PortRows&);

/// The explanation of a target, as JSON or for people; `finish` gives the part its status and whatever else
/// it has.
template <class Finish>
Part with_explanation(const Asked& asked, const PortTarget& target, PutExplanation as_json,
                      PutExplanation as_text, Finish finish) {
    return with_table(asked, target, [&](const PortRows& rows, const PortHost& host, const OtherPort&) {
        Part part;
        const Explanation explanation =
            explain(target, rows.table, host, default_uid(asked.asker.source), rows.names);
        note_nat(asked, explanation.nat);
        (asked.asker.json ? as_json : as_text)(part.text, explanation, rows);
        finish(part, explanation, rows);
        return part;
    });
}

int status_of(const WhoAnswer& answer) {
    if (answer.verdict.doubt != Doubt::None || !answer.intercepted_by.empty() || answer.depends_on_nat())
        return answer_depends;
    return answer.verdict.who.empty() ? answer_no : answer_ok;
}

/// Every kind of destination.
Part all_answers(const Asked& asked, const PortTarget& target) {
    return with_explanation(asked, target, put_answers_json, put_answers,
                            [](Part& part, const Explanation& explanation, const PortRows&) {
                                part.status = common_status(explanation.answers, [](const AnswerLine& line) {
                                    return status_of(line.answer);
                                });
                            });
}

} // namespace

Part explain_one(const Asked& asked, const PortTarget& target) {
    return with_explanation(asked, target, put_explanation_json, put_explanation,
                            [&](Part& part, const Explanation& explanation, const PortRows& rows) {
                                const bool held =
                                    !explanation.rows.empty() || !explanation.intercepted_by.empty();
                                part.status = held ? answer_ok : answer_no;
                                part.in_a_line = fmt::format("{} {} is free\n", name_of(target.protocol),
                                                             written(target, rows.names));
                            });
}

Part who_answers_one(const Asked& asked, const PortTarget& target) {
    if (!target.address) return all_answers(asked, target);
    return with_table(asked, target, [&](const PortRows& rows, PortHost host, const OtherPort& other_port) {
        WhoAnswer answer =
            who_answers(host, target.protocol, *target.address, target.port, rows.table.bound_sockets);
        if (answer.cast == Cast::Unicast && host.is_local && host.is_local(answer.reached) == false) {
            answer.verdict = {};
            answer.elsewhere = true;
        }
        note_nat(asked, answer.nat);
        PortTable table_there;
        std::optional<PortRows> rows_there;
        std::vector<std::size_t> there;
        if (answer.leads_here) {
            table_there = other_port(answer.leads_to->port);
            host.nat = {};
            there = who_answers(host, target.protocol, answer.leads_to->address, answer.leads_to->port,
                                table_there.bound_sockets)
                        .verdict.who;
            rows_there.emplace(PortRows{table_there, rows.columns, rows.names, {}, {}});
        }
        const LedTo led{rows_there ? &*rows_there : nullptr, there};
        Part part;
        if (asked.asker.json)
            put_who_answers_json(part.text, target, answer, rows, led);
        else
            put_who_answers(part.text, target, answer, rows, led);
        part.status = status_of(answer);
        return part;
    });
}

namespace {

std::vector<std::string> texts_of_cures(const PortHost& host, const BindRequest& request,
                                        const PortTable& table, const BindAnswer& answer) {
    std::vector<std::string> texts;
    for (Cure& cure : cures_of(host, request, table, answer.verdict)) texts.push_back(std::move(cure.text));
    return texts;
}

} // namespace

Part can_bind_one(const Asked& asked, BindRequest request) {
    if (!request.uid) request.uid = default_uid(asked.asker.source);
    const PortTarget target{request.protocol, {}, request.port};
    return with_table(asked, target, [&](const PortRows& rows, const PortHost& host, const OtherPort&) {
        const BindAnswer answer = can_bind(host, request, rows.table.bound_sockets);
        Part part;
        if (asked.asker.json)
            put_bind_answer_json(part.text, request, answer, rows);
        else
            put_bind_answer(part.text, request, answer, texts_of_cures(host, request, rows.table, answer),
                            rows);
        const bool sure = answer.verdict.outcome == Outcome::Ok && answer.intercepted_by.empty();
        part.status = answer.verdict.outcome == Outcome::Refused ? answer_no
                      : sure                                     ? answer_ok
                                                                 : answer_depends;
        return part;
    });
}

} // namespace netstat46
