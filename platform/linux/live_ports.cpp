// Linux: what decides over ports besides the sockets.
#include <fstream>
#include <string>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/live_nat.hpp"
#include "linux/live_proc.hpp"
#include "parse.hpp"
#include "platform.hpp"
#include "posix/port_facts.hpp"

namespace netstat46 {
namespace {

std::optional<bool> option(int fd, int level, int name) {
    int value = 0;
    socklen_t length = sizeof value;
    if (::getsockopt(fd, level, name, &value, &length) != 0) return std::nullopt;
    return value != 0;
}

/// pidfd_getfd(2) gives a second descriptor of the same socket, which is only asked and closed again.
SocketOptions options_of(const Holder& holder) {
    const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, holder.pid, 0)));
    if (process.get() < 0 || holder.fd < 0) return {};
    const Descriptor socket(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), holder.fd, 0)));
    if (socket.get() < 0) return {};
    return {option(socket.get(), SOL_SOCKET, SO_REUSEADDR), option(socket.get(), SOL_SOCKET, SO_REUSEPORT),
            option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY)};
}

/// CAP_NET_BIND_SERVICE of this process; of others only root is known to have it.
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
    facts.addresses = own_addresses();
    facts.may_bind_low = may_bind_low;
    facts.first_unprivileged = first_unprivileged();
    NatListing nat = linux_nat_rules();
    facts.nat = std::move(nat.known);
    facts.nat_rules = std::move(nat.rules);
    return facts;
}

} // namespace netstat46
