// A listing in a narrow terminal.
#pragma once

#include <cstddef>

#include "format/dialect.hpp"

namespace netstat46 {

/// Makes the rows of internet sockets as wide as `width`, by their columns' nominal widths: without the
/// queues, then with less of the owner's name, last with less of the addresses, never of ports.
void fit_to(Plan& plan, std::size_t width);

} // namespace netstat46
