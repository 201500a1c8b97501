#include "freebsd/port_rules.hpp"

#include "bsd/port_rules.hpp"
#include "freebsd/facts.hpp"
#include "ports/questions.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

BsdKernel kernel_of(const PortHost& host) { return {true, host.major}; }

std::string_view refused_outright(const PortHost& host, const BindRequest& request,
                                  std::optional<bool> local) {
    return bsd_refused_outright(host, request, local, request.port < bsd_reserved_ports);
}

BindVerdict bind(const PortHost& host, const BindRequest& request,
                 std::span<const BoundSocket> bound_sockets) {
    return bsd_bind(kernel_of(host), request, bound_sockets);
}

AnswerVerdict answer(const PortHost& host, const Address& address, Cast cast,
                     std::span<const BoundSocket> bound_sockets) {
    return bsd_answer(kernel_of(host), address, cast, bound_sockets);
}

void settle(BoundSocket& bound, const SocketRecord& socket) {
    constexpr std::uint32_t so_reuseport_lb = 0x00010000; // sys/socket.h
    const std::optional<std::uint32_t> options = freebsd_facts(socket).options;
    bsd_settle(bound, socket, options);
    bound.balanced = (options.value_or(0) & so_reuseport_lb) != 0;
}

} // namespace

const PortRules freebsd_port_rules{refused_outright, bind, answer, settle, false};

} // namespace netstat46
