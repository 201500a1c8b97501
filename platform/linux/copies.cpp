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
    std::uint32_t device = 0;   ///< 0: one that no socket is bound to
    Truth filtered = Truth::No; ///< some socket of the group takes only certain senders
};

/// Whether the socket is a member itself. IPv4 compares the interface, IPv6 does not (inet6_mc_check()).
Truth member(const PortHolder& holder, const Datagram& datagram) {
    Truth joined = Truth::Unknown;
    for (const Membership& each : holder.memberships) {
        if (!same_address(each.group, datagram.destination)) continue;
        if (datagram.inet && each.interface != datagram.device) continue;
        if (each.joined) return Truth::Yes;
        joined = Truth::No;
    }
    return joined;
}

/// ip_mc_sf_allow(), inet6_mc_check(): a member's own filter decides, for others the option.
Truth group_allows(const PortHolder& holder, const Datagram& datagram) {
    const Truth others = datagram.inet ? holder.multicast_all : holder.multicast_all6;
    const Truth joined = member(holder, datagram);
    if (joined == Truth::Yes) return !datagram.filtered;
    if (joined == Truth::No) return others;
    return others == Truth::Yes && datagram.filtered == Truth::No ? Truth::Yes : Truth::Unknown;
}

Truth may_get(const PortHolder& holder, const Datagram& datagram) {
    if (holder.connected) return Truth::No;
    if (holder.device != 0 && holder.device != datagram.device) return Truth::No;
    if (!holder.wildcard && !same_address(holder.address, datagram.destination)) return Truth::No;
    const Truth reach = datagram.inet ? holder.ipv4 : holder.ipv6;
    if (reach == Truth::No || !is_multicast(datagram.destination)) return reach;
    return reach && group_allows(holder, datagram);
}

/// Where it may come in. A group comes in only where it was joined.
std::set<std::uint32_t> devices_of(const Address& destination, std::span<const PortHolder> holders,
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
    for (const PortHolder& holder : holders) devices.insert(holder.device);
    return devices;
}

Truth filtered(const Address& destination, std::uint32_t device,
               const std::optional<std::vector<JoinedGroup>>& groups) {
    if (!groups) return Truth::Unknown;
    return truth(std::any_of(groups->begin(), groups->end(), [&](const JoinedGroup& joined) {
        return joined.filtered && joined.interface == device && same_address(joined.group, destination);
    }));
}

} // namespace

AnswerVerdict linux_copies(const Address& destination, std::span<const PortHolder> holders,
                           const Interfaces& interfaces,
                           const std::optional<std::vector<JoinedGroup>>& groups) {
    AnswerVerdict verdict;
    verdict.copies = true;
    std::set<std::size_t> rows;
    std::set<std::set<std::size_t>> certain; ///< whom it surely reaches, by interface
    for (const std::uint32_t device : devices_of(destination, holders, interfaces, groups)) {
        const Datagram datagram{destination, destination.family == Family::Inet, device,
                                filtered(destination, device, groups)};
        std::set<std::size_t> surely;
        for (const PortHolder& holder : holders) {
            const Truth gets = may_get(holder, datagram);
            if (gets == Truth::No) continue;
            rows.insert(holder.row);
            if (gets == Truth::Yes)
                surely.insert(holder.row);
            else if (verdict.doubt != Doubt::Membership)
                verdict.doubt = (datagram.inet ? holder.ipv4 : holder.ipv6) == Truth::Unknown
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
