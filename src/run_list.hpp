// The socket list in its forms: once, repeated, as JSON, for the exit status alone, saved on the way.
#pragma once

#include "capture/source.hpp"
#include "console.hpp"
#include "format/dialect.hpp"
#include "options.hpp"

namespace netstat46 {

/// What --quiet exits with.
inline constexpr int matched = 0, nothing_matched = 1, in_trouble = 2;

/// Lists what the native options (`chosen`) and ours ask for, and gives the exit status.
int run_list(OwnOptions ours, Source source, ParsedOptions chosen, const Dialect& dialect, Console& console);

} // namespace netstat46
