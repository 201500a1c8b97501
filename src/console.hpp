// What the program prints besides rows: complaints, one line each.
#pragma once

#include <string_view>

#include "capture/raw_block.hpp"
#include "format/output.hpp"

namespace netstat46 {

/// Standard output and standard error of one run.
struct Console {
    Output out, error;
    bool error_is_terminal = false, out_is_terminal = false, out_is_pipe = false;
    bool may_color = false;  ///< a terminal, and NO_COLOR is not set
    std::size_t columns = 0; ///< of the terminal that standard output is; 0: none, or not known

    /// One line on standard error, after the program's name. Control characters are replaced.
    void complain(std::string_view line);

    /// complain(), as a sink of problems that lives as long as the console.
    ProblemSink problems() {
        return [this](const Problem& problem) { complain(problem.text); };
    }
};

} // namespace netstat46
