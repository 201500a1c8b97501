// The look and the grammar of net-tools 2.10.
#pragma once

#include "arguments.hpp"
#include "format/dialect.hpp"

namespace netstat46 {

Parsed parse_linux(std::span<const std::string> arguments, const ParseContext& context);

/// The long options that it knows; the other systems' netstats have none.
std::span<const LongOption> linux_long_options();

} // namespace netstat46
