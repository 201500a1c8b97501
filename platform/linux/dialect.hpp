// The look and the grammar of net-tools 2.10.
#pragma once

#include "format/dialect.hpp"

namespace netstat46 {

extern const Dialect linux_dialect;

} // namespace netstat46
