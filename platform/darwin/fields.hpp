// What only Darwin has of a socket, as data (format/field.hpp).
#pragma once

#include <span>

#include "format/field.hpp"

namespace netstat46 {

std::span<const Field> darwin_fields();
std::span<const FieldGroup> darwin_groups();

} // namespace netstat46
