// A copy of the program whose file gives it rights that its caller lacks: set-user-id, set-group-id or file
// capabilities. It lists, and does nothing else for that caller.
#pragma once

#include <string_view>

#include "options.hpp"

namespace netstat46 {

/// In such a copy: the environment, which the caller chose, is empty from here on.
void forget_environment_of_caller();

/// In such a copy throws std::runtime_error: it does not do `what` (an option).
void refuse_with_given_rights(std::string_view what);

/// The same for what our options ask beyond a listing: to save, to replay, about a port.
void refuse_with_given_rights(const OwnOptions& ours);

} // namespace netstat46
