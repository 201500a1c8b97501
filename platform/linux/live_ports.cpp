// Linux: what decides over ports besides the sockets.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include "linux/live_proc.hpp"
#include "parse.hpp"
#include "platform.hpp"
#include "posix/limits.hpp"
#include "posix/port_facts.hpp"

namespace netstat46 {
namespace {

std::optional<bool> option(int fd, int level, int name) {
    int value = 0;
    socklen_t length = sizeof value;
    if (::getsockopt(fd, level, name, &value, &length) != 0) return std::nullopt;
    return value != 0;
}

/// Without descriptors, or memory for them, no answer that depends on options is to be had.
SocketOptions not_told() {
    if (is_want(errno)) throw std::runtime_error(fmt::format("socket options: {}", std::strerror(errno)));
    return {};
}

/// pidfd_getfd(2) gives a second descriptor of the same socket, which is only asked and closed again.
SocketOptions options_of(const Holder& holder) {
    const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, holder.pid, 0)));
    if (holder.fd < 0) return {};
    if (process.get() < 0) return not_told();
    const Descriptor socket(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), holder.fd, 0)));
    if (socket.get() < 0) return not_told();
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

std::string output_of(const char* command) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command, "r"), ::pclose);
    std::string text;
    char buffer[4096];
    while (pipe) {
        const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe.get());
        if (got == 0) break;
        text.append(buffer, got);
    }
    return text;
}

/// Only root may ask. nft(8) does not write out all that iptables(8) makes; and iptables has two homes in the
/// kernel, of which the older one is asked only where it is in use: asking would load its modules.
std::string nat_rules() {
    if (::geteuid() != 0) return {};
    return output_of("PATH=/usr/sbin:/sbin:/usr/bin:/bin; exec 2>/dev/null;"
                     " for family in 4: 6:6; do echo \"# ipv${family%:*}\"; tables=ip${family#*:}tables;"
                     " $tables-nft-save -t nat;"
                     " if grep -qx nat /proc/net/ip${family#*:}_tables_names; then"
                     " $tables-legacy-save -t nat || $tables-save -t nat; fi; done;"
                     " echo '# nft'; nft list ruleset");
}

} // namespace

PortFacts live_port_facts() {
    PortFacts facts;
    facts.options = options_of;
    facts.is_local = bindable;
    facts.addresses = own_addresses();
    facts.may_bind_low = may_bind_low;
    facts.first_unprivileged = first_unprivileged();
    facts.nat_rules = nat_rules();
    return facts;
}

} // namespace netstat46
