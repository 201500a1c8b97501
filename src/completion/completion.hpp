// Completion functions for shells, made from the tables of options.
#pragma once

#include <string>
#include <string_view>

namespace netstat46 {

/// The functions for `bash`, `zsh` or `fish`, as the shell reads them.
std::string completion(std::string_view shell);

} // namespace netstat46
