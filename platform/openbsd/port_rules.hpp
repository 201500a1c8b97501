// OpenBSD's rules for ports.
#pragma once

#include "ports/rules.hpp"

namespace netstat46 {

extern const PortRules openbsd_port_rules;

} // namespace netstat46
