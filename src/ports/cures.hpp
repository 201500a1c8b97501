// What helps against a bind that is refused.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ports/port_table.hpp"
#include "ports/questions.hpp"

namespace netstat46 {

/// One thing to do, after which the rules allow the bind.
struct Cure {
    std::string text;                 ///< `set SO_REUSEADDR`, `stop pid 812`, `bind 127.0.0.1 only`
    BindRequest request;              ///< what is then bound
    std::vector<std::size_t> without; ///< rows that are gone by then
};

/// At most three, the one that changes least first. None for what is not refused.
std::vector<Cure> cures_of(const PortHost& host, const BindRequest& request, const PortTable& table,
                           const BindVerdict& verdict);

} // namespace netstat46
