// The look and the grammar of Darwin's netstat: network_cmds-741 for macOS 13 and later and for everyone
// else's sockets, network_cmds-606 for what came before.
#pragma once

#include "format/dialect.hpp"

namespace netstat46 {

extern const Dialect darwin_dialect;

} // namespace netstat46
