// TCP states as every BSD's netstat names them.
#pragma once

#include <array>
#include <string_view>

#include "record/socket_record.hpp"

namespace netstat46 {

/// Empty if it is unknown.
constexpr std::string_view bsd_state_name(State state) {
    constexpr std::array<std::string_view, 13> names{
        "",           "CLOSED",     "CLOSED",  "LISTEN",   "SYN_SENT",   "SYN_RCVD", "ESTABLISHED",
        "CLOSE_WAIT", "FIN_WAIT_1", "CLOSING", "LAST_ACK", "FIN_WAIT_2", "TIME_WAIT"};
    return names[static_cast<std::size_t>(state)];
}

} // namespace netstat46
