// The look and the grammar of net-tools 2.10.
#pragma once

#include "format/dialect.hpp"

namespace netstat46 {

Parsed parse_linux(std::span<const std::string> arguments, const ParseContext& context);

} // namespace netstat46
