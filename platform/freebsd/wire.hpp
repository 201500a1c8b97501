// Where FreeBSD's exported records hold what (12 to 15; 11 and older exported kernel structs of other sizes).
#pragma once

#include <cstddef>
#include <cstdint>

namespace netstat46::freebsd {

/// struct xinpgen (netinet/in_pcb.h) and struct xunpgen (sys/unpcb.h): header and trailer of a list. Both
/// start alike.
namespace gen {
inline constexpr std::size_t length = 0;      // u64, of the header itself
inline constexpr std::size_t count = 8;       // u32
inline constexpr std::size_t generation = 16; // u64
inline constexpr std::size_t inet_size = 64;
inline constexpr std::size_t unix_size = 32;
} // namespace gen

/// struct xsockbuf (sys/socketvar.h), from its own start.
namespace sockbuf {
inline constexpr std::size_t bytes = 0;       // u32 sb_cc
inline constexpr std::size_t high_water = 4;  // u32
inline constexpr std::size_t mbuf_bytes = 8;  // u32
inline constexpr std::size_t mbufs = 12;      // u32, 13 and older
inline constexpr std::size_t clusters = 16;   // u32, 13 and older
inline constexpr std::size_t mbuf_limit = 20; // u32
inline constexpr std::size_t low_water = 24;  // i32
} // namespace sockbuf

/// struct xsocket (sys/socketvar.h), from its own start.
namespace xsocket {
inline constexpr std::size_t socket = 8;       // u64 xso_so
inline constexpr std::size_t pcb = 16;         // u64 so_pcb
inline constexpr std::size_t protocol = 96;    // i32
inline constexpr std::size_t family = 100;     // i32
inline constexpr std::size_t waiting = 104;    // u32 so_qlen
inline constexpr std::size_t incomplete = 108; // u32 so_incqlen
inline constexpr std::size_t limit = 112;      // u32 so_qlimit
inline constexpr std::size_t uid = 120;        // u32
inline constexpr std::size_t fib = 124;        // i32, 15 and newer; spare and 0 before
inline constexpr std::size_t type = 156;       // i16
inline constexpr std::size_t options = 158;    // i16
inline constexpr std::size_t state = 162;      // i16
inline constexpr std::size_t receive = 168;    // xsockbuf
inline constexpr std::size_t send = 204;       // xsockbuf
inline constexpr std::size_t size = 240;       // u64 at 0 says so
} // namespace xsocket

/// struct xinpcb (netinet/in_pcb.h). In an xtcpcb it stands at `xtcpcb::inpcb`.
namespace xinpcb {
inline constexpr std::size_t socket = 8;         // xsocket
inline constexpr std::size_t foreign_port = 252; // be16
inline constexpr std::size_t local_port = 254;   // be16
inline constexpr std::size_t foreign = 256;      // in6_addr; an IPv4 address in its last four bytes
inline constexpr std::size_t local = 272;        // in6_addr
inline constexpr std::size_t generation = 296;   // u64
inline constexpr std::size_t tcb = 304;          // u64 inp_ppcb
inline constexpr std::size_t flow_id = 348;      // u32
inline constexpr std::size_t flow_type = 352;    // u32
inline constexpr std::size_t flags = 356;        // u32
inline constexpr std::size_t vflag = 392;        // u8
inline constexpr std::size_t ip_protocol = 394;  // u8 inp_ip_p
inline constexpr std::size_t size = 400;
} // namespace xinpcb

/// struct xtcpcb (netinet/tcp_var.h).
namespace xtcpcb {
inline constexpr std::size_t inpcb = 8;           // xinpcb
inline constexpr std::size_t stack = 408;         // char[32]
inline constexpr std::size_t log_id = 440;        // char[64]
inline constexpr std::size_t congestion = 504;    // char[16]
inline constexpr std::size_t state = 568;         // i32
inline constexpr std::size_t flags = 572;         // u32
inline constexpr std::size_t zero_windows = 576;  // u32
inline constexpr std::size_t retransmitted = 580; // u32
inline constexpr std::size_t out_of_order = 584;  // u32
inline constexpr std::size_t idle = 588;          // i32 t_rcvtime, ms; so are the timers
inline constexpr std::size_t timers = 592;        // i32[5]: rexmt, persist, keep, 2msl, delack
inline constexpr std::size_t send_window = 616;   // u32 t_snd_cwnd
inline constexpr std::size_t slow_start = 620;    // u32
inline constexpr std::size_t segment = 624;       // u32
inline constexpr std::size_t ecn = 636;           // u32
inline constexpr std::size_t size = 744;
} // namespace xtcpcb

/// struct xunpcb (sys/unpcb.h).
namespace xunpcb {
inline constexpr std::size_t vnode = 16; // u64; so are the next three
inline constexpr std::size_t peer = 24;
inline constexpr std::size_t first_ref = 32;
inline constexpr std::size_t next_ref = 40;
inline constexpr std::size_t generation = 48; // u64
inline constexpr std::size_t address = 152;   // sockaddr_un in a field of 256 bytes
inline constexpr std::size_t peer_address = 408;
inline constexpr std::size_t address_room = 256;
inline constexpr std::size_t socket = 664; // xsocket
inline constexpr std::size_t size = 904;
} // namespace xunpcb

/// struct xfile (sys/file.h).
namespace xfile {
inline constexpr std::size_t length = 0; // u64
inline constexpr std::size_t pid = 8;    // i32
inline constexpr std::size_t fd = 16;    // i32
inline constexpr std::size_t type = 32;  // i16
inline constexpr std::size_t data = 56;  // u64: of a socket its address
inline constexpr std::size_t size = 128;
} // namespace xfile

/// struct kinfo_proc (sys/user.h, LP64).
namespace kinfo_proc {
inline constexpr std::size_t length = 0; // i32
inline constexpr std::size_t pid = 72;   // i32
inline constexpr std::size_t uid = 168;  // u32
inline constexpr std::size_t name = 447; // char[20]
inline constexpr std::size_t name_room = 20;
inline constexpr std::size_t size = 1088;
} // namespace kinfo_proc

inline constexpr std::int16_t dtype_socket = 2;                               // xf_type, sys/file.h
inline constexpr std::int32_t af_unix = 1, af_inet = 2, af_inet6 = 28;        // sys/socket.h
inline constexpr std::uint8_t inp_ipv4 = 1, inp_ipv6 = 2, inp_ipv6_proto = 4; // inp_vflag, netinet/in_pcb.h
inline constexpr std::uint32_t in6p_v6only = 0x8000;                          // inp_flags, netinet/in_pcb.h

} // namespace netstat46::freebsd
