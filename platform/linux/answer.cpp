// Who answers on Linux: inet_lhash2_lookup(), udp4_lib_lookup2() and their IPv6 twins, behind the 4-tuple.
#include "linux/port_rules.hpp"

#include <set>
#include <tuple>

#include "record/address.hpp"

namespace netstat46 {
namespace {

constexpr std::uint32_t loopback_device = 1;

/// What the rules are asked for: a packet that came in on one interface.
struct Packet {
    Address destination;
    bool inet = false;
    std::uint32_t device = 0; ///< 0: none that any socket is bound to
};

/// What may come of a lookup: the rows of which one answers. Empty: nobody.
using Answers = std::set<std::vector<std::size_t>>;

/// compute_score(), less the processor's share (SO_INCOMING_CPU) and the peer's.
int score_of(const PortHolder& holder, const Packet& packet) {
    const int device = holder.device == 0 ? 0 : holder.protocol == Protocol::Tcp || !packet.inet ? 1 : 4;
    return device + (packet.inet && holder.family == Family::Inet ? 1 : 0);
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
        const int score = score_of(*holder, packet);
        std::set<Walk> next;
        for (const Walk& now : walks) {
            const bool better = gets != Truth::No && score > now.score;
            if (!better || gets == Truth::Unknown) next.insert(now);
            if (!better) continue;
            if (holder->reuseport != Truth::Yes) next.insert({score, {holder->row}});
            if (holder->reuseport == Truth::No) continue;
            const std::vector<std::size_t> group = group_of(*holder, chain, packet);
            answers.insert(group);
            if (holder->protocol == Protocol::Udp) next.insert({score, group});
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

/// The interfaces that make a difference: what a host says to itself comes in on lo.
std::set<std::uint32_t> possible_devices(const Address& destination, std::span<const PortHolder> holders) {
    std::set<std::uint32_t> devices{loopback_device};
    if (is_loopback(destination)) return devices;
    devices.insert(0);
    for (const PortHolder& holder : holders) devices.insert(holder.device);
    return devices;
}

/// What of the sockets is not known.
Doubt unread_facts(std::span<const PortHolder> holders) {
    const auto any = [&](Truth PortHolder::*fact) {
        return std::any_of(holders.begin(), holders.end(), [&](const PortHolder& holder) {
            return !holder.connected && holder.*fact == Truth::Unknown;
        });
    };
    return any(&PortHolder::ipv4)        ? Doubt::V6Only
           : any(&PortHolder::reuseport) ? Doubt::Option
                                         : Doubt::Group;
}

} // namespace

AnswerVerdict linux_answer(const Address& destination, std::span<const PortHolder> holders) {
    const auto union_of = [](const std::vector<Answers>& all) {
        Answers together;
        for (const Answers& answers : all) together.insert(answers.begin(), answers.end());
        return together;
    };
    std::vector<Answers> by_device;
    bool order_matters = false;
    for (const std::uint32_t device : possible_devices(destination, holders)) {
        const Packet packet{destination, destination.family == Family::Inet, device};
        std::vector<Answers> by_order;
        for (const Chain& order : possible_orders(holders)) by_order.push_back(answers_to(packet, order));
        order_matters |= by_order.front() != by_order.back();
        by_device.push_back(union_of(by_order));
    }
    const bool device_matters = std::any_of(by_device.begin(), by_device.end(),
                                            [&](const Answers& a) { return a != by_device.front(); });
    const Answers answers = union_of(by_device);

    AnswerVerdict verdict;
    std::set<std::size_t> rows;
    for (const std::vector<std::size_t>& answer : answers) {
        rows.insert(answer.begin(), answer.end());
        verdict.maybe_nobody |= answer.empty() && answers.size() > 1;
    }
    verdict.who.assign(rows.begin(), rows.end());
    if (answers.size() == 1) {
        verdict.doubt = rows.size() > 1 ? Doubt::Group : Doubt::None;
    } else {
        const Doubt unread = unread_facts(holders);
        verdict.doubt = device_matters          ? Doubt::Interface
                        : unread != Doubt::None ? unread
                        : order_matters         ? Doubt::Order
                                                : Doubt::Group;
    }
    return verdict;
}

} // namespace netstat46
