#include "ports/destination.hpp"

#include <algorithm>

#include "ports/bound_socket.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

constexpr std::uint32_t loopback_device = 1; // LOOPBACK_IFINDEX, net/net_namespace.h
constexpr unsigned inet_bits = 32;

std::uint32_t number_of(const Address& address) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | address.bytes[i];
    return number;
}

/// The bits of the host within the network.
std::uint32_t host_bits(unsigned prefix) { return prefix >= inet_bits ? 0 : ~std::uint32_t{0} >> prefix; }

bool in_network(const Address& address, const HostAddress& own) {
    return address.family == Family::Inet && own.prefix != 0 &&
           same_leading_bits(address, own.address, own.prefix);
}

/// fib_add_ifaddr(): the broadcast address that was set, and the network's last one.
bool broadcasts(const HostAddress& own, const Address& address) {
    if (own.broadcast && same_address(*own.broadcast, address)) return true;
    constexpr unsigned longest = 30;
    return own.prefix <= longest && in_network(address, own) &&
           (number_of(address) & host_bits(own.prefix)) == host_bits(own.prefix);
}

bool is_everybody(const Address& address) {
    return address.family == Family::Inet && number_of(address) == ~std::uint32_t{0};
}

template <class Which>
std::set<std::uint32_t> interfaces_where(std::span<const HostAddress> own, Which which) {
    std::set<std::uint32_t> found;
    for (const HostAddress& each : own)
        if (which(each)) found.insert(each.interface);
    return found;
}

std::optional<std::set<std::uint32_t>> if_told(std::set<std::uint32_t> interfaces) {
    if (interfaces.empty() || interfaces.count(0) != 0) return std::nullopt;
    return interfaces;
}

} // namespace

Cast cast_of(const Address& address, std::span<const HostAddress> own) {
    if (is_multicast(address)) return Cast::Multicast;
    const auto here = [&](const HostAddress& each) { return same_address(each.address, address); };
    if (is_everybody(address)) return Cast::Broadcast;
    const bool broadcast = std::any_of(own.begin(), own.end(),
                                       [&](const HostAddress& each) { return broadcasts(each, address); });
    return broadcast && std::none_of(own.begin(), own.end(), here) ? Cast::Broadcast : Cast::Unicast;
}

std::optional<std::set<std::uint32_t>> arrival_interfaces(const Address& address,
                                                          std::span<const HostAddress> own) {
    if (address.scope != 0) return std::set<std::uint32_t>{address.scope};
    const Cast cast = cast_of(address, own);
    if (cast == Cast::Multicast || is_everybody(address)) return std::nullopt;
    if (cast == Cast::Broadcast)
        return if_told(
            interfaces_where(own, [&](const HostAddress& each) { return broadcasts(each, address); }));
    const auto holds = [&](const HostAddress& each) { return same_address(each.address, address); };
    if (std::any_of(own.begin(), own.end(), holds)) {
        auto interfaces = if_told(interfaces_where(own, holds));
        if (interfaces || !is_loopback(address)) return interfaces;
    }
    // All of a network on lo is local: 127.0.0.0/8, mostly.
    const bool of_lo = std::any_of(own.begin(), own.end(), [&](const HostAddress& each) {
        return each.interface == loopback_device && in_network(address, each);
    });
    if (of_lo || is_loopback(address)) return std::set<std::uint32_t>{loopback_device};
    return std::nullopt;
}

} // namespace netstat46
