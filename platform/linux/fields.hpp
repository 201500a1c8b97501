// What only Linux has of a socket, as data (format/field.hpp).
#pragma once

#include <span>

#include "format/field.hpp"

namespace netstat46 {

std::span<const Field> linux_fields();
std::span<const FieldGroup> linux_groups();

} // namespace netstat46
