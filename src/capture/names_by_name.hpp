// What a capture calls by a name.
#pragma once

#include "capture/source.hpp"
#include "record/names.hpp"

namespace netstat46 {

/// Ports, users and interfaces by their names, found in the host tables at every question, so that nothing of
/// them is kept. All else has no name.
Names names_by_name(const Source& source);

} // namespace netstat46
