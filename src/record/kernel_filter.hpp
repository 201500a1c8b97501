// What a kernel may leave out of its answer.
#pragma once

#include <vector>

#include "record/ranges.hpp"

namespace netstat46 {

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

} // namespace netstat46
