// Linux: what decides over ports besides the sockets.
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include "linux/live_command.hpp"
#include "linux/live_groups.hpp"
#include "linux/live_nat.hpp"
#include "linux/live_proc.hpp"
#include "linux/own_messages.hpp"
#include "parse.hpp"
#include "platform.hpp"
#include "posix/limits.hpp"
#include "posix/port_facts.hpp"

namespace netstat46 {
namespace {

constexpr int ipv6_multicast_all = 29; // linux/in6.h

std::optional<std::int32_t> number(int fd, int level, int name) {
    std::int32_t value = 0;
    socklen_t length = sizeof value;
    if (::getsockopt(fd, level, name, &value, &length) != 0) return std::nullopt;
    return value;
}

std::optional<bool> option(int fd, int level, int name) {
    const auto value = number(fd, level, name);
    return value ? std::optional(*value != 0) : std::nullopt;
}

/// Without descriptors, or memory for them, no answer that depends on options can be given.
Descriptor permitted(int fd) {
    if (fd < 0 && is_want(errno))
        throw std::runtime_error(fmt::format(linux_messages.socket_options, std::strerror(errno)));
    return Descriptor(fd);
}

/// A second descriptor of the owner's socket, which is only asked and then closed; -1: not permitted.
Descriptor second_descriptor(const Owner& bound) {
    if (bound.fd < 0) return Descriptor(-1);
    const Descriptor process = permitted(static_cast<int>(::syscall(SYS_pidfd_open, bound.pid, 0)));
    if (process.get() < 0) return Descriptor(-1);
    return permitted(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), bound.fd, 0)));
}

SocketOptions options_of(const Owner& bound) {
    const Descriptor socket = second_descriptor(bound);
    const int fd = socket.get();
    if (fd < 0) return {};
    SocketOptions options;
    options.reuseaddr = option(fd, SOL_SOCKET, SO_REUSEADDR);
    options.reuseport = option(fd, SOL_SOCKET, SO_REUSEPORT);
    options.v6only = option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    options.incoming_cpu = number(fd, SOL_SOCKET, SO_INCOMING_CPU);
    options.multicast_all = option(fd, IPPROTO_IP, IP_MULTICAST_ALL);
    options.multicast_all6 = option(fd, IPPROTO_IPV6, ipv6_multicast_all);
    return options;
}

/// The kernel has EADDRNOTAVAIL where the socket is not a member: net/ipv4/igmp.c, ip_mc_gsfget(), and
/// net/ipv6/mcast.c, ip6_mc_msfget(). IPv6 does not compare the interface when it delivers.
std::optional<bool> joined(const Owner& bound, const JoinedGroup& group) {
    const Descriptor socket = second_descriptor(bound);
    if (socket.get() < 0) return std::nullopt;
    group_filter filter{};
    filter.gf_interface = group.interface;
    const bool inet = group.group.family == Family::Inet;
    if (inet) {
        sockaddr_in name{};
        name.sin_family = AF_INET;
        std::memcpy(&name.sin_addr, group.group.bytes.data(), sizeof name.sin_addr);
        std::memcpy(&filter.gf_group, &name, sizeof name);
    } else {
        sockaddr_in6 name{};
        name.sin6_family = AF_INET6;
        std::memcpy(&name.sin6_addr, group.group.bytes.data(), sizeof name.sin6_addr);
        std::memcpy(&filter.gf_group, &name, sizeof name);
    }
    socklen_t length = sizeof filter;
    const int level = inet ? IPPROTO_IP : IPPROTO_IPV6;
    if (::getsockopt(socket.get(), level, MCAST_MSFILTER, &filter, &length) == 0) return true;
    return errno == EADDRNOTAVAIL ? std::optional(false) : std::nullopt;
}

unsigned prefix_of(const sockaddr& mask, Family family) {
    in6_addr bits{};
    if (family == Family::Inet6)
        std::memcpy(&bits, &reinterpret_cast<const sockaddr_in6&>(mask).sin6_addr, sizeof bits);
    else
        std::memcpy(&bits, &reinterpret_cast<const sockaddr_in&>(mask).sin_addr, sizeof(in_addr));
    unsigned length = 0;
    for (const std::uint8_t byte : bits.s6_addr) length += static_cast<unsigned>(std::popcount(byte));
    return length;
}

/// Whether that user's processes have CAP_NET_BIND_SERVICE: of this process it is known, of others only that
/// root's have it.
bool may_bind_low(std::uint32_t uid) {
    constexpr int net_bind_service = 10; // linux/capability.h
    if (uid != ::geteuid()) return uid == 0;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with("CapEff:\t")) continue;
        const auto capabilities = leading_number<std::uint64_t>(std::string_view(line).substr(8), 16);
        return (capabilities >> net_bind_service & 1) != 0;
    }
    return uid == 0;
}

std::uint16_t first_unprivileged() {
    std::ifstream file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    unsigned port = 1024;
    file >> port;
    return static_cast<std::uint16_t>(std::min(port, 65535U));
}

} // namespace

PortFacts live_port_facts() {
    PortFacts facts;
    facts.options = options_of;
    facts.is_local = bindable;
    facts.addresses = own_addresses(prefix_of);
    facts.groups = joined_groups();
    facts.joined = joined;
    facts.may_bind_low = may_bind_low;
    facts.first_unprivileged = first_unprivileged();
    NatListing nat = linux_nat_rules();
    facts.nat = std::move(nat.known);
    facts.nat_rules = std::move(nat.rules);
    facts.command_line = command_line_of;
    facts.unit = unit_of;
    return facts;
}

} // namespace netstat46
