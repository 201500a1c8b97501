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
inline constexpr std::uint16_t inet_diag_cong = 4;
inline constexpr std::uint16_t inet_diag_skv6only = 11;

// struct unix_diag_msg and UNIX_DIAG_* attributes, linux/unix_diag.h
inline constexpr std::size_t unix_diag_family = 0;
inline constexpr std::size_t unix_diag_type = 1;  // SOCK_STREAM and its like
inline constexpr std::size_t unix_diag_state = 2; // TCP_ESTABLISHED, TCP_LISTEN, TCP_CLOSE
inline constexpr std::size_t unix_diag_inode = 4;
inline constexpr std::size_t unix_diag_size = 16;
inline constexpr std::uint16_t unix_diag_name = 0;
inline constexpr std::uint16_t unix_diag_peer = 2;
inline constexpr std::uint16_t unix_diag_rqlen = 4;
inline constexpr std::size_t unix_rqlen_rqueue = 0;
inline constexpr std::size_t unix_rqlen_wqueue = 4;
inline constexpr std::size_t unix_rqlen_size = 8;

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

// struct tcp_info, linux/tcp.h: it grew at its end, so older kernels give the front of it
inline constexpr std::size_t tcp_info_retransmits = 2;
inline constexpr std::size_t tcp_info_probes = 3;
inline constexpr std::size_t tcp_info_rto = 8;                     // microseconds
inline constexpr std::size_t tcp_info_snd_mss = 16;                // bytes
inline constexpr std::size_t tcp_info_rcv_mss = 20;                // bytes
inline constexpr std::size_t tcp_info_last_data_sent = 44;         // milliseconds ago
inline constexpr std::size_t tcp_info_last_data_recv = 52;         // milliseconds ago
inline constexpr std::size_t tcp_info_pmtu = 60;                   // bytes
inline constexpr std::size_t tcp_info_rtt = 68;                    // microseconds
inline constexpr std::size_t tcp_info_rttvar = 72;                 // microseconds
inline constexpr std::size_t tcp_info_snd_ssthresh = 76;           // segments
inline constexpr std::size_t tcp_info_snd_cwnd = 80;               // segments
inline constexpr std::size_t tcp_info_total_retrans = 100;         // segments
inline constexpr std::size_t tcp_info_bytes_acked = 120;           // Linux 4.1
inline constexpr std::size_t tcp_info_bytes_received = 128;        // Linux 4.1
inline constexpr std::size_t tcp_info_data_segs_in = 152;          // Linux 4.6
inline constexpr std::size_t tcp_info_data_segs_out = 156;         // Linux 4.6
inline constexpr std::size_t tcp_info_bytes_sent = 200;            // Linux 4.19
inline constexpr std::size_t tcp_info_bytes_retrans = 208;         // Linux 4.19
inline constexpr std::size_t tcp_info_rcv_ooopack = 224;           // segments; Linux 5.4
inline constexpr std::uint32_t tcp_infinite_ssthresh = 0x7fffffff; // net/tcp.h

// struct owned_socket, walks.h
inline constexpr std::size_t task_walk_inode = 0; // 64 bits
inline constexpr std::size_t task_walk_pid = 8;   // negative: of a process whose first thread has ended
inline constexpr std::size_t task_walk_fd = 12;
inline constexpr std::size_t task_walk_size = 16;

// struct tcp_record, walks.h; two addresses of 4 or 16 bytes, the local one first, make its end
inline constexpr std::size_t walked_family = 0;
inline constexpr std::size_t walked_state = 1;
inline constexpr std::size_t walked_v6only = 2;
inline constexpr std::size_t walked_local_port = 4; // host order
inline constexpr std::size_t walked_foreign_port = 6;
inline constexpr std::size_t walked_recv_q = 8;
inline constexpr std::size_t walked_send_q = 12;
inline constexpr std::size_t walked_inode = 16;
inline constexpr std::size_t walked_uid = 20;
inline constexpr std::size_t walked_if = 24;
inline constexpr std::size_t walked_addresses = 28;
inline constexpr std::size_t walked_inet_size = walked_addresses + std::size_t{2} * 4;
inline constexpr std::size_t walked_inet6_size = walked_addresses + std::size_t{2} * 16;

// linux/socket.h and net/tcp_states.h
inline constexpr std::uint8_t af_unix = 1;
inline constexpr std::uint8_t af_inet = 2;
inline constexpr std::uint8_t af_inet6 = 10;
inline constexpr std::uint8_t tcp_established = 1;
inline constexpr std::uint8_t tcp_listen = 10;
inline constexpr std::uint8_t tcp_bound_inactive = 13;

} // namespace netstat46::linux_wire
