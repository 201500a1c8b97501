#include "posix/port_facts.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace netstat46 {
namespace {

std::optional<bool> try_bind(int family, const sockaddr* name, socklen_t length) {
    const int fd = ::socket(family, SOCK_DGRAM, 0);
    if (fd < 0) return std::nullopt;
    const int result = ::bind(fd, name, length);
    const int error = errno;
    ::close(fd);
    if (result == 0) return true;
    return error == EADDRNOTAVAIL || error == ENODEV ? std::optional(false) : std::nullopt;
}

std::optional<Address> address_of(const sockaddr* name) {
    if (name == nullptr) return std::nullopt;
    if (name->sa_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, name, sizeof in);
        Address address{Family::Inet, {}, 0};
        std::memcpy(address.bytes.data(), &in.sin_addr, sizeof in.sin_addr);
        return address;
    }
    if (name->sa_family != AF_INET6) return std::nullopt;
    sockaddr_in6 in{};
    std::memcpy(&in, name, sizeof in);
    Address address{Family::Inet6, {}, in.sin6_scope_id};
    std::memcpy(address.bytes.data(), &in.sin6_addr, sizeof in.sin6_addr);
    return address;
}

/// The index of the interface of that name. Linux has labels there: `eth0:1`.
std::uint32_t interface_of(std::string_view name) {
    return ::if_nametoindex(std::string(name.substr(0, name.find(':'))).c_str());
}

} // namespace

std::optional<bool> bindable(const Address& address) {
    if (address.family == Family::Inet) {
        sockaddr_in name{};
        name.sin_family = AF_INET;
        std::memcpy(&name.sin_addr, address.bytes.data(), sizeof name.sin_addr);
        return try_bind(AF_INET, reinterpret_cast<const sockaddr*>(&name), sizeof name);
    }
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_scope_id = address.scope;
    std::memcpy(&name.sin6_addr, address.bytes.data(), sizeof name.sin6_addr);
    return try_bind(AF_INET6, reinterpret_cast<const sockaddr*>(&name), sizeof name);
}

std::vector<HostAddress> own_addresses(PrefixOf prefix_of) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return {};
    std::vector<HostAddress> addresses;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        const auto address = address_of(entry->ifa_addr);
        if (!address) continue;
        HostAddress own{*address, interface_of(entry->ifa_name), 0, {}};
        if (prefix_of != nullptr && entry->ifa_netmask != nullptr)
            own.prefix = prefix_of(*entry->ifa_netmask, address->family);
        if (address->family == Family::Inet && (entry->ifa_flags & IFF_BROADCAST) != 0)
            own.broadcast = address_of(entry->ifa_broadaddr);
        addresses.push_back(own);
    }
    ::freeifaddrs(list);
    return addresses;
}

PortFacts port_facts_beside_tables(NatListing nat) {
    PortFacts facts;
    facts.options = [](const Owner&) { return SocketOptions{}; };
    facts.is_local = bindable;
    facts.addresses = own_addresses();
    facts.joined = [](const Owner&, const JoinedGroup&) { return std::optional<bool>{}; };
    facts.may_bind_low = [](std::uint32_t uid) { return uid == 0; };
    facts.nat = std::move(nat.known);
    facts.nat_rules = std::move(nat.rules);
    return facts;
}

} // namespace netstat46
