// The one seam between platforms: what a live part is asked for, and what it gives.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "capture/raw_block.hpp"
#include "record/names.hpp"
#include "record/owners.hpp"
#include "record/port_facts.hpp"
#include "record/ranges.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

/// A kernel table: one protocol, of one family or both. For unix neither family is set.
struct Table {
    Protocol protocol = Protocol::Tcp;
    bool inet = false, inet6 = false;
    std::uint32_t states = 0; ///< state_bit()s that the kernel may limit its answer to; 0: all
};

/// What may be left to the kernel, besides Table::states. A live part may ignore all of it: what it gives is
/// selected again.
struct KernelFilter {
    std::vector<PortRange> ports;                      ///< local or foreign; empty: all
    std::vector<PortRange> local_ports, foreign_ports; ///< empty: all
    std::vector<AddressRange> addresses;               ///< either side in any of them; empty: all

    [[nodiscard]] bool empty() const {
        return ports.empty() && local_ports.empty() && foreign_ports.empty() && addresses.empty();
    }
};

struct Request {
    std::vector<Table> tables; ///< in listing order; one may come again
    bool owners = false;
    bool holders =
        false; ///< every holder, with user and command; else the name of the one with the lowest pid
    bool leaders_only = false; ///< Linux: not the owners whose first thread has ended
    bool contexts = false;     ///< SELinux contexts of owners
    bool half_open = false;    ///< uid and retransmits of SYN_RECV sockets
    bool bound = false;        ///< bound-but-idle TCP sockets too
    bool tcp_info = false;     ///< TcpFacts; retransmits and probes apart, which half_open implies
    bool unix_peers = false;   ///< Linux: who is connected to whom, and queues of unix sockets
    bool everything = false;   ///< every interface of this system once, for a capture; `tables` is ignored
    KernelFilter filter;
};

/// Asks the kernel. Blocks come in this order: owner and side tables, then sockets in the order of `tables`;
/// the kernel may be asked in another (few sockets first, then for their owners only). An interface that does
/// not exist is left out; one that is refused or gives nothing although it exists is a Problem and the next
/// follows. Blocks are named after their interface and hold the kernel's bytes as they came; nothing here
/// looks inside them further than it must to read on. Throws only if nothing at all can be read.
BlockReader live_blocks(const Request& request, ProblemSink problem);

/// This host, for headings, looks and manifests.
HostFacts live_host();

/// What decides over ports besides the sockets.
struct PortFacts {
    std::function<SocketOptions(const Holder&)>
        options; ///< of another process's socket, which stays as it is
    std::function<std::optional<bool>(const Address&)> is_local; ///< an address of this host
    std::vector<Address> addresses;                              ///< of this host
    std::function<bool(std::uint32_t uid)> may_bind_low;         ///< bind(2) to privileged ports
    std::uint16_t first_unprivileged = 1024;
    NatKnown nat;
    std::string nat_rules; ///< as parse_nat_rules() reads them; empty unless `nat` is Read
};

PortFacts live_port_facts();

} // namespace netstat46
