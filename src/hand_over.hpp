// Modes that are not socket lists belong to the system's own netstat.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "format/dialect.hpp"

namespace netstat46 {

/// Becomes the system's netstat (`netstat`, or `netstat.distrib` after a diversion; on PATH and not this
/// program) with `arguments`. Returns only if there is none: the line for standard error, which says what to
/// use instead, if there is anything. NETSTAT46_HANDED_OVER carries the programs tried, so that a wrapper
/// around us is not called twice.
std::string hand_over(const NativeMode& mode, std::span<const std::string> arguments);

} // namespace netstat46
