// The sockets that hold one port, read from a source.
#pragma once

#include <functional>
#include <vector>

#include "capture/source.hpp"
#include "ports/holder.hpp"
#include "record/side_tables.hpp"

namespace netstat46 {

struct PortTable {
    HostFacts host;
    Protocol protocol = Protocol::Tcp;
    std::uint16_t port = 0;
    std::vector<SocketRecord> sockets; ///< with this local port, in the kernel's order; no views into blocks
    std::vector<PortHolder> holders;   ///< of the same sockets: holders[i].row == i
    SideTables side;
};

/// Reads the sockets of `protocol` on `port`, who holds them, and their options as far as `options` tells
/// them. Throws std::runtime_error, naming the interface, if `source` is a capture without the table.
PortTable read_port_table(const Source& source, Protocol protocol, std::uint16_t port,
                          const std::function<SocketOptions(const Holder&)>& options,
                          const ProblemSink& problem);

} // namespace netstat46
