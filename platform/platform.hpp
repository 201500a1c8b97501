// The one seam between platforms: what a live part is asked for, and what it gives.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "capture/raw_block.hpp"
#include "capture/request.hpp"
#include "record/owners.hpp"
#include "record/port_facts.hpp"

namespace netstat46 {

/// Asks the kernel. Blocks come in this order: owner and host tables, then sockets in the order of `tables`;
/// the kernel may be asked in another (few sockets first, then for their owners only). An interface that does
/// not exist is left out; one that is refused or gives nothing although it exists is a Problem and the next
/// follows. Blocks are named after their interface and hold the kernel's bytes as they came; nothing here
/// looks inside them further than it must to read on. Throws only if nothing at all can be read.
BlockReader live_blocks(const Request& request, ProblemSink problem);

/// This host, for headings, looks and manifests.
HostFacts live_host();

/// Whether the program's file gives this process rights that its caller lacks: set-user-id, set-group-id,
/// capabilities.
bool has_given_rights();

/// What decides over ports besides the sockets.
struct PortFacts {
    std::function<SocketOptions(const Owner&)> options; ///< of another process's socket, which stays as it is
    std::function<std::optional<bool>(const Address&)> is_local; ///< an address of this host
    std::vector<HostAddress> addresses;                          ///< of this host
    std::optional<std::vector<JoinedGroup>> groups;              ///< nothing: not told
    /// Whether another process's socket is a member itself; nothing where that cannot be asked.
    std::function<std::optional<bool>(const Owner&, const JoinedGroup&)> joined;
    std::function<bool(std::uint32_t uid)> may_bind_low; ///< bind(2) to privileged ports
    std::optional<std::uint16_t> first_unprivileged;     ///< where the kernel has a setting for it
    NatKnown nat;
    std::string nat_rules; ///< as parse_nat_rules() reads them; empty unless `nat` is Read
    /// What a process was started as, and the service manager's unit that it belongs to; unset: not asked
    /// for. What they give is as the process chose it.
    std::function<std::string(std::int32_t pid)> command_line, unit;
};

PortFacts live_port_facts();

} // namespace netstat46
