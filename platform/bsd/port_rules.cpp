#include "bsd/port_rules.hpp"

#include "ports/questions.hpp"
#include "record/address.hpp"

namespace netstat46 {

std::string_view bsd_refused_outright(const PortHost& host, const Newcomer& newcomer,
                                      std::optional<bool> local, bool privileged) {
    if (is_v4_mapped(newcomer.address) && newcomer.v6only) return "EINVAL";
    if (local == false) return "EADDRNOTAVAIL";
    return privileged && !host.permits_low_ports(*newcomer.uid) ? "EACCES" : "";
}

AnswerVerdict bsd_answer(const BsdKernel& kernel, const Address& destination, Cast cast,
                         std::span<const PortHolder> holders) {
    return cast == Cast::Unicast ? bsd_answer(kernel, destination, holders)
                                 : bsd_copies(kernel, destination, holders);
}

void bsd_settle(PortHolder& holder, const SocketRecord& socket) {
    constexpr std::uint32_t so_reuseaddr = 0x0004, so_reuseport = 0x0200; // sys/socket.h
    holder.ipv4 = truth(socket.serves.ipv4);
    holder.ipv6 = truth(socket.serves.ipv6);
    if (!socket.options) return;
    holder.reuseaddr = truth((*socket.options & so_reuseaddr) != 0);
    holder.reuseport = truth((*socket.options & so_reuseport) != 0);
}

} // namespace netstat46
