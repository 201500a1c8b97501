// The look and the grammar of FreeBSD's netstat: 12 and 13, 14.0 to 14.3, and 14.4 with 15.
#pragma once

#include "format/dialect.hpp"

namespace netstat46 {

extern const Dialect freebsd_dialect;

} // namespace netstat46
