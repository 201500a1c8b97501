// The one seam between platforms: what a live part is asked for, and what it gives.
#pragma once

#include "capture/raw_block.hpp"
#include "capture/request.hpp"
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

/// Read anew at each call.
PortFacts live_port_facts();

} // namespace netstat46
