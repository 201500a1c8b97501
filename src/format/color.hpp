// Colour for a terminal. Everything can be read without it.
#pragma once

#include <string>
#include <string_view>

#include "format/dialect.hpp"

namespace netstat46 {

/// Colours the states of `plan`'s sockets, and a V6ONLY of `no`.
void color_columns(Plan& plan);

/// Colours what is refused and what works in the answer to a question about ports.
std::string with_color(std::string_view answer);

} // namespace netstat46
