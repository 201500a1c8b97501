// What programs the portmapper of this host knows.
#pragma once

#include <cstddef>
#include <vector>

namespace netstat46 {

/// Fills `buffer` with lines as `portmap.tsv` has them. 0 or an errno; mostly nobody runs one.
int ask_portmapper(std::vector<std::byte>& buffer);

} // namespace netstat46
