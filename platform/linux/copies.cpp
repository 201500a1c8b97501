// Who gets a datagram to a multicast group or a broadcast address on Linux: __udp4_lib_mcast_deliver(),
// __udp6_lib_mcast_deliver(), and before them ip_check_mc_rcu(), ipv6_chk_mcast_addr(): whether the interface
// receives the group at all.
#include "linux/port_rules.hpp"

#include <map>

#include "record/address.hpp"

namespace netstat46 {
namespace {

/// A datagram that came in on one interface.
struct Datagram {
    Address destination;
    bool inet = false;
    std::uint32_t device = 0;         ///< 0: one that no socket is bound to
    Tristate filtered = Tristate::No; ///< some socket of the group takes only certain senders
};

/// Whether the socket is a member itself. IPv4 compares the interface, IPv6 does not (inet6_mc_check()).
Tristate member(const BoundSocket& bound, const Datagram& datagram) {
    Tristate joined = Tristate::Unknown;
    for (const Membership& each : bound.memberships) {
        if (!same_address(each.group, datagram.destination)) continue;
        if (datagram.inet && each.interface != datagram.device) continue;
        if (each.joined) return Tristate::Yes;
        joined = Tristate::No;
    }
    return joined;
}

/// ip_mc_sf_allow(), inet6_mc_check(): a member's own filter decides, for others the option.
Tristate group_allows(const BoundSocket& bound, const Datagram& datagram) {
    const Tristate others = datagram.inet ? bound.multicast_all : bound.multicast_all6;
    const Tristate joined = member(bound, datagram);
    if (joined == Tristate::Yes) return !datagram.filtered;
    if (joined == Tristate::No) return others;
    return others == Tristate::Yes && datagram.filtered == Tristate::No ? Tristate::Yes : Tristate::Unknown;
}

Tristate may_get(const BoundSocket& bound, const Datagram& datagram) {
    if (bound.connected) return Tristate::No;
    if (bound.device != 0 && bound.device != datagram.device) return Tristate::No;
    if (!bound.wildcard && !same_address(bound.address, datagram.destination)) return Tristate::No;
    const Tristate reach = datagram.inet ? bound.ipv4 : bound.ipv6;
    if (reach == Tristate::No || !is_multicast(datagram.destination)) return reach;
    return reach && group_allows(bound, datagram);
}

/// Where it may come in. A group comes in only where it was joined.
std::set<std::uint32_t> devices_of(const Address& destination, std::span<const BoundSocket> bound_sockets,
                                   const Interfaces& interfaces,
                                   const std::optional<std::vector<JoinedGroup>>& groups) {
    std::set<std::uint32_t> devices;
    if (is_multicast(destination) && groups) {
        for (const JoinedGroup& joined : *groups)
            if (same_address(joined.group, destination) &&
                (!interfaces || interfaces->count(joined.interface) != 0))
                devices.insert(joined.interface);
        return devices;
    }
    if (interfaces && !interfaces->empty()) return *interfaces;
    devices.insert(0);
    for (const BoundSocket& bound : bound_sockets) devices.insert(bound.device);
    return devices;
}

Tristate filtered(const Address& destination, std::uint32_t device,
                  const std::optional<std::vector<JoinedGroup>>& groups) {
    if (!groups) return Tristate::Unknown;
    return tristate(std::any_of(groups->begin(), groups->end(), [&](const JoinedGroup& joined) {
        return joined.filtered && joined.interface == device && same_address(joined.group, destination);
    }));
}

} // namespace

AnswerVerdict linux_copies(const Address& destination, std::span<const BoundSocket> bound_sockets,
                           const Interfaces& interfaces,
                           const std::optional<std::vector<JoinedGroup>>& groups) {
    AnswerVerdict verdict;
    verdict.copies = true;
    std::set<std::size_t> rows;
    std::set<std::set<std::size_t>> certain; ///< whom it surely reaches, by interface
    for (const std::uint32_t device : devices_of(destination, bound_sockets, interfaces, groups)) {
        const Datagram datagram{destination, destination.family == Family::Inet, device,
                                filtered(destination, device, groups)};
        std::set<std::size_t> surely;
        for (const BoundSocket& bound : bound_sockets) {
            const Tristate gets = may_get(bound, datagram);
            if (gets == Tristate::No) continue;
            rows.insert(bound.row);
            if (gets == Tristate::Yes)
                surely.insert(bound.row);
            else if (verdict.doubt != Doubt::Membership)
                verdict.doubt = (datagram.inet ? bound.ipv4 : bound.ipv6) == Tristate::Unknown
                                    ? Doubt::V6Only
                                    : Doubt::Membership;
        }
        certain.insert(surely);
    }
    verdict.who.assign(rows.begin(), rows.end());
    verdict.maybe_nobody = !rows.empty() && certain.count({}) != 0;
    if (certain.size() > 1 && verdict.doubt == Doubt::None) verdict.doubt = Doubt::Interface;
    // The host may not receive the group at all.
    if (is_multicast(destination) && !groups && !rows.empty()) {
        verdict.doubt = Doubt::Membership;
        verdict.maybe_nobody = true;
    }
    return verdict;
}

} // namespace netstat46
