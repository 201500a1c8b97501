// What only Linux has of a socket.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "record/socket_record.hpp"

namespace netstat46 {

/// A TCP connection (linux/tcp.h: struct tcp_info), as far as that kernel's version has it.
struct TcpFacts {
    std::array<char, 16> congestion{}; ///< the algorithm's name (TCP_CA_NAME_MAX), NUL-terminated
    std::optional<std::uint32_t> rtt_us, rttvar_us, rto_us;
    std::optional<std::uint32_t> snd_mss, rcv_mss, pmtu;         ///< bytes
    std::optional<std::uint32_t> cwnd, ssthresh;                 ///< segments
    std::optional<std::uint32_t> retransmitted, out_of_order;    ///< segments
    std::optional<std::uint32_t> last_sent_ms, last_received_ms; ///< since data went or came
    std::optional<std::uint64_t> bytes_sent, bytes_acked, bytes_received, bytes_retransmitted;
};

} // namespace netstat46
