// What this process may still have of the system.
#pragma once

#include <cstddef>

namespace netstat46 {

/// How many more descriptors may be opened, counted up to `most`.
std::size_t descriptors_left(std::size_t most);

/// Whether `error`, errno of a call, is for want of descriptors or memory.
bool is_want(int error);

} // namespace netstat46
