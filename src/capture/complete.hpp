// Completes the sockets of a kernel table from the host tables.
#pragma once

#include "capture/decoders.hpp"

namespace netstat46 {

/// Sockets as `decode` reads them from a table of `protocol`, completed from `tables`, which outlives it and
/// is read before. A unix socket is followed by the connections that wait for it in the kernel's order;
/// such a record may leave `rest` as it was.
SocketDecoder completed(SocketDecoder decode, Protocol protocol, const HostTables& tables);

} // namespace netstat46
