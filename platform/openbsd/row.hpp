// OpenBSD as a row of the table of systems.
#pragma once

#include "system.hpp"

namespace netstat46 {

extern const System openbsd_system;

/// Its rows: which decoder reads which kernel interface.
std::span<const DecoderEntry> openbsd_decoders();

} // namespace netstat46
