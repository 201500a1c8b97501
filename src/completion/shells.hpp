// The parts of completion.hpp, one per shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace netstat46 {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

/// The names of our options with values that are completed in that way: `--save`, `--replay`.
std::vector<std::string_view> options_completed(Completes way);

/// Whether the value of an option may be several, with commas between them.
inline bool takes_list(const OwnOption& option) { return option.form == "LIST"; }

} // namespace netstat46
