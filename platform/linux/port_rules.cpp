#include "linux/port_rules.hpp"

#include "ports/questions.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// In the order of __inet_bind() and __inet6_bind(): IPv6 asks for the privilege before it looks at the
/// address.
std::string_view refused_outright(const PortHost& host, const BindRequest& request,
                                  std::optional<bool> local) {
    const bool inet6 = request.family == Family::Inet6;
    const bool forbidden = request.port < host.first_unprivileged && !host.permits_low_ports(*request.uid);
    if (inet6 && request.address.bytes[0] == 0xff && request.protocol == Protocol::Tcp) return "EINVAL";
    if (inet6 && forbidden) return "EACCES";
    if (is_v4_mapped(request.address) && request.v6only) return "EINVAL";
    if (linux_needs_scope(request.address) && request.address.scope == 0) return "EINVAL";
    if (local == false) return "EADDRNOTAVAIL";
    return forbidden ? "EACCES" : "";
}

BindVerdict bind(const PortHost& /*host*/, const BindRequest& request,
                 std::span<const BoundSocket> bound_sockets) {
    return linux_bind(request, bound_sockets);
}

AnswerVerdict answer(const PortHost& host, const Address& address, Cast cast,
                     std::span<const BoundSocket> bound_sockets) {
    const Interfaces interfaces = arrival_interfaces(address, host.addresses);
    return cast == Cast::Unicast ? linux_answer(address, bound_sockets, interfaces)
                                 : linux_copies(address, bound_sockets, interfaces, host.groups);
}

void settle(BoundSocket& bound, const SocketRecord& socket) {
    constexpr std::uint8_t timer_timewait = 3; // linux/inet_diag.h, idiag_timer
    bound.time_wait =
        socket.state == State::TimeWait || (socket.timer && socket.timer->kind == timer_timewait);
    if (bound.family == Family::Inet6 && bound.connected) bound.v6only = Tristate::Unknown;
    if (bound.address.scope == 0 && linux_needs_scope(bound.address)) bound.address.scope = bound.device;
    set_reach(bound);
}

} // namespace

const PortRules linux_port_rules{refused_outright, bind, answer, settle, true};

} // namespace netstat46
