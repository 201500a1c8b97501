// bind(2) and who answers on OpenBSD, as read in the sources of 7.3 to 7.8 (sys/netinet/in_pcb.c). Nobody
// measured them.
#pragma once

#include "ports/rules.hpp"

namespace netstat46::openbsd {

/// The asker's routing table.
std::uint32_t own_routing_table(const PortHost& host);

BindVerdict bind(const PortHost& host, const BindRequest& request,
                 std::span<const BoundSocket> bound_sockets);

AnswerVerdict answer(const PortHost& host, const Address& destination, Cast cast,
                     std::span<const BoundSocket> bound_sockets);

} // namespace netstat46::openbsd
