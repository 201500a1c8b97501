// What only OpenBSD has of a socket, as data.
#pragma once

#include <span>

#include "format/field.hpp"

namespace netstat46 {

std::span<const Field> openbsd_fields();
std::span<const FieldGroup> openbsd_groups();

} // namespace netstat46
