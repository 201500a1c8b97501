#include "ports/explanation.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "ports/cures.hpp"
#include "record/address.hpp"
#include "text.hpp"

namespace netstat46 {
namespace {

// ---- Who holds it

enum class Kind : std::uint8_t {
    Listening,
    Receiving,
    Bound,
    TimeWait,
    FinWait2,
    HalfOpen,
    Connection,
    Connected
};

struct KindWords {
    Kind kind;
    std::string_view one, many;
};

constexpr KindWords kind_words[] = {
    {Kind::Listening, "listening socket", "listening sockets"},
    {Kind::Receiving, "receiving socket", "receiving sockets"},
    {Kind::Bound, "socket bound without listening", "sockets bound without listening"},
    {Kind::Connection, "connection", "connections"},
    {Kind::Connected, "connected socket", "connected sockets"},
    {Kind::TimeWait, "connection in TIME_WAIT", "connections in TIME_WAIT"},
    {Kind::FinWait2, "connection in FIN_WAIT2", "connections in FIN_WAIT2"},
    {Kind::HalfOpen, "half-open connection", "half-open connections"},
};

Kind kind_of(const BoundSocket& bound) {
    if (bound.protocol != Protocol::Tcp) return bound.connected ? Kind::Connected : Kind::Receiving;
    if (bound.state == State::Listen) return Kind::Listening;
    if (bound.time_wait && bound.state == State::FinWait2) return Kind::FinWait2; // a TIME_WAIT socket too
    if (bound.time_wait || bound.state == State::TimeWait) return Kind::TimeWait;
    if (bound.state == State::SynReceived) return Kind::HalfOpen;
    return bound.connected ? Kind::Connection : Kind::Bound;
}

bool answers_at_all(const BoundSocket& bound) {
    const Kind kind = kind_of(bound);
    return kind == Kind::Listening || kind == Kind::Receiving;
}

std::string headline_of(const PortTarget& target, const std::vector<const BoundSocket*>& bound_sockets,
                        const Names& names) {
    const std::string name = target.address || (target.inet && target.inet6)
                                 ? fmt::format("Port {}/{}", written(target, names), name_of(target.protocol))
                                 : fmt::format("Port {}/{} over {}", target.port, name_of(target.protocol),
                                               target.inet ? "IPv4" : "IPv6");
    if (bound_sockets.empty()) return name + " is free: no socket holds it";
    const bool answered = std::any_of(bound_sockets.begin(), bound_sockets.end(),
                                      [](const BoundSocket* bound) { return answers_at_all(*bound); });
    const std::string_view nobody =
        target.protocol == Protocol::Tcp ? "; none of them listens" : "; nobody receives";
    return fmt::format("{} is held by {}{}", name, counted(bound_sockets), answered ? "" : nobody);
}

// ---- Who answers

struct Destination {
    Address address;
    std::string name;
};

/// Loopback, what somebody is bound to, and the rest, of one family.
std::vector<Destination> destinations_of(Family family, std::span<const BoundSocket> bound_sockets,
                                         const Names& names) {
    const bool inet = family == Family::Inet;
    const Address loopback = *parse_address(inet ? "127.0.0.1" : "::1");
    std::vector<Destination> out{{loopback, address_text(loopback)}};
    for (const BoundSocket& bound : bound_sockets) {
        if (bound.wildcard || bound.address.family != family || !answers_at_all(bound)) continue;
        const bool known = std::any_of(out.begin(), out.end(), [&](const Destination& other) {
            return same_address(other.address, bound.address);
        });
        if (!known) out.push_back({bound.address, scoped_text(bound.address, names)});
    }
    out.push_back({inet ? any_inet : any_inet6, inet ? "any other IPv4" : "any other IPv6"});
    return out;
}

std::vector<Destination> destinations_of(const PortTarget& target, std::span<const BoundSocket> bound_sockets,
                                         const Names& names) {
    std::vector<Destination> out;
    const Address asked = target.address ? unmapped(*target.address) : Address{Family::Inet6, {}, 0};
    if (!is_unspecified(asked)) return {{asked, scoped_text(asked, names)}};
    for (const Family family : {Family::Inet, Family::Inet6}) {
        if (asked.family == Family::Inet && family == Family::Inet6) continue;
        if (!(family == Family::Inet ? target.inet : target.inet6)) continue;
        const auto more = destinations_of(family, bound_sockets, names);
        out.insert(out.end(), more.begin(), more.end());
    }
    return out;
}

/// Some holder besides the one that answers could have answered.
template <class Which>
bool another(std::span<const BoundSocket> bound_sockets, const BoundSocket& one, const Destination& to,
             Which which) {
    const bool inet = to.address.family == Family::Inet;
    return std::any_of(bound_sockets.begin(), bound_sockets.end(), [&](const BoundSocket& other) {
        const bool reaches = (inet ? other.ipv4 : other.ipv6) != Tristate::No &&
                             (other.wildcard || same_address(other.address, to.address));
        return other.row != one.row && answers_at_all(other) && reaches && which(other);
    });
}

std::string why_of(const WhoAnswer& who, const Destination& to, std::span<const BoundSocket> bound_sockets) {
    if (who.unconnectable) return "TCP does not connect to a multicast or broadcast address";
    if (who.unjoined) return "no interface has joined this multicast group";
    if (who.verdict.doubt != Doubt::None) return doubt_in_words(who.verdict.doubt);
    if (who.verdict.copies) return who.verdict.who.size() > 1 ? "each of these receives a copy" : "";
    if (!who.verdict.silent.empty()) return "bound without listening, it refuses for all behind it";
    if (who.verdict.who.size() != 1) return {};
    const BoundSocket& one = bound_sockets[who.verdict.who.front()];
    const auto wildcard = [](const BoundSocket& other) { return other.wildcard; };
    const auto dual = [](const BoundSocket& other) {
        return other.wildcard && other.family == Family::Inet6;
    };
    if (!one.wildcard && another(bound_sockets, one, to, wildcard))
        return "exact: its address beats a wildcard";
    if (one.family == Family::Inet && one.wildcard && another(bound_sockets, one, to, dual))
        return "a 0.0.0.0 socket beats a dual-stack [::]";
    if (one.family == Family::Inet6 && one.wildcard && one.v6only == Tristate::Yes)
        return "V6ONLY: takes no IPv4";
    return {};
}

bool alike(const AnswerLine& a, const AnswerLine& b) {
    return a.answer.verdict.who == b.answer.verdict.who &&
           a.answer.verdict.silent == b.answer.verdict.silent &&
           a.answer.verdict.doubt == b.answer.verdict.doubt &&
           a.answer.verdict.copies == b.answer.verdict.copies &&
           a.answer.intercepted_by == b.answer.intercepted_by && a.why == b.why;
}

/// A dual-stack socket whose IPv4 all goes elsewhere, or a socket that gets nothing.
void remark_on_shadows(std::vector<AnswerLine>& lines, std::span<const BoundSocket> bound_sockets,
                       const std::vector<Destination>& destinations, const std::vector<AnswerLine>& single) {
    for (const BoundSocket& bound : bound_sockets) {
        if (bound.ipv4 != Tristate::Yes || bound.ipv6 != Tristate::Yes) continue;
        bool inet = false;
        bool asked = false;
        for (std::size_t i = 0; i < single.size(); ++i) {
            if (destinations[i].address.family != Family::Inet) continue;
            const auto& who = single[i].answer.verdict.who;
            asked = true;
            inet |= std::find(who.begin(), who.end(), bound.row) != who.end();
        }
        if (inet || !asked) continue;
        for (AnswerLine& line : lines)
            if (line.answer.verdict.who == std::vector{bound.row})
                line.why = "dual-stack, but IPv4 never reaches it: shadowed";
    }
}

std::vector<AnswerLine> answers_of(const PortTarget& target, const PortHost& host,
                                   std::span<const BoundSocket> bound_sockets, const Names& names) {
    const std::vector<Destination> destinations = destinations_of(target, bound_sockets, names);
    std::vector<AnswerLine> single;
    for (const Destination& to : destinations) {
        AnswerLine line{
            {to.name}, who_answers(host, target.protocol, to.address, target.port, bound_sockets), {}};
        line.why = why_of(line.answer, to, bound_sockets);
        single.push_back(std::move(line));
    }
    std::vector<AnswerLine> lines;
    for (std::size_t i = 0; i < single.size(); ++i) {
        const bool same_family =
            i > 0 && destinations[i].address.family == destinations[i - 1].address.family;
        if (same_family && alike(lines.back(), single[i])) {
            lines.back().to.push_back(single[i].to.front());
        } else {
            lines.push_back(single[i]);
        }
    }
    for (AnswerLine& line : lines)
        if (line.to.size() > 1 && line.to.back().starts_with("any other "))
            line.to.back().replace(0, std::string_view("any other").size(), "any");
    remark_on_shadows(lines, bound_sockets, destinations, single);
    return lines;
}

// ---- Who could bind

struct Program {
    std::string_view address; ///< `v6only` after it as --can-bind writes it
    bool reuseaddr;
    std::string_view shown, programs;
};

// Go: SO_REUSEADDR on every TCP listener. Node (libuv): the same. Python's socket sets nothing.
constexpr Program tcp_programs[] = {
    {"0.0.0.0", false, "0.0.0.0", "Python"},
    {"0.0.0.0", true, "0.0.0.0", "Go \"tcp4\""},
    {"::", true, "[::] dual", "Go \"tcp\", Node"},
    {":: v6only", true, "[::] v6only", "Go \"tcp6\""},
};
// Where no socket is dual-stack, Go's "tcp" is IPv4 (it asks whether v4-mapped addresses can be had), Node's
// `::` IPv6.
constexpr Program tcp_programs_apart[] = {
    {"0.0.0.0", false, "0.0.0.0", "Python"},
    {"0.0.0.0", true, "0.0.0.0", "Go \"tcp\", \"tcp4\""},
    {":: v6only", true, "[::]", "Go \"tcp6\", Node"},
    {":: v6only", false, "[::]", "no option"},
};
constexpr Program udp_programs_apart[] = {
    {"0.0.0.0", false, "0.0.0.0", "Python, Go \"udp\", \"udp4\", Node"},
    {":: v6only", false, "[::]", "Go \"udp6\", Node \"udp6\""},
};
constexpr Program udp_programs[] = {
    {"0.0.0.0", false, "0.0.0.0", "Python, Go \"udp4\", Node"},
    {"::", false, "[::] dual", "Go \"udp\", Node \"udp6\""},
    {":: v6only", false, "[::] v6only", "Go \"udp6\""},
};

std::span<const Program> programs_of(Protocol protocol, bool dual_stack) {
    if (protocol == Protocol::Tcp)
        return dual_stack ? std::span<const Program>(tcp_programs) : tcp_programs_apart;
    return dual_stack ? std::span<const Program>(udp_programs) : udp_programs_apart;
}

/// What the newcomer would receive once it is there: as the newest socket.
std::vector<std::string> gets(const PortTarget& target, const PortHost& host, const BindRequest& request,
                              std::span<const BoundSocket> bound_sockets, const Names& names) {
    BoundSocket self = bound_socket(request);
    self.row = 0;
    std::vector<BoundSocket> all{self};
    for (BoundSocket bound : bound_sockets) {
        ++bound.row;
        all.push_back(bound);
    }
    std::vector<std::string> out;
    for (const AnswerLine& line : answers_of(target, host, all, names)) {
        const std::vector<std::size_t>& who = line.answer.verdict.who;
        if (std::find(who.begin(), who.end(), self.row) == who.end()) continue;
        const bool all = line.to.size() > 1 && !line.to.back().starts_with("any other ");
        out.insert(out.end(), all ? line.to.end() - 1 : line.to.begin(), line.to.end());
    }
    return out;
}

std::vector<BindLine> binds_of(const PortTarget& target, const PortHost& host, const PortTable& table,
                               std::optional<std::uint32_t> uid, const Names& names) {
    std::vector<BindLine> lines;
    const auto add = [&](const BindRequest& request, std::string_view address, std::string_view programs) {
        BindLine line{request, address, programs, can_bind(host, request, table.bound_sockets), {}, {}};
        if (line.answer.verdict.outcome == Outcome::Ok)
            line.gets = gets(target, host, request, table.bound_sockets, names);
        for (Cure& cure : cures_of(host, request, table, line.answer.verdict))
            line.cures.push_back(std::move(cure.text));
        lines.push_back(std::move(line));
    };
    BindRequest request;
    request.protocol = target.protocol;
    request.port = target.port;
    request.uid = uid;
    if (target.address && !is_unspecified(*target.address)) {
        request.address = *target.address;
        request.family = request.address.family;
        for (const bool reuseaddr : {false, true}) {
            request.reuseaddr = reuseaddr;
            add(request, "this address", reuseaddr ? "with SO_REUSEADDR" : "no option");
        }
        return lines;
    }
    for (const Program& program : programs_of(target.protocol, host.rules->dual_stack)) {
        request.v6only = program.address.ends_with(" v6only");
        request.address = *parse_address(program.address.substr(0, program.address.find(' ')));
        request.family = request.address.family;
        request.reuseaddr = program.reuseaddr;
        if (target.address && target.address->family == Family::Inet && request.family == Family::Inet6)
            continue;
        if (!(request.family == Family::Inet ? target.inet : target.inet6)) continue;
        add(request, program.shown, program.programs);
    }
    return lines;
}

} // namespace

bool is_connection(const BoundSocket& bound) {
    const Kind kind = kind_of(bound);
    return kind == Kind::Connection || kind == Kind::HalfOpen || is_leftover(bound);
}

bool is_leftover(const BoundSocket& bound) {
    const Kind kind = kind_of(bound);
    return kind == Kind::TimeWait || kind == Kind::FinWait2;
}

std::string doubt_in_words(Doubt doubt) {
    switch (doubt) {
    case Doubt::Group:
        return "they take turns (SO_REUSEPORT)";
    case Doubt::Order:
        return "one of them: which one the kernel meets first cannot be seen";
    case Doubt::Interface:
        return "depends on the interface that the packets come in on";
    case Doubt::IncomingCpu:
        return "depends on SO_INCOMING_CPU, which cannot be read";
    case Doubt::Processor:
        return "depends on the processor that receives (SO_INCOMING_CPU)";
    case Doubt::Membership:
        return "depends on the multicast groups that each has joined, and from whom";
    case Doubt::V6Only:
        return "depends on V6ONLY, which is not known here";
    case Doubt::Option:
        return "depends on SO_REUSEPORT, which cannot be read";
    case Doubt::RoutingDomain:
        return "depends on whether their routing tables are of one routing domain";
    default:
        return {};
    }
}

std::string counted(const std::vector<const BoundSocket*>& bound_sockets) {
    std::vector<std::string> parts;
    for (const KindWords& words : kind_words) {
        const auto count =
            std::count_if(bound_sockets.begin(), bound_sockets.end(),
                          [&](const BoundSocket* bound) { return kind_of(*bound) == words.kind; });
        if (count != 0) parts.push_back(fmt::format("{} {}", count, count == 1 ? words.one : words.many));
    }
    return enumerated(parts, " and ");
}

Explanation explain(const PortTarget& target, const PortTable& table, const PortHost& host,
                    std::optional<std::uint32_t> uid, const Names& names) {
    Explanation out;
    out.target = target;
    BindRequest asked;
    asked.protocol = target.protocol;
    asked.address = target.address.value_or(Address{target.inet6 ? Family::Inet6 : Family::Inet, {}, 0});
    asked.family = asked.address.family;
    asked.v6only = !target.address && !target.inet;
    const BoundSocket self = bound_socket(asked);
    std::vector<const BoundSocket*> about;
    for (const BoundSocket& bound : table.bound_sockets) {
        if (overlap(self, bound) == Tristate::No) continue;
        about.push_back(&bound);
        out.rows.push_back(bound.row);
    }
    out.headline = headline_of(target, about, names);
    out.nat = host.nat_known;
    out.answers = answers_of(target, host, table.bound_sockets, names);
    out.binds = binds_of(target, host, table, uid, names);
    for (const AnswerLine& line : out.answers)
        if (out.intercepted_by.empty()) out.intercepted_by = line.answer.intercepted_by;
    return out;
}

} // namespace netstat46
