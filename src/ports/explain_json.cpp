#include <fmt/format.h>

#include "format/json.hpp"
#include "list.hpp"
#include "ports/explain.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// Members of one object or items of one array, commas between them.
class List {
public:
    List(Text& out, char open, char close) : out_(out), close_(close) { out_.push_back(open); }
    List(const List&) = delete;
    List& operator=(const List&) = delete;
    ~List() { out_.push_back(close_); }

    Text& item() {
        if (!first_) out_.push_back(',');
        first_ = false;
        return out_;
    }
    Text& member(std::string_view name) {
        put_json_string(item(), name);
        out_.push_back(':');
        return out_;
    }
    void text(std::string_view name, std::string_view value) { put_json_string(member(name), value); }
    void flag(std::string_view name, bool value) { put(member(name), value ? "true" : "false"); }
    template <class Number>
    void number(std::string_view name, Number value) {
        put_number(member(name), value);
    }

private:
    Text& out_;
    char close_;
    bool first_ = true;
};

constexpr std::string_view doubt_names[] = {
    "",          "option",       "v6only",    "user",        "reuseport cache", "order",     "group",
    "interface", "incoming_cpu", "processor", "holder_user", "routing_domain",  "membership"};

void put_truth(List& object, std::string_view name, Tristate value) {
    put(object.member(name), value == Tristate::Yes ? "true" : value == Tristate::No ? "false" : "null");
}

void put_socket(Text& out, const JsonSockets& sockets, const PortRows& rows, std::size_t row, Doubt doubt) {
    const PortTable& table = rows.table;
    const BoundSocket& bound = table.bound_sockets[row];
    List object(out, '{', '}');
    sockets.put(object.member("socket"), with_owner(table.sockets[row], table.tables));
    put_truth(object, "receives_ipv4", bound.ipv4);
    put_truth(object, "receives_ipv6", bound.ipv6);
    put_truth(object, "reuseaddr", bound.reuseaddr);
    put_truth(object, "reuseport", bound.reuseport);
    if (bound.incoming_cpu.value_or(-1) >= 0) object.number("incoming_cpu", *bound.incoming_cpu);
    if (doubt != Doubt::None) object.text("depends_on", doubt_names[static_cast<std::size_t>(doubt)]);
}

/// `doubts`: each one's; empty: none.
void put_sockets(List& object, std::string_view name, const PortRows& rows,
                 const std::vector<std::size_t>& which, const std::vector<Doubt>& doubts = {}) {
    const JsonSockets sockets(rows.table.host, rows.names);
    List list(object.member(name), '[', ']');
    for (std::size_t i = 0; i < which.size(); ++i)
        put_socket(list.item(), sockets, rows, which[i], i < doubts.size() ? doubts[i] : Doubt::None);
}

/// As an endpoint of the listing: the interface of a link-local address stands beside it.
void put_address(List& object, const Address& address, const PortRows& rows) {
    object.text("address", address_text(address));
    if (address.scope == 0) return;
    const std::string_view name = rows.names.interface(address.scope);
    object.text("scope", name.empty() ? std::string_view(fmt::to_string(address.scope)) : name);
}

void put_texts(List& object, std::string_view name, const std::vector<std::string>& texts) {
    List list(object.member(name), '[', ']');
    for (const std::string& text : texts) put_json_string(list.item(), text);
}

/// `doubtful` with no doubt: on nat rules.
void put_certainty(List& object, bool doubtful, Doubt doubt, std::string_view nat_rule) {
    object.text("certainty", !nat_rule.empty() ? "intercepted" : doubtful ? "depends" : "certain");
    if (doubt != Doubt::None)
        object.text("depends_on", doubt_names[static_cast<std::size_t>(doubt)]);
    else if (doubtful && nat_rule.empty())
        object.text("depends_on", "nat rules");
    if (!nat_rule.empty()) object.text("intercepted_by", nat_rule);
}

void put_who(List& object, const WhoAnswer& answer, const PortRows& rows) {
    put_sockets(object, "answered_by", rows, answer.verdict.who);
    if (!answer.verdict.silent.empty()) put_sockets(object, "refused_by", rows, answer.verdict.silent);
    object.flag("maybe_nobody", answer.verdict.maybe_nobody);
    if (answer.verdict.copies) object.flag("each", true);
    if (answer.unconnectable) object.flag("cannot_be_connected", true);
    if (answer.elsewhere) object.flag("not_an_address_of_the_host", true);
    put_certainty(object, answer.verdict.doubt != Doubt::None || answer.depends_on_nat(),
                  answer.verdict.doubt, answer.intercepted_by);
}

void put_verdict(List& object, const BindVerdict& verdict, const PortRows& rows, std::string_view nat_rule) {
    constexpr std::string_view outcomes[] = {"ok", "refused", "depends"};
    object.text("outcome", outcomes[static_cast<std::size_t>(verdict.outcome)]);
    if (!verdict.error.empty()) object.text("error", verdict.error);
    put_sockets(object, "because_of", rows, verdict.because, verdict.doubts);
    put_certainty(object, verdict.outcome == Outcome::Depends, verdict.doubt,
                  verdict.outcome == Outcome::Refused ? "" : nat_rule);
}

void put_bind(List& object, const BindRequest& request, const BindAnswer& answer, const PortRows& rows) {
    put_address(object, request.address, rows);
    if (request.family == Family::Inet6) object.flag("v6only", request.v6only);
    object.flag("reuseaddr", request.reuseaddr);
    object.flag("reuseport", request.reuseport);
    if (request.uid) object.number("uid", *request.uid);
    put_verdict(object, answer.verdict, rows, answer.intercepted_by);
    if (answer.assumes_local) object.flag("assumes_local_address", true);
    if (answer.by_user.empty()) return;
    List list(object.member("by_user"), '[', ']');
    for (const UserVerdict& users : answer.by_user) {
        List one(list.item(), '{', '}');
        {
            List uids(one.member("uids"), '[', ']');
            for (const std::uint32_t uid : users.users) put_number(uids.item(), uid);
        }
        one.flag("everybody_else", users.everybody_else);
        put_verdict(one, users.verdict, rows, {});
    }
}

/// Whether the rules of packet filters were read.
void put_nat(List& object, const NatKnown& nat) {
    constexpr std::string_view names[] = {"not told", "read", "none", "not read"};
    object.text("nat_rules", names[static_cast<std::size_t>(nat.state)]);
    if (!nat.reason.empty()) object.text("nat_rules_reason", nat.reason);
}

void put_target(List& object, Protocol protocol, std::uint16_t port) {
    object.text("protocol", name_of(protocol));
    object.number("port", port);
}

void put_answer_lines(List& object, const Explanation& explanation, const PortRows& rows) {
    List answers(object.member("answers"), '[', ']');
    for (const AnswerLine& line : explanation.answers) {
        List one(answers.item(), '{', '}');
        put_texts(one, "to", line.to);
        put_who(one, line.answer, rows);
        if (!line.why.empty()) one.text("why", line.why);
    }
}

} // namespace

void put_answers_json(Text& out, const Explanation& explanation, const PortRows& rows) {
    {
        List object(out, '{', '}');
        put_target(object, explanation.target.protocol, explanation.target.port);
        put_nat(object, explanation.nat);
        put_answer_lines(object, explanation, rows);
    }
    out.push_back('\n');
}

void put_explanation_json(Text& out, const Explanation& explanation, const PortRows& rows) {
    {
        List object(out, '{', '}');
        put_target(object, explanation.target.protocol, explanation.target.port);
        if (explanation.target.address) put_address(object, *explanation.target.address, rows);
        object.flag("held", !explanation.rows.empty());
        put_sockets(object, "holders", rows, explanation.rows);
        put_nat(object, explanation.nat);
        put_answer_lines(object, explanation, rows);
        List binds(object.member("binds"), '[', ']');
        for (const BindLine& line : explanation.binds) {
            List one(binds.item(), '{', '}');
            one.text("programs", line.programs);
            put_bind(one, line.request, line.answer, rows);
            if (line.answer.verdict.outcome == Outcome::Ok) put_texts(one, "would_get", line.gets);
        }
    }
    out.push_back('\n');
}

void put_bind_answer_json(Text& out, const BindRequest& request, const BindAnswer& answer,
                          const PortRows& rows) {
    {
        List object(out, '{', '}');
        put_target(object, request.protocol, request.port);
        put_bind(object, request, answer, rows);
        put_nat(object, answer.nat);
    }
    out.push_back('\n');
}

void put_who_answers_json(Text& out, const PortTarget& target, const WhoAnswer& answer, const PortRows& rows,
                          const LedTo& led) {
    {
        List object(out, '{', '}');
        put_target(object, target.protocol, target.port);
        put_address(object, *target.address, rows);
        put_who(object, answer, rows);
        put_nat(object, answer.nat);
        if (answer.leads_to) {
            List lead(object.member("leads_to"), '{', '}');
            lead.text("address", address_text(answer.leads_to->address));
            lead.number("port", answer.leads_to->port);
            if (led.rows != nullptr) put_sockets(lead, "answered_by", *led.rows, led.who);
        }
    }
    out.push_back('\n');
}

} // namespace netstat46
