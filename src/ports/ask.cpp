#include "ports/ask.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include "capture/names_by_name.hpp"
#include "messages.hpp"
#include "platform.hpp"
#include "ports/explain.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

constexpr int ok = 0, no = 1, depends = 3;

/// The columns of the listing that -an gives, for sockets of `protocol`.
std::vector<Column> columns_of(const PortAsker& asker, const Names& names, Protocol protocol) {
    const std::vector<std::string> all_numeric{"-an"};
    const HostFacts& host = asker.source.host;
    const Parsed parsed = asker.dialect.parse(all_numeric, {asker.classic, &host});
    const PlanContext context{asker.classic, &names, &host, true};
    for (const Listing& listing : std::get<ParsedOptions>(parsed).plan(context).listings)
        for (const Section& section : listing.sections)
            if (section.table.protocol == protocol) return section.columns;
    return {};
}

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

struct Asked {
    const PortAsker& asker;
    const ProblemSink& problem;
};

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

/// `answer` writes its text and gives the status.
template <class Answer>
PortReply with_table(const Asked& asked, const PortTarget& target, Answer answer) {
    const Source& source = asked.asker.source;
    const PortFacts facts = source.live ? live_port_facts() : PortFacts{};
    PortTable table =
        read_port_table(source, target.protocol, target.port, facts.options, asked.problem, asked.asker.json);
    if (target.protocol == Protocol::Udp && facts.groups && facts.joined)
        add_memberships(table, groups_of(*facts.groups, target, table), facts.joined);
    const Names all_names = source.live ? live_names() : replayed_names(table.tables);
    const Names names = shown_names(all_names, {true, true, false});
    // No name server is asked for the hosts of a whole port.
    const Names data_names = shown_names(all_names, {source.live, false, false});
    const PortRows rows{table, columns_of(asked.asker, names, target.protocol),
                        asked.asker.json ? data_names : names};
    Text text;
    const OtherPort other_port = [&](std::uint16_t other) {
        return read_port_table(
            source, target.protocol, other, facts.options, [](const Problem&) {}, false);
    };
    const int status = answer(text, rows, host_of(source, table, facts), other_port);
    return {fmt::to_string(text), status};
}

std::optional<std::uint32_t> default_uid(const Source& source) {
    return source.live ? std::optional<std::uint32_t>(geteuid()) : std::nullopt;
}

PortReply ask_explain(const Asked& asked, const PortTarget& target) {
    return with_table(asked, target,
                      [&](Text& out, const PortRows& rows, const PortHost& host, const OtherPort& /*other*/) {
                          const Explanation explanation =
                              explain(target, rows.table, host, default_uid(asked.asker.source), rows.names);
                          note_nat(asked, explanation.nat);
                          if (asked.asker.json)
                              put_explanation_json(out, explanation, rows);
                          else
                              put_explanation(out, explanation, rows);
                          return explanation.rows.empty() && explanation.intercepted_by.empty() ? no : ok;
                      });
}

int status_of(const WhoAnswer& answer) {
    if (answer.verdict.doubt != Doubt::None || !answer.intercepted_by.empty() || answer.depends_on_nat())
        return depends;
    return answer.verdict.who.empty() ? no : ok;
}

PortReply ask_who_answers(const Asked& asked, const PortTarget& target) {
    return with_table(
        asked, target, [&](Text& out, const PortRows& rows, PortHost host, const OtherPort& other_port) {
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
                rows_there.emplace(PortRows{table_there, rows.columns, rows.names});
            }
            const LedTo led{rows_there ? &*rows_there : nullptr, there};
            if (asked.asker.json)
                put_who_answers_json(out, target, answer, rows, led);
            else
                put_who_answers(out, target, answer, rows, led);
            return status_of(answer);
        });
}

PortReply ask_can_bind(const Asked& asked, BindRequest request) {
    if (!request.uid) request.uid = default_uid(asked.asker.source);
    return with_table(asked, {request.protocol, {}, request.port},
                      [&](Text& out, const PortRows& rows, const PortHost& host, const OtherPort& /*other*/) {
                          const BindAnswer answer = can_bind(host, request, rows.table.bound_sockets);
                          if (asked.asker.json)
                              put_bind_answer_json(out, request, answer, rows);
                          else
                              put_bind_answer(out, request, answer, rows);
                          if (answer.verdict.outcome == Outcome::Refused) return no;
                          const bool sure =
                              answer.verdict.outcome == Outcome::Ok && answer.intercepted_by.empty();
                          return sure ? ok : depends;
                      });
}

UsageError not_a_target(std::string_view option, std::string_view text, std::string_view form) {
    return {fmt::format(messages.wrong_target, option, text, form)};
}

} // namespace

std::variant<PortReply, UsageError> answer_port_question(const PortQuestion& question, const PortAsker& asker,
                                                         const ProblemSink& problem) {
    const Names names = asker.source.live ? live_names() : names_by_name(asker.source);
    const Asked asked{asker, problem};
    if (question.explain) {
        const auto target = parse_port_target(*question.explain, names);
        if (target) return ask_explain(asked, *target);
        return not_a_target("--explain", *question.explain, messages.target_form);
    }
    if (question.who_answers) {
        const auto target = parse_port_target(*question.who_answers, names);
        if (target && target->address) return ask_who_answers(asked, *target);
        return not_a_target("--who-answers", *question.who_answers, messages.address_form);
    }
    const auto request = parse_bind_request(*question.can_bind, names);
    if (request) return ask_can_bind(asked, *request);
    return not_a_target("--can-bind", *question.can_bind, messages.bind_form);
}

} // namespace netstat46
