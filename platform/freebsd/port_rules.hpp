// FreeBSD's rules for ports.
#pragma once

#include "ports/rules.hpp"

namespace netstat46 {

extern const PortRules freebsd_port_rules;

} // namespace netstat46
