// Where OpenBSD's struct kinfo_file (sys/sysctl.h) holds what: amd64 and arm64, the same from 7.0 on. It has
// grown at its end only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace netstat46::openbsd {

namespace kinfo_file {
inline constexpr std::size_t type = 16;               // u32 f_type
inline constexpr std::size_t uid = 40;                // u32 f_uid: of whoever opened the file
inline constexpr std::size_t vnode = 112;             // u64 v_un, of a unix socket's name
inline constexpr std::size_t socket_type = 272;       // u32 so_type
inline constexpr std::size_t socket_state = 276;      // u32 so_state
inline constexpr std::size_t pcb = 280;               // u64 so_pcb
inline constexpr std::size_t protocol = 288;          // u32 so_protocol
inline constexpr std::size_t family = 292;            // u32 so_family
inline constexpr std::size_t tcb = 296;               // u64 inp_ppcb
inline constexpr std::size_t local_port = 304;        // be16 in a field of u32
inline constexpr std::size_t local = 308;             // in6_addr; IPv4 in its first four bytes
inline constexpr std::size_t foreign_port = 324;      // be16 in a field of u32
inline constexpr std::size_t foreign = 328;           // in6_addr
inline constexpr std::size_t peer = 344;              // u64 unp_conn
inline constexpr std::size_t pid = 376;               // u32
inline constexpr std::size_t fd = 380;                // i32; below 0 no descriptor
inline constexpr std::size_t process_uid = 388;       // u32 p_uid
inline constexpr std::size_t command = 400;           // char[24]
inline constexpr std::size_t routing_table = 424;     // u32 inp_rtableid
inline constexpr std::size_t received = 448;          // u64 so_rcv_cc
inline constexpr std::size_t sent = 456;              // u64 so_snd_cc
inline constexpr std::size_t first_ref = 464;         // u64 unp_refs
inline constexpr std::size_t next_ref = 472;          // u64 unp_nextref
inline constexpr std::size_t path = 488;              // char[104]
inline constexpr std::size_t ip_protocol = 592;       // u32 inp_proto
inline constexpr std::size_t state = 596;             // u32 t_state
inline constexpr std::size_t receive_window = 600;    // u64 t_rcv_wnd
inline constexpr std::size_t send_window = 608;       // u64 t_snd_wnd
inline constexpr std::size_t congestion_window = 616; // u64 t_snd_cwnd
inline constexpr std::size_t size = 632;
inline constexpr std::size_t command_room = 24, path_room = 104;
inline constexpr std::size_t with_ends = 344; ///< up to here it says whose socket it is
} // namespace kinfo_file

inline constexpr std::uint32_t dtype_socket = 2;                        // f_type, sys/file.h
inline constexpr std::uint32_t af_unix = 1, af_inet = 2, af_inet6 = 24; // sys/socket.h
inline constexpr std::uint32_t stream = 1, datagram = 2, raw = 3;       // so_type, sys/socket.h
inline constexpr std::uint64_t withheld = ~std::uint64_t{0};            // so_pcb for others than root
inline constexpr std::uint32_t ss_nofdref = 0x1;                        // so_state, sys/socketvar.h
inline constexpr std::uint32_t ipproto_divert = 258;                    // netinet/in.h

} // namespace netstat46::openbsd
