#include "linux/port_rules.hpp"

#include "ports/questions.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// In the order of __inet_bind() and __inet6_bind(): IPv6 asks for the privilege before it looks at the
/// address.
std::string_view refused_outright(const PortHost& host, const Newcomer& newcomer, std::optional<bool> local) {
    const bool inet6 = newcomer.family == Family::Inet6;
    const bool forbidden = newcomer.port < host.first_unprivileged && !host.permits_low_ports(*newcomer.uid);
    if (inet6 && newcomer.address.bytes[0] == 0xff && newcomer.protocol == Protocol::Tcp) return "EINVAL";
    if (inet6 && forbidden) return "EACCES";
    if (is_v4_mapped(newcomer.address) && newcomer.v6only) return "EINVAL";
    if (linux_needs_scope(newcomer.address) && newcomer.address.scope == 0) return "EINVAL";
    if (local == false) return "EADDRNOTAVAIL";
    return forbidden ? "EACCES" : "";
}

BindVerdict bind(const PortHost& /*host*/, const Newcomer& newcomer, std::span<const PortHolder> holders) {
    return linux_bind(newcomer, holders);
}

AnswerVerdict answer(const PortHost& host, const Address& address, Cast cast,
                     std::span<const PortHolder> holders) {
    const Interfaces interfaces = arrival_interfaces(address, host.addresses);
    return cast == Cast::Unicast ? linux_answer(address, holders, interfaces)
                                 : linux_copies(address, holders, interfaces, host.groups);
}

void settle(PortHolder& holder, const SocketRecord& socket) {
    constexpr std::uint8_t timer_timewait = 3; // linux/inet_diag.h, idiag_timer
    holder.time_wait =
        socket.state == State::TimeWait || (socket.timer && socket.timer->kind == timer_timewait);
    if (holder.family == Family::Inet6 && holder.connected) holder.v6only = Truth::Unknown;
    if (holder.address.scope == 0 && linux_needs_scope(holder.address)) holder.address.scope = holder.device;
    set_reach(holder);
}

} // namespace

const PortRules linux_port_rules{refused_outright, bind, answer, settle, true};

} // namespace netstat46
