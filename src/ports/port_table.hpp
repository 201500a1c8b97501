// The sockets that hold one port, read from a source.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/source.hpp"
#include "ports/bound_socket.hpp"
#include "record/host_tables.hpp"
#include "record/no_owner.hpp"

namespace netstat46 {

struct PortTable {
    HostFacts host;
    Protocol protocol = Protocol::Tcp;
    std::uint16_t port = 0;
    std::vector<SocketRecord> sockets;      ///< with this local port, in the kernel's order
    std::vector<BoundSocket> bound_sockets; ///< of the same sockets: holders[i].row == i
    HostTables tables;
};

/// Linux: whether a UDP socket is one of the kernel's own (vxlan, wireguard): no process holds it although
/// every process was looked at.
bool is_kernels_own(const SocketRecord& socket, const HostTables& tables, const HostFacts& host);

/// Learns which of the sockets have joined these groups themselves, as far as `joined` knows.
void add_memberships(PortTable& table, std::span<const JoinedGroup> groups,
                     const std::function<std::optional<bool>(const Owner&, const JoinedGroup&)>& joined);

/// Reads the sockets of `protocol` on `port`, who holds them, and their options as far as `options` knows
/// them. `whole`: also every owner and what TCP has, as data needs it. Throws std::runtime_error, naming
/// the interface, if `source` is a capture without the table.
PortTable read_port_table(const Source& source, Protocol protocol, std::uint16_t port,
                          const std::function<SocketOptions(const Owner&)>& options,
                          const ProblemSink& problem, bool whole = false);

/// Of a socket that nobody is known to hold.
NoOwner why_no_owner(const PortTable& table, std::size_t row);

} // namespace netstat46
