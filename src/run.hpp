// The whole program as a function: arguments and environment to exit status.
#pragma once

#include <span>
#include <string>

#include "console.hpp"

namespace netstat46 {

/// What a run may know besides its arguments.
struct Environment {
    std::string invoked_as = "netstat46"; ///< argv[0]
    std::string classic;                  ///< NETSTAT46_CLASSIC; empty if it is not set
    bool posixly_correct = false;         ///< POSIXLY_CORRECT is set
    bool no_bpf = false;                  ///< NETSTAT46_NO_BPF is set
};

/// Does what `arguments` (without argv[0]) ask for and returns the exit status. Never throws: what goes wrong
/// becomes one line on standard error.
int run(std::span<const std::string> arguments, const Environment& environment, Console& console);

} // namespace netstat46
