#include "openbsd/facts.hpp"

#include "openbsd/wire.hpp"

namespace netstat46 {
namespace {

using namespace openbsd;

std::uint32_t family_number(Family family) {
    return family == Family::Inet ? af_inet : family == Family::Inet6 ? af_inet6 : af_unix;
}

/// What another system's socket would be here. Ports are numbers as a little endian host loads them.
OpenBsdFacts facts_as_here(const SocketRecord& socket) {
    const auto loaded = [](std::uint16_t port) -> std::uint32_t { return port >> 8U | (port & 0xffU) << 8U; };
    OpenBsdFacts facts;
    facts.family = family_number(socket.family);
    facts.type = socket.protocol == Protocol::Tcp    ? stream
                 : socket.protocol == Protocol::Unix ? unix_facts(socket).type
                 : socket.protocol == Protocol::Raw  ? raw
                                                     : datagram;
    facts.protocol = socket.protocol == Protocol::Tcp   ? 6
                     : socket.protocol == Protocol::Udp ? 17
                                                        : socket.ip_protocol;
    facts.ip_protocol = socket.ip_protocol;
    if (socket.protocol != Protocol::Raw) { // whose ports are protocols on Linux
        facts.local_port = loaded(socket.local.port);
        facts.foreign_port = loaded(socket.foreign.port);
    }
    facts.has_pcb = true;
    return facts;
}

} // namespace

OpenBsdFacts openbsd_facts(const SocketRecord& socket) {
    return socket.own.has<OpenBsdFacts>() ? socket.own.get<OpenBsdFacts>() : facts_as_here(socket);
}

} // namespace netstat46
