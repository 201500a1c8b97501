// What only FreeBSD has of a socket, as data (format/field.hpp).
#pragma once

#include <span>

#include "format/field.hpp"

namespace netstat46 {

std::span<const Field> freebsd_fields();
std::span<const FieldGroup> freebsd_groups();

} // namespace netstat46
