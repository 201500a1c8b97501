// What only Darwin has of a socket.
#pragma once

#include <cstdint>

#include "bsd/facts.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

/// Darwin's kernel control registrations, event sockets and control sockets.
struct KernelControlFacts {
    std::uint32_t id = 0;
    std::int32_t unit = 0;
    std::uint32_t flags = 0;
    std::int32_t pcb_count = 0, receive_size = 0, send_size = 0;
    std::int32_t vendor = 0, event_class = 0, subclass = 0;
    FixedText<96> name; ///< MAX_KCTL_NAME
};

/// xsocket_n, xsockstat_n, xinpcb_n.
struct DarwinFacts : BsdFacts {
    std::uint64_t pcb_generation = 0;
    std::uint64_t socket_generation = 0;
    std::uint64_t rx_packets = 0, rx_bytes = 0, tx_packets = 0, tx_bytes = 0;
    std::uint32_t flags = 0, flags1 = 0, flags2 = 0, flow_hash = 0, filter_flags = 0;
    std::int32_t use_count = 0, retain_count = 0;
    bool has_packet_counts = false;
    KernelControlFacts control;
};

inline const DarwinFacts& darwin_facts(const SocketRecord& socket) { return socket.own.get<DarwinFacts>(); }
inline DarwinFacts& darwin_facts(SocketRecord& socket) { return socket.own.make<DarwinFacts>(); }

} // namespace netstat46
