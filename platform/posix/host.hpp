// This host, as far as POSIX describes it.
#pragma once

#include "capture/raw_block.hpp"

namespace netstat46 {

/// Names of uname(2), the time now and the byte order.
HostFacts posix_host(const System& system);

} // namespace netstat46
