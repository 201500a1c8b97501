// Host names of many sockets at once.
#pragma once

#include <functional>
#include <span>

#include "format/dialect.hpp"

namespace netstat46 {

/// Resolves the hosts that `plan` shows of some sockets, before their rows are written; empty if `names`
/// needs no time for that. `names` outlives it.
std::function<void(std::span<const SocketRecord>)> await_names(const Names& names, const Plan& plan);

} // namespace netstat46
