// The look and the grammar of Darwin's netstat.
#pragma once

#include "format/dialect.hpp"

namespace netstat46 {

Parsed parse_darwin(std::span<const std::string> arguments, const ParseContext& context);

} // namespace netstat46
