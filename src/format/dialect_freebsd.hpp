// The look and the grammar of FreeBSD's netstat.
#pragma once

#include "format/dialect.hpp"

namespace netstat46 {

Parsed parse_freebsd(std::span<const std::string> arguments, const ParseContext& context);

} // namespace netstat46
