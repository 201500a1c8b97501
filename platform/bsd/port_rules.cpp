#include "bsd/port_rules.hpp"

#include "bsd/facts.hpp"
#include "ports/questions.hpp"
#include "record/address.hpp"

namespace netstat46 {

std::string_view bsd_refused_outright(const PortHost& host, const BindRequest& request,
                                      std::optional<bool> local, bool privileged) {
    if (is_v4_mapped(request.address) && request.v6only) return "EINVAL";
    if (local == false) return "EADDRNOTAVAIL";
    return privileged && !host.permits_low_ports(*request.uid) ? "EACCES" : "";
}

AnswerVerdict bsd_answer(const BsdKernel& kernel, const Address& destination, Cast cast,
                         std::span<const BoundSocket> bound_sockets) {
    return cast == Cast::Unicast ? bsd_answer(kernel, destination, bound_sockets)
                                 : bsd_copies(kernel, destination, bound_sockets);
}

void bsd_settle(BoundSocket& bound, const SocketRecord& socket, std::optional<std::uint32_t> options) {
    bound.ipv4 = tristate(socket.serves.ipv4);
    bound.ipv6 = tristate(socket.serves.ipv6);
    if (!options) return;
    bound.reuseaddr = tristate((*options & so_reuseaddr) != 0);
    bound.reuseport = tristate((*options & so_reuseport) != 0);
}

} // namespace netstat46
