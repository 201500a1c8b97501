// Who answers on Linux: inet_lhash2_lookup(), udp4_lib_lookup2() and their IPv6 twins, behind the 4-tuple.
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
int score_of(const PortHolder& holder, const Packet& packet, bool asked) {
    const int device = holder.device == 0 ? 0 : holder.protocol == Protocol::Tcp || !packet.inet ? 1 : 4;
    const std::int32_t cpu = holder.incoming_cpu.value_or(no_cpu);
    const bool here = holder.incoming_cpu ? cpu != no_cpu && cpu == packet.cpu : asked;
    return device + (packet.inet && holder.family == Family::Inet ? 1 : 0) + (here ? 1 : 0);
}

Truth may_get(const PortHolder& holder, const Packet& packet) {
    if (holder.connected || (holder.protocol == Protocol::Tcp && holder.state != State::Listen))
        return Truth::No;
    if (holder.device != 0 && holder.device != packet.device) return Truth::No;
    return packet.inet ? holder.ipv4 : holder.ipv6;
}

/// reuseport_add_sock() puts them into one group, if both have SO_REUSEPORT.
bool same_group(const PortHolder& a, const PortHolder& b) {
    return a.family == b.family && a.ipv4 == b.ipv4 && a.device == b.device && a.uid == b.uid &&
           a.wildcard == b.wildcard && same_address(a.address, b.address);
}

/// The sockets bound to the destination, or the wildcards, in the order in which the kernel meets them.
using Chain = std::vector<const PortHolder*>;

/// The sockets that take turns with `one`.
std::vector<std::size_t> group_of(const PortHolder& one, const Chain& chain, const Packet& packet) {
    std::vector<std::size_t> rows;
    for (const PortHolder* other : chain) {
        if (may_get(*other, packet) != Truth::No && other->reuseport != Truth::No && same_group(one, *other))
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
    for (const PortHolder* holder : chain) {
        const Truth gets = may_get(*holder, packet);
        std::set<int> scores{score_of(*holder, packet, false), score_of(*holder, packet, true)};
        std::set<Walk> next;
        for (const Walk& now : walks) {
            for (const int score : scores) {
                const bool better = gets != Truth::No && score > now.score;
                if (!better || gets == Truth::Unknown) next.insert(now);
                if (!better) continue;
                if (holder->reuseport != Truth::Yes) next.insert({score, {holder->row}});
                if (holder->reuseport == Truth::No) continue;
                const std::vector<std::size_t> group = group_of(*holder, chain, packet);
                answers.insert(group);
                if (holder->protocol == Protocol::Udp) next.insert({score, group});
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
    for (const PortHolder* holder : met) {
        if (holder->wildcard)
            wildcards.push_back(holder);
        else if (same_address(holder->address, packet.destination))
            exact.push_back(holder);
    }
    Answers answers = walk(exact, packet);
    if (answers.erase(std::vector<std::size_t>{}) != 0) answers.merge(walk(wildcards, packet));
    return answers;
}

/// The orders that the rows leave open: which family's sockets come first. AF_INET6 ones with SO_REUSEPORT
/// are at the tail of a chain in any case.
std::vector<Chain> possible_orders(std::span<const PortHolder> holders) {
    Chain inet;
    Chain inet6;
    Chain tail;
    for (const PortHolder& holder : holders) {
        if (holder.family == Family::Inet)
            inet.push_back(&holder);
        else
            (holder.reuseport == Truth::Yes ? tail : inet6).push_back(&holder);
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
std::set<std::uint32_t> possible_devices(const Address& destination, std::span<const PortHolder> holders,
                                         const Interfaces& interfaces) {
    if (interfaces && !interfaces->empty()) return *interfaces;
    std::set<std::uint32_t> devices{loopback_device};
    if (is_loopback(destination)) return devices;
    devices.insert(0);
    for (const PortHolder& holder : holders) devices.insert(holder.device);
    return devices;
}

/// The processors that make a difference.
std::set<std::int32_t> possible_cpus(std::span<const PortHolder> holders) {
    std::set<std::int32_t> cpus{no_cpu};
    for (const PortHolder& holder : holders)
        if (!holder.connected) cpus.insert(std::max(holder.incoming_cpu.value_or(no_cpu), no_cpu));
    return cpus;
}

/// Everything that may come of it, and whether that depends on more than the sockets' own facts.
struct Outcomes {
    Answers answers;
    bool device_matters = false, cpu_matters = false, order_matters = false;
};

Outcomes outcomes_of(const Address& destination, std::span<const PortHolder> holders,
                     const std::set<std::uint32_t>& devices) {
    const std::vector<Chain> orders = possible_orders(holders);
    const std::set<std::int32_t> cpus = possible_cpus(holders);
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
Doubt unread_fact(const Address& destination, std::span<const PortHolder> holders,
                  const std::set<std::uint32_t>& devices) {
    const auto with = [&](std::optional<Truth> reach, std::optional<Truth> reuseport, bool cpus) {
        std::vector<PortHolder> known(holders.begin(), holders.end());
        for (PortHolder& holder : known) {
            if (reach && holder.ipv4 == Truth::Unknown) holder.ipv4 = *reach;
            if (reuseport && holder.reuseport == Truth::Unknown) holder.reuseport = *reuseport;
            if (cpus && !holder.incoming_cpu) holder.incoming_cpu = no_cpu;
        }
        return outcomes_of(destination, known, devices).answers;
    };
    constexpr Truth yes = Truth::Yes;
    constexpr Truth no = Truth::No;
    const Answers plain = with(no, no, true);
    if (with({}, no, true) != plain) return Doubt::V6Only;
    if (with(no, {}, true) != plain || with(yes, {}, true) != with(yes, no, true)) return Doubt::Option;
    return with(no, no, false) != plain ? Doubt::IncomingCpu : Doubt::None;
}

} // namespace

AnswerVerdict linux_answer(const Address& destination, std::span<const PortHolder> holders,
                           const Interfaces& interfaces) {
    const std::set<std::uint32_t> devices = possible_devices(destination, holders, interfaces);
    const Outcomes outcomes = outcomes_of(destination, holders, devices);

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
        outcomes.device_matters ? Doubt::Interface : unread_fact(destination, holders, devices);
    verdict.doubt = unread != Doubt::None    ? unread
                    : outcomes.cpu_matters   ? Doubt::Processor
                    : outcomes.order_matters ? Doubt::Order
                                             : Doubt::Group;
    return verdict;
}

} // namespace netstat46
