// Who answers on Linux: inet_lhash2_lookup(), udp4_lib_lookup2() and their IPv6 twins, after the 4-tuple.
#include "linux/port_rules.hpp"

#include <map>
#include <set>
#include <tuple>

#include "record/address.hpp"

namespace netstat46 {
namespace {

constexpr std::uint32_t loopback_device = 1;
constexpr std::int32_t no_cpu = -1;

/// What the rules are asked for: a packet that came in on one interface and is received by one processor.
struct Packet {
    Address destination;
    bool inet = false;
    std::uint32_t device = 0;  ///< 0: none that any socket is bound to
    std::int32_t cpu = no_cpu; ///< no_cpu: none that any socket asks for
};

/// What may come of a lookup: the rows of which one answers. Empty: nobody.
using Answers = std::set<std::vector<std::size_t>>;

/// compute_score(), less the peer's share. Where it is not known which processor the socket asks for, `asked`
/// decides.
int score_of(const BoundSocket& bound, const Packet& packet, bool asked) {
    const int device = bound.device == 0 ? 0 : bound.protocol == Protocol::Tcp || !packet.inet ? 1 : 4;
    const std::int32_t cpu = bound.incoming_cpu.value_or(no_cpu);
    const bool here = bound.incoming_cpu ? cpu != no_cpu && cpu == packet.cpu : asked;
    return device + (packet.inet && bound.family == Family::Inet ? 1 : 0) + (here ? 1 : 0);
}

Tristate may_get(const BoundSocket& bound, const Packet& packet) {
    if (bound.connected || (bound.protocol == Protocol::Tcp && bound.state != State::Listen))
        return Tristate::No;
    if (bound.device != 0 && bound.device != packet.device) return Tristate::No;
    return packet.inet ? bound.ipv4 : bound.ipv6;
}

/// reuseport_add_sock() puts them into one group, if both have SO_REUSEPORT.
bool same_group(const BoundSocket& a, const BoundSocket& b) {
    return a.family == b.family && a.ipv4 == b.ipv4 && a.device == b.device && a.uid == b.uid &&
           a.wildcard == b.wildcard && same_address(a.address, b.address);
}

/// The sockets bound to the destination, or the wildcards, in the order in which the kernel meets them.
using Chain = std::vector<const BoundSocket*>;

/// The sockets that take turns with `one`.
std::vector<std::size_t> group_of(const BoundSocket& one, const Chain& chain, const Packet& packet) {
    std::vector<std::size_t> rows;
    for (const BoundSocket* other : chain) {
        if (may_get(*other, packet) != Tristate::No && other->reuseport != Tristate::No &&
            same_group(one, *other))
            rows.push_back(other->row);
    }
    return rows;
}

/// A walk so far: the best score and whose it is.
struct Walk {
    int score = -1;
    std::vector<std::size_t> rows;

    friend bool operator<(const Walk& a, const Walk& b) { // libc++ 16 has no <=> for vectors
        return std::tie(a.score, a.rows) < std::tie(b.score, b.rows);
    }
};

/// Every way the walk may go: the highest score wins, of equals the first. A SO_REUSEPORT socket that scores
/// higher stands for its group and ends the walk; in UDP only if no member of the group was ever connected,
/// which cannot be seen: reuseport_has_conns().
Answers walk(const Chain& chain, const Packet& packet) {
    Answers answers;
    std::set<Walk> walks{Walk{}};
    for (const BoundSocket* bound : chain) {
        const Tristate gets = may_get(*bound, packet);
        std::set<int> scores{score_of(*bound, packet, false), score_of(*bound, packet, true)};
        std::set<Walk> next;
        for (const Walk& now : walks) {
            for (const int score : scores) {
                const bool better = gets != Tristate::No && score > now.score;
                if (!better || gets == Tristate::Unknown) next.insert(now);
                if (!better) continue;
                if (bound->reuseport != Tristate::Yes) next.insert({score, {bound->row}});
                if (bound->reuseport == Tristate::No) continue;
                const std::vector<std::size_t> group = group_of(*bound, chain, packet);
                answers.insert(group);
                if (bound->protocol == Protocol::Udp) next.insert({score, group});
            }
        }
        walks = std::move(next);
    }
    for (const Walk& end : walks) answers.insert(end.rows);
    return answers;
}

/// Bound to the destination first; wildcards only if there is none.
Answers answers_to(const Packet& packet, const Chain& met) {
    Chain exact;
    Chain wildcards;
    for (const BoundSocket* bound : met) {
        if (bound->wildcard)
            wildcards.push_back(bound);
        else if (same_address(bound->address, packet.destination))
            exact.push_back(bound);
    }
    Answers answers = walk(exact, packet);
    if (answers.erase(std::vector<std::size_t>{}) != 0) answers.merge(walk(wildcards, packet));
    return answers;
}

/// The orders that the rows leave open: which family's sockets come first. AF_INET6 ones with SO_REUSEPORT
/// are at the tail of a chain in any case.
std::vector<Chain> possible_orders(std::span<const BoundSocket> bound_sockets) {
    Chain inet;
    Chain inet6;
    Chain tail;
    for (const BoundSocket& bound : bound_sockets) {
        if (bound.family == Family::Inet)
            inet.push_back(&bound);
        else
            (bound.reuseport == Tristate::Yes ? tail : inet6).push_back(&bound);
    }
    Chain one = inet;
    one.insert(one.end(), inet6.begin(), inet6.end());
    Chain other = inet6;
    other.insert(other.end(), inet.begin(), inet.end());
    one.insert(one.end(), tail.begin(), tail.end());
    other.insert(other.end(), tail.begin(), tail.end());
    return {one, other};
}

/// The interfaces that make a difference.
std::set<std::uint32_t> possible_devices(const Address& destination,
                                         std::span<const BoundSocket> bound_sockets,
                                         const Interfaces& interfaces) {
    if (interfaces && !interfaces->empty()) return *interfaces;
    std::set<std::uint32_t> devices{loopback_device};
    if (is_loopback(destination)) return devices;
    devices.insert(0);
    for (const BoundSocket& bound : bound_sockets) devices.insert(bound.device);
    return devices;
}

/// The processors that make a difference.
std::set<std::int32_t> possible_cpus(std::span<const BoundSocket> bound_sockets) {
    std::set<std::int32_t> cpus{no_cpu};
    for (const BoundSocket& bound : bound_sockets)
        if (!bound.connected) cpus.insert(std::max(bound.incoming_cpu.value_or(no_cpu), no_cpu));
    return cpus;
}

/// Everything that may come of it, and whether that depends on more than the sockets' own facts.
struct Outcomes {
    Answers answers;
    bool device_matters = false, cpu_matters = false, order_matters = false;
};

Outcomes outcomes_of(const Address& destination, std::span<const BoundSocket> bound_sockets,
                     const std::set<std::uint32_t>& devices) {
    const std::vector<Chain> orders = possible_orders(bound_sockets);
    const std::set<std::int32_t> cpus = possible_cpus(bound_sockets);
    std::map<std::uint32_t, Answers> by_device;
    std::map<std::int32_t, Answers> by_cpu;
    std::vector<Answers> by_order(orders.size());
    Outcomes out;
    for (const std::uint32_t device : devices)
        for (const std::int32_t cpu : cpus)
            for (std::size_t order = 0; order < orders.size(); ++order) {
                const Packet packet{destination, destination.family == Family::Inet, device, cpu};
                const Answers answers = answers_to(packet, orders[order]);
                for (Answers* all : {&out.answers, &by_device[device], &by_cpu[cpu], &by_order[order]})
                    all->insert(answers.begin(), answers.end());
            }
    const auto differ = [](const auto& parts) {
        return std::any_of(parts.begin(), parts.end(),
                           [&](const auto& part) { return part.second != parts.begin()->second; });
    };
    out.device_matters = differ(by_device);
    out.cpu_matters = differ(by_cpu);
    out.order_matters = by_order.front() != by_order.back();
    return out;
}

/// What of the sockets is not known and makes a difference: that is tried with each answer to it.
Doubt unread_fact(const Address& destination, std::span<const BoundSocket> bound_sockets,
                  const std::set<std::uint32_t>& devices) {
    const auto with = [&](std::optional<Tristate> reach, std::optional<Tristate> reuseport, bool cpus) {
        std::vector<BoundSocket> known(bound_sockets.begin(), bound_sockets.end());
        for (BoundSocket& bound : known) {
            if (reach && bound.ipv4 == Tristate::Unknown) bound.ipv4 = *reach;
            if (reuseport && bound.reuseport == Tristate::Unknown) bound.reuseport = *reuseport;
            if (cpus && !bound.incoming_cpu) bound.incoming_cpu = no_cpu;
        }
        return outcomes_of(destination, known, devices).answers;
    };
    constexpr Tristate yes = Tristate::Yes;
    constexpr Tristate no = Tristate::No;
    const Answers plain = with(no, no, true);
    if (with({}, no, true) != plain) return Doubt::V6Only;
    if (with(no, {}, true) != plain || with(yes, {}, true) != with(yes, no, true)) return Doubt::Option;
    return with(no, no, false) != plain ? Doubt::IncomingCpu : Doubt::None;
}

} // namespace

AnswerVerdict linux_answer(const Address& destination, std::span<const BoundSocket> bound_sockets,
                           const Interfaces& interfaces) {
    const std::set<std::uint32_t> devices = possible_devices(destination, bound_sockets, interfaces);
    const Outcomes outcomes = outcomes_of(destination, bound_sockets, devices);

    AnswerVerdict verdict;
    std::set<std::size_t> rows;
    for (const std::vector<std::size_t>& answer : outcomes.answers) {
        rows.insert(answer.begin(), answer.end());
        verdict.maybe_nobody |= answer.empty() && outcomes.answers.size() > 1;
    }
    verdict.who.assign(rows.begin(), rows.end());
    if (outcomes.answers.size() == 1) {
        verdict.doubt = rows.size() > 1 ? Doubt::Group : Doubt::None;
        return verdict;
    }
    const Doubt unread =
        outcomes.device_matters ? Doubt::Interface : unread_fact(destination, bound_sockets, devices);
    verdict.doubt = unread != Doubt::None    ? unread
                    : outcomes.cpu_matters   ? Doubt::Processor
                    : outcomes.order_matters ? Doubt::Order
                                             : Doubt::Group;
    return verdict;
}

} // namespace netstat46
