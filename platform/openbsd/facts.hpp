// What only OpenBSD's records hold.
#pragma once

#include <cstdint>

#include "record/socket_record.hpp"

namespace netstat46 {

/// Numbers are those of struct kinfo_file.
struct OpenBsdFacts {
    std::uint32_t place = 0;  ///< of the record in the kernel's answer
    std::uint32_t family = 0; ///< so_family
    std::uint32_t type = 0, protocol = 0;
    std::uint32_t ip_protocol = 0; ///< inp_proto
    std::uint32_t local_port = 0,
                  foreign_port = 0; ///< the whole field in the host's byte order, of which a port is half
    std::uint32_t routing_table = 0, socket_state = 0;                        ///< so_state
    std::uint64_t receive_window = 0, send_window = 0, congestion_window = 0; ///< bytes
    bool has_pcb = false;                                                     ///< its address may be withheld
};

/// Those of a record; of another system's, what they would be here.
OpenBsdFacts openbsd_facts(const SocketRecord& socket);

} // namespace netstat46
