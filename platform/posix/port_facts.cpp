#include "posix/port_facts.hpp"

#include <cerrno>
#include <cstring>

#include <ifaddrs.h>
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

std::vector<Address> own_addresses() {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return {};
    std::vector<Address> addresses;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        const int family = entry->ifa_addr == nullptr ? AF_UNSPEC : entry->ifa_addr->sa_family;
        Address address;
        if (family == AF_INET) {
            sockaddr_in in{};
            std::memcpy(&in, entry->ifa_addr, sizeof in);
            address.family = Family::Inet;
            std::memcpy(address.bytes.data(), &in.sin_addr, sizeof in.sin_addr);
        } else if (family == AF_INET6) {
            sockaddr_in6 in{};
            std::memcpy(&in, entry->ifa_addr, sizeof in);
            address.family = Family::Inet6;
            std::memcpy(address.bytes.data(), &in.sin6_addr, sizeof in.sin6_addr);
        } else {
            continue;
        }
        addresses.push_back(address);
    }
    ::freeifaddrs(list);
    return addresses;
}

PortFacts port_facts_beside_tables() {
    PortFacts facts;
    facts.options = [](const Holder&) { return SocketOptions{}; };
    facts.is_local = bindable;
    facts.addresses = own_addresses();
    facts.may_bind_low = [](std::uint32_t uid) { return uid == 0; };
    return facts;
}

} // namespace netstat46
