// Offsets within the Linux kernel's answers. Integers are in the host's order, ports and addresses in network
// order.
#pragma once

#include <cstddef>
#include <cstdint>

namespace netstat46::linux_wire {

// struct nlmsghdr, linux/netlink.h
inline constexpr std::size_t nl_length = 0;
inline constexpr std::size_t nl_type = 4;
inline constexpr std::size_t nl_flags = 6;
inline constexpr std::size_t nl_header = 16;
inline constexpr std::uint16_t nlmsg_noop = 1;
inline constexpr std::uint16_t nlmsg_error = 2;
inline constexpr std::uint16_t nlmsg_done = 3;
inline constexpr std::uint16_t nlm_f_dump_intr = 0x10;
inline constexpr std::uint16_t sock_diag_by_family = 20; // linux/sock_diag.h

// struct inet_diag_msg, linux/inet_diag.h; from the end of the nlmsghdr
inline constexpr std::size_t diag_family = 0;
inline constexpr std::size_t diag_state = 1;
inline constexpr std::size_t diag_timer = 2;
inline constexpr std::size_t diag_retrans = 3;
inline constexpr std::size_t diag_sport = 4;
inline constexpr std::size_t diag_dport = 6;
inline constexpr std::size_t diag_src = 8;
inline constexpr std::size_t diag_dst = 24;
inline constexpr std::size_t diag_if = 40;
inline constexpr std::size_t diag_cookie = 44;
inline constexpr std::size_t diag_expires = 52;
inline constexpr std::size_t diag_rqueue = 56;
inline constexpr std::size_t diag_wqueue = 60;
inline constexpr std::size_t diag_uid = 64;
inline constexpr std::size_t diag_inode = 68;
inline constexpr std::size_t diag_size = 72;

// struct rtattr, linux/rtnetlink.h; INET_DIAG_* attributes, linux/inet_diag.h
inline constexpr std::size_t attr_length = 0;
inline constexpr std::size_t attr_type = 2;
inline constexpr std::size_t attr_header = 4;
inline constexpr std::uint16_t attr_type_mask = 0x3fff; // NLA_TYPE_MASK, linux/netlink.h
inline constexpr std::uint16_t inet_diag_info = 2;
inline constexpr std::uint16_t inet_diag_skv6only = 11;

// struct inet_diag_bc_op and struct inet_diag_hostcond, linux/inet_diag.h
inline constexpr std::uint16_t inet_diag_req_bytecode = 1;
inline constexpr std::size_t bc_code = 0;
inline constexpr std::size_t bc_yes = 1; // offset of the next instruction if it holds, 8 bits
inline constexpr std::size_t bc_no = 2;  // and if it does not, 16 bits
inline constexpr std::size_t bc_size = 4;
inline constexpr std::uint8_t bc_jmp = 1; // always goes to `no`
inline constexpr std::uint8_t bc_s_ge = 2;
inline constexpr std::uint8_t bc_s_le = 3;
inline constexpr std::uint8_t bc_d_ge = 4;
inline constexpr std::uint8_t bc_d_le = 5;
inline constexpr std::uint8_t bc_s_cond = 7;
inline constexpr std::uint8_t bc_d_cond = 8;
inline constexpr std::size_t hostcond_family = 0;
inline constexpr std::size_t hostcond_prefix = 1;
inline constexpr std::size_t hostcond_port = 4; // int, -1: any
inline constexpr std::size_t hostcond_size = 8; // the address follows

// struct tcp_info, linux/tcp.h
inline constexpr std::size_t tcp_info_retransmits = 2;
inline constexpr std::size_t tcp_info_probes = 3;

// linux/socket.h and net/tcp_states.h
inline constexpr std::uint8_t af_inet = 2;
inline constexpr std::uint8_t af_inet6 = 10;
inline constexpr std::uint8_t tcp_bound_inactive = 13;

} // namespace netstat46::linux_wire
