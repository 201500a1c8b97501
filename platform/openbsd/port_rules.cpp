#include "openbsd/port_rules.hpp"

#include "bsd/port_rules.hpp"
#include "openbsd/facts.hpp"
#include "openbsd/rules.hpp"
#include "ports/questions.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// What in_pcbaddrisavail() and its like refuse. Ports that only root may bind come last, after the holders.
std::string_view refused_outright(const PortHost& host, const BindRequest& request,
                                  std::optional<bool> local) {
    const bool broadcast = cast_of(request.address, host.addresses) == Cast::Broadcast;
    if (is_v4_mapped(request.address) || (broadcast && request.protocol == Protocol::Tcp))
        return "EADDRNOTAVAIL";
    return bsd_refused_outright(host, request, local, false);
}

/// Its options and its user's right to the port are in no record.
void settle(BoundSocket& bound, const SocketRecord& socket) {
    bound.ipv4 = tristate(socket.serves.ipv4);
    bound.ipv6 = tristate(socket.serves.ipv6);
    bound.routing_table = openbsd_facts(socket).routing_table;
}

} // namespace

const PortRules openbsd_port_rules{refused_outright, openbsd::bind, openbsd::answer, settle, true, false};

} // namespace netstat46
