// The look and the grammar of OpenBSD's netstat, 7.0 and later.
#pragma once

#include "format/dialect.hpp"

namespace netstat46 {

extern const Dialect openbsd_dialect;

} // namespace netstat46
