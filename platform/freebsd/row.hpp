// FreeBSD as a row of the table of systems.
#pragma once

#include "system.hpp"

namespace netstat46 {

extern const System freebsd_system;

/// Its rows: which decoder reads which kernel interface.
std::span<const DecoderEntry> freebsd_decoders();

} // namespace netstat46
