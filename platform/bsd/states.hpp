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

/// The state of the kernel's number (netinet/tcp_fsm.h, TCPS_CLOSED and so on). Its ends are there
/// already.
inline void set_bsd_state(SocketRecord& record) {
    constexpr std::array states{
        State::Closed,      State::Listen,    State::SynSent,  State::SynReceived,
        State::Established, State::CloseWait, State::FinWait1, State::Closing,
        State::LastAck,     State::FinWait2,  State::TimeWait,
    };
    if (record.native_state >= 0 && static_cast<std::size_t>(record.native_state) < states.size())
        record.state = states[static_cast<std::size_t>(record.native_state)];
    if (record.state == State::Closed && record.local.port != 0 && record.foreign.port == 0)
        record.state = State::Bound;
}

} // namespace netstat46
