#include "ports/explanation.hpp"

#include <algorithm>

#include <fmt/format.h>

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

Kind kind_of(const PortHolder& holder) {
    if (holder.protocol != Protocol::Tcp) return holder.connected ? Kind::Connected : Kind::Receiving;
    if (holder.state == State::Listen) return Kind::Listening;
    if (holder.time_wait && holder.state == State::FinWait2) return Kind::FinWait2; // a TIME_WAIT socket too
    if (holder.time_wait || holder.state == State::TimeWait) return Kind::TimeWait;
    if (holder.state == State::SynReceived) return Kind::HalfOpen;
    return holder.connected ? Kind::Connection : Kind::Bound;
}

bool answers_at_all(const PortHolder& holder) {
    const Kind kind = kind_of(holder);
    return kind == Kind::Listening || kind == Kind::Receiving;
}

std::string headline_of(const PortTarget& target, const std::vector<const PortHolder*>& holders,
                        const Names& names) {
    const std::string port =
        target.address ? written(*target.address, target.port, names) : std::to_string(target.port);
    const std::string name = fmt::format("Port {}/{}", port, name_of(target.protocol));
    if (holders.empty()) return name + " is free: no socket holds it";
    const bool answered = std::any_of(holders.begin(), holders.end(),
                                      [](const PortHolder* holder) { return answers_at_all(*holder); });
    const std::string_view nobody =
        target.protocol == Protocol::Tcp ? "; nobody listens" : "; nobody receives";
    return fmt::format("{} is held by {}{}", name, counted(holders), answered ? "" : nobody);
}

// ---- Who answers

struct Destination {
    Address address;
    std::string name;
};

/// Loopback, what somebody is bound to, and the rest, of one family.
std::vector<Destination> destinations_of(Family family, std::span<const PortHolder> holders,
                                         const Names& names) {
    const bool inet = family == Family::Inet;
    const Address loopback = *parse_address(inet ? "127.0.0.1" : "::1");
    std::vector<Destination> out{{loopback, address_text(loopback)}};
    for (const PortHolder& holder : holders) {
        if (holder.wildcard || holder.address.family != family || !answers_at_all(holder)) continue;
        const bool known = std::any_of(out.begin(), out.end(), [&](const Destination& other) {
            return same_address(other.address, holder.address);
        });
        if (!known) out.push_back({holder.address, scoped_text(holder.address, names)});
    }
    out.push_back({inet ? any_inet : any_inet6, inet ? "any other IPv4" : "any other IPv6"});
    return out;
}

std::vector<Destination> destinations_of(const PortTarget& target, std::span<const PortHolder> holders,
                                         const Names& names) {
    std::vector<Destination> out;
    const Address asked = target.address ? unmapped(*target.address) : Address{Family::Inet6, {}, 0};
    if (!is_unspecified(asked)) return {{asked, scoped_text(asked, names)}};
    for (const Family family : {Family::Inet, Family::Inet6}) {
        if (asked.family == Family::Inet && family == Family::Inet6) continue;
        const auto more = destinations_of(family, holders, names);
        out.insert(out.end(), more.begin(), more.end());
    }
    return out;
}

/// Some holder besides the one that answers could have answered.
template <class Which>
bool another(std::span<const PortHolder> holders, const PortHolder& one, const Destination& to, Which which) {
    const bool inet = to.address.family == Family::Inet;
    return std::any_of(holders.begin(), holders.end(), [&](const PortHolder& other) {
        const bool reaches = (inet ? other.ipv4 : other.ipv6) != Truth::No &&
                             (other.wildcard || same_address(other.address, to.address));
        return other.row != one.row && answers_at_all(other) && reaches && which(other);
    });
}

std::string why_of(const WhoAnswer& who, const Destination& to, std::span<const PortHolder> holders) {
    if (who.unconnectable) return "TCP does not connect to a multicast or broadcast address";
    if (who.unjoined) return "no interface has joined this group";
    if (who.verdict.doubt != Doubt::None) return doubt_in_words(who.verdict.doubt);
    if (who.verdict.copies) return who.verdict.who.size() > 1 ? "each of these receives a copy" : "";
    if (!who.verdict.silent.empty()) return "bound without listening, it refuses for all behind it";
    if (who.verdict.who.size() != 1) return {};
    const PortHolder& one = holders[who.verdict.who.front()];
    const auto wildcard = [](const PortHolder& other) { return other.wildcard; };
    const auto dual = [](const PortHolder& other) { return other.wildcard && other.family == Family::Inet6; };
    if (!one.wildcard && another(holders, one, to, wildcard)) return "exact: its address beats a wildcard";
    if (one.family == Family::Inet && one.wildcard && another(holders, one, to, dual))
        return "a 0.0.0.0 socket beats a dual-stack [::]";
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
void remark_on_shadows(std::vector<AnswerLine>& lines, std::span<const PortHolder> holders,
                       const std::vector<Destination>& destinations, const std::vector<AnswerLine>& single) {
    for (const PortHolder& holder : holders) {
        if (holder.ipv4 != Truth::Yes || holder.ipv6 != Truth::Yes) continue;
        bool inet = false;
        bool asked = false;
        for (std::size_t i = 0; i < single.size(); ++i) {
            if (destinations[i].address.family != Family::Inet) continue;
            const auto& who = single[i].answer.verdict.who;
            asked = true;
            inet |= std::find(who.begin(), who.end(), holder.row) != who.end();
        }
        if (inet || !asked) continue;
        for (AnswerLine& line : lines)
            if (line.answer.verdict.who == std::vector{holder.row})
                line.why = "dual-stack, but IPv4 never reaches it: shadowed";
    }
}

std::vector<AnswerLine> answers_of(const PortTarget& target, const PortHost& host,
                                   std::span<const PortHolder> holders, const Names& names) {
    const std::vector<Destination> destinations = destinations_of(target, holders, names);
    std::vector<AnswerLine> single;
    for (const Destination& to : destinations) {
        AnswerLine line{{to.name}, who_answers(host, target.protocol, to.address, target.port, holders), {}};
        line.why = why_of(line.answer, to, holders);
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
    remark_on_shadows(lines, holders, destinations, single);
    return lines;
}

// ---- Who could bind

struct Program {
    std::string_view address; ///< `v6only` behind it as --can-bind writes it
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
constexpr Program udp_programs[] = {
    {"0.0.0.0", false, "0.0.0.0", "Python, Go \"udp4\", Node"},
    {"::", false, "[::] dual", "Go \"udp\", Node \"udp6\""},
    {":: v6only", false, "[::] v6only", "Go \"udp6\""},
};

/// What the newcomer would receive once it is there: as the newest socket.
std::vector<std::string> gets(const PortTarget& target, const PortHost& host, const Newcomer& newcomer,
                              std::span<const PortHolder> holders, const Names& names) {
    PortHolder self = holder_of(newcomer);
    self.row = 0;
    std::vector<PortHolder> all{self};
    for (PortHolder holder : holders) {
        ++holder.row;
        all.push_back(holder);
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

std::vector<BindLine> binds_of(const PortTarget& target, const PortHost& host,
                               std::span<const PortHolder> holders, std::optional<std::uint32_t> uid,
                               const Names& names) {
    std::vector<BindLine> lines;
    const auto add = [&](const Newcomer& newcomer, std::string_view address, std::string_view programs) {
        BindLine line{newcomer, address, programs, can_bind(host, newcomer, holders), {}};
        if (line.answer.verdict.outcome == Outcome::Ok)
            line.gets = gets(target, host, newcomer, holders, names);
        lines.push_back(std::move(line));
    };
    Newcomer newcomer;
    newcomer.protocol = target.protocol;
    newcomer.port = target.port;
    newcomer.uid = uid;
    if (target.address && !is_unspecified(*target.address)) {
        newcomer.address = *target.address;
        newcomer.family = newcomer.address.family;
        for (const bool reuseaddr : {false, true}) {
            newcomer.reuseaddr = reuseaddr;
            add(newcomer, "this address", reuseaddr ? "with SO_REUSEADDR" : "no option");
        }
        return lines;
    }
    const bool tcp = target.protocol == Protocol::Tcp;
    const std::span<const Program> programs = tcp ? std::span<const Program>(tcp_programs) : udp_programs;
    for (const Program& program : programs) {
        newcomer.v6only = program.address.ends_with(" v6only");
        newcomer.address = *parse_address(program.address.substr(0, program.address.find(' ')));
        newcomer.family = newcomer.address.family;
        newcomer.reuseaddr = program.reuseaddr;
        if (target.address && target.address->family == Family::Inet && newcomer.family == Family::Inet6)
            continue;
        add(newcomer, program.shown, program.programs);
    }
    return lines;
}

} // namespace

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
    default:
        return {};
    }
}

std::string counted(const std::vector<const PortHolder*>& holders) {
    std::vector<std::string> parts;
    for (const KindWords& words : kind_words) {
        const auto count = std::count_if(holders.begin(), holders.end(), [&](const PortHolder* holder) {
            return kind_of(*holder) == words.kind;
        });
        if (count != 0) parts.push_back(fmt::format("{} {}", count, count == 1 ? words.one : words.many));
    }
    return enumerated(parts, " and ");
}

Explanation explain(const PortTarget& target, const PortTable& table, const PortHost& host,
                    std::optional<std::uint32_t> uid, const Names& names) {
    Explanation out;
    out.target = target;
    Newcomer asked;
    asked.protocol = target.protocol;
    asked.address = target.address.value_or(Address{Family::Inet6, {}, 0});
    asked.family = asked.address.family;
    const PortHolder self = holder_of(asked);
    std::vector<const PortHolder*> about;
    for (const PortHolder& holder : table.holders) {
        if (overlap(self, holder) == Truth::No) continue;
        about.push_back(&holder);
        out.rows.push_back(holder.row);
    }
    out.headline = headline_of(target, about, names);
    out.nat = host.nat_known;
    out.answers = answers_of(target, host, table.holders, names);
    out.binds = binds_of(target, host, table.holders, uid, names);
    for (const AnswerLine& line : out.answers)
        if (out.intercepted_by.empty()) out.intercepted_by = line.answer.intercepted_by;
    return out;
}

} // namespace netstat46
