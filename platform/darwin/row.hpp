// macOS as a row of the table of systems.
#pragma once

#include "system.hpp"

namespace netstat46 {

extern const System darwin_system;

/// Its rows: which decoder reads which kernel interface.
std::span<const DecoderEntry> darwin_decoders();

} // namespace netstat46
