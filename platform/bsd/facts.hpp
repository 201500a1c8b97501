// What the records of all BSDs have of a socket, Darwin's included.
#pragma once

#include <cstdint>
#include <optional>

namespace netstat46 {

/// Send and receive buffer limits and counts (BSD's sockbuf).
struct BufferFacts {
    std::uint32_t high_water = 0;
    std::uint32_t low_water = 0;
    std::uint32_t mbuf_bytes = 0;
    std::uint32_t mbuf_limit = 0;
    std::uint32_t mbufs = 0, clusters = 0; ///< FreeBSD 13 and older
};

/// The members of struct socket and struct inpcb under their kernel names.
struct BsdFacts {
    std::optional<std::uint32_t> options; ///< so_options, where the kernel gives them
    std::uint32_t socket_state = 0;       ///< so_state
    std::uint32_t pcb_flags = 0;          ///< inp_flags
    std::uint32_t vflag = 0;              ///< inp_vflag as it came
    std::int16_t socket_type = 0;         ///< xso_type
    std::int32_t socket_protocol = 0;     ///< xso_protocol
    BufferFacts receive, send;
};

// sys/socket.h and sys/socketvar.h, the same on all of them.
inline constexpr std::uint32_t so_acceptconn = 0x2, so_reuseaddr = 0x4, so_reuseport = 0x200;
inline constexpr std::uint32_t ss_nofdref = 0x1;

} // namespace netstat46
