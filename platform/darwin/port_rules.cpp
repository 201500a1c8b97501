#include "darwin/port_rules.hpp"

#include <algorithm>

#include "bsd/port_rules.hpp"
#include "darwin/facts.hpp"
#include "ports/questions.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// Darwin keeps these for itself (bsd/netinet/in_pcb.c, restricted_port_list): no holder, and EADDRINUSE all
/// the same.
bool is_kept(const BindRequest& request) {
    constexpr std::uint16_t kept[] = {62742, 62743, 61314, 61315};
    return std::find(std::begin(kept), std::end(kept), request.port) != std::end(kept) ||
           (request.protocol == Protocol::Tcp && request.port == 55555);
}

/// A low port wants a privilege only at a specific address.
std::string_view refused_outright(const PortHost& host, const BindRequest& request,
                                  std::optional<bool> local) {
    const bool privileged = request.port < bsd_reserved_ports && !is_unspecified(unmapped(request.address));
    const std::string_view error = bsd_refused_outright(host, request, local, privileged);
    return error.empty() && is_kept(request) ? "EADDRINUSE" : error;
}

BindVerdict bind(const PortHost& /*host*/, const BindRequest& request,
                 std::span<const BoundSocket> bound_sockets) {
    return bsd_bind({false, 0}, request, bound_sockets);
}

AnswerVerdict answer(const PortHost& /*host*/, const Address& address, Cast cast,
                     std::span<const BoundSocket> bound_sockets) {
    return bsd_answer({false, 0}, address, cast, bound_sockets);
}

void settle(BoundSocket& bound, const SocketRecord& socket) {
    bsd_settle(bound, socket, darwin_facts(socket).options);
}

} // namespace

const PortRules darwin_port_rules{refused_outright, bind, answer, settle, false};

} // namespace netstat46
