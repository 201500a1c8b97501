// What only FreeBSD has of a socket.
#pragma once

#include <array>
#include <cstdint>

#include "bsd/facts.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

/// xinpcb, xtcpcb.
struct FreeBsdFacts : BsdFacts {
    std::uint32_t tcp_flags = 0;
    std::array<std::int32_t, 6> timers_ms{}; ///< rexmt, persist, keep, 2msl, delack, rcvtime
    std::uint32_t send_window = 0, slow_start = 0, segment = 0, ecn = 0;
    std::uint32_t retransmitted = 0, out_of_order = 0, zero_windows = 0;
    std::uint32_t flow_id = 0, flow_type = 0, fib = 0;
    FixedText<32> stack;      ///< TCP_FUNCTION_NAME_LEN_MAX
    FixedText<16> congestion; ///< TCP_CA_NAME_MAX
    FixedText<64> log_id;     ///< TCP_LOG_ID_LEN
};

inline const FreeBsdFacts& freebsd_facts(const SocketRecord& socket) {
    return socket.own.get<FreeBsdFacts>();
}
inline FreeBsdFacts& freebsd_facts(SocketRecord& socket) { return socket.own.make<FreeBsdFacts>(); }

} // namespace netstat46
