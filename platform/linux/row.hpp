// Linux as a row of the table of systems.
#pragma once

#include "system.hpp"

namespace netstat46 {

extern const System linux_system;

/// Its rows: which decoder reads which kernel interface.
std::span<const DecoderEntry> linux_decoders();

} // namespace netstat46
