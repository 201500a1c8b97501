// The systems whose sockets can be listed. systems.cpp is the only file that names them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "system.hpp"

namespace netstat46 {

/// Every system, in the order in which messages list them.
std::span<const System* const> systems();

/// The system of that name, or null.
const System* system_named(std::string_view name);

/// Their names: `linux, darwin, freebsd or openbsd`.
std::string system_names();

} // namespace netstat46
