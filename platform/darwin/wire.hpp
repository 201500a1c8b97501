// Darwin's wire layouts: byte offsets within each record, little endian unless a comment says otherwise.
// Ports and addresses are in network order. Numbers are those of xnu-7195 to xnu-11417, 64-bit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace netstat46::darwin_wire {

/// Every item of a `pcblist_n` answer begins so; the next begins at `length` rounded up to 8.
namespace item {
inline constexpr std::size_t length = 0, kind = 4, head = 8, alignment = 8;
}

namespace kind { // sys/socketvar.h: XSO_*
inline constexpr std::uint32_t socket = 0x1;
inline constexpr std::uint32_t receive_buffer = 0x2;
inline constexpr std::uint32_t send_buffer = 0x4;
inline constexpr std::uint32_t statistics = 0x8;
inline constexpr std::uint32_t inpcb = 0x10;
inline constexpr std::uint32_t tcpcb = 0x20;
inline constexpr std::uint32_t control_registration = 0x40;
inline constexpr std::uint32_t control_pcb = 0x80;
inline constexpr std::uint32_t event_pcb = 0x100;
inline constexpr std::uint32_t unpcb = 0x200;
} // namespace kind

namespace xinpgen { // netinet/in_pcb.h, and sys/unpcb.h's xunpgen
inline constexpr std::size_t length = 0, count = 4, generation = 8, size = 24;
}

namespace xsystmgen { // sys/sys_domain.h
inline constexpr std::size_t length = 0, count = 8, generation = 16, size = 32;
}

namespace xinpcb_n { // netinet/in_pcb.h
inline constexpr std::size_t pcb = 8;
inline constexpr std::size_t foreign_port = 16, local_port = 18; // network order
inline constexpr std::size_t tcb = 20;
inline constexpr std::size_t generation = 28;
inline constexpr std::size_t flags = 36;
inline constexpr std::size_t vflag = 44;
inline constexpr std::size_t ip_protocol = 46;
inline constexpr std::size_t foreign = 48, local = 64; // 16 bytes each
inline constexpr std::size_t v4_in_address = 12;       // in_addr_4in6
inline constexpr std::size_t flow_hash = 96;
inline constexpr std::size_t flags2 = 100;
inline constexpr std::size_t size = 104;
} // namespace xinpcb_n

namespace inp {                                        // netinet/in_pcb.h
inline constexpr std::uint32_t v6only = 0x8000;        // IN6P_IPV6_V6ONLY in inp_flags
inline constexpr std::uint32_t anonymous_port = 0x40;  // INP_ANONPORT in inp_flags
inline constexpr std::uint32_t ipv4 = 0x1, ipv6 = 0x2; // INP_IPV4, INP_IPV6 in inp_vflag
} // namespace inp

namespace xsocket_n { // sys/socketvar.h
inline constexpr std::size_t so = 8;
inline constexpr std::size_t type = 16;    // i16
inline constexpr std::size_t options = 20; // u32
inline constexpr std::size_t state = 26;   // i16
inline constexpr std::size_t pcb = 28;
inline constexpr std::size_t protocol = 36, family = 40;                     // i32
inline constexpr std::size_t queued = 44, incomplete = 46, queue_limit = 48; // i16
inline constexpr std::size_t uid = 64;
inline constexpr std::size_t last_pid = 68, effective_pid = 72; // i32
inline constexpr std::size_t size_7195 = 76;
inline constexpr std::size_t generation = 76; // from xnu-8792 on, as what follows
inline constexpr std::size_t flags = 84, flags1 = 88;
inline constexpr std::size_t use_count = 92, retain_count = 96; // i32
inline constexpr std::size_t filter_flags = 100;
inline constexpr std::size_t size = 104;
} // namespace xsocket_n

namespace xsockbuf_n { // sys/socketvar.h
inline constexpr std::size_t bytes = 8, high_water = 12, mbuf_bytes = 16, mbuf_limit = 20, low_water = 24;
inline constexpr std::size_t size = 32;
} // namespace xsockbuf_n

namespace xsockstat_n { // sys/socketvar.h: four traffic classes
inline constexpr std::size_t classes = 4, first_class = 8, class_size = 32;
inline constexpr std::size_t rx_packets = 0, rx_bytes = 8, tx_packets = 16,
                             tx_bytes = 24; // u64, within a class
inline constexpr std::size_t size = 136;
} // namespace xsockstat_n

namespace xtcpcb_n {                     // netinet/tcp_var.h
inline constexpr std::size_t state = 36; // i32
inline constexpr std::size_t size = 204;
} // namespace xtcpcb_n

namespace sockaddr_un {                                        // sys/un.h
inline constexpr std::size_t length = 0, path = 2, room = 256; // the records keep 256 bytes for it
}

namespace xunpcb_n { // sys/unpcb.h, from xnu-8792 on
inline constexpr std::size_t pcb = 8, vnode = 16, peer = 32, refs = 40, next_ref = 48, generation = 68;
inline constexpr std::size_t address = 76, peer_address = 332; // sockaddr_un
inline constexpr std::size_t size = 588;
} // namespace xunpcb_n

namespace xunpcb64 { // sys/unpcb.h
inline constexpr std::size_t length = 0, pcb = 4, vnode = 36, peer = 52, refs = 60, next_ref = 68,
                             generation = 92;
inline constexpr std::size_t address = 104, peer_address = 360; // sockaddr_un
inline constexpr std::size_t socket = 616;                      // xsocket64
inline constexpr std::size_t size = 724;
} // namespace xunpcb64

namespace xsocket64 { // sys/socketvar.h
inline constexpr std::size_t so = 4;
inline constexpr std::size_t type = 12, options = 14, state = 18;            // i16
inline constexpr std::size_t protocol = 28;                                  // i32
inline constexpr std::size_t queued = 36, incomplete = 38, queue_limit = 40; // i16
inline constexpr std::size_t receive = 56, send = 80;                        // sockbuf
inline constexpr std::size_t buffer_bytes = 0, buffer_high_water = 4, buffer_mbuf_bytes = 8,
                             buffer_mbuf_limit = 12,
                             buffer_low_water = 16; // within a sockbuf
inline constexpr std::size_t uid = 104;
} // namespace xsocket64

namespace xkctl_reg { // sys/kern_control.h
inline constexpr std::size_t id = 8, unit = 12, flags = 16, reference = 24, receive_size = 32, send_size = 36,
                             pcb_count = 44, name = 104, name_room = 96;
inline constexpr std::size_t size = 200;
} // namespace xkctl_reg

namespace xkctlpcb { // sys/kern_control.h
inline constexpr std::size_t pcb = 8, unit = 16, id = 20, name = 32, name_room = 96;
inline constexpr std::size_t size = 128;
} // namespace xkctlpcb

namespace xkevtpcb { // sys/kern_event.h
inline constexpr std::size_t pcb = 8, vendor = 16, event_class = 20, subclass = 24;
inline constexpr std::size_t size = 28;
} // namespace xkevtpcb

namespace address_family { // sys/socket.h
inline constexpr std::int32_t inet = 2, inet6 = 30;
}

} // namespace netstat46::darwin_wire
