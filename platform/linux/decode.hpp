// Linux answers to records: sock_diag's netlink messages, /proc/net's text, /proc/PID/fd's links.
#pragma once

#include "capture/decoders.hpp"

namespace netstat46 {

/// `sock_diag.inet.tcp` and its like: netlink messages as they came, NLMSG_DONE included.
SocketDecoder sock_diag_decoder(const DecodeContext& context);

/// `sock_diag.unix`. It has no reference counts; an abstract name keeps its NULs.
SocketDecoder unix_diag_decoder(const DecodeContext& context);

/// The same for HostTables::unix_sockets: peers, queues and names.
HostTablesDecoder unix_diag_side_decoder(const DecodeContext& context);

/// `proc.net.tcp`, `.udp`, `.udplite`, `.raw` and their `6` files: one header line, then a line per socket.
SocketDecoder proc_net_decoder(const DecodeContext& context);

/// The SYN_RECV lines of `proc.net.tcp` and `proc.net.tcp6`, into HostTables::half_open.
HostTablesDecoder half_open_decoder(const DecodeContext& context);

/// `proc.net.unix`, where sock_diag does not answer: a name that holds newlines may look like other rows.
SocketDecoder proc_net_unix_decoder(const DecodeContext& context);

/// What `proc.net.unix` adds to sock_diag's unix sockets, if the host tables have them: reference counts, and
/// connections not accepted yet. If they have none: the inodes that stand in more than one row.
HostTablesDecoder proc_net_unix_side_decoder(const DecodeContext& context);

/// Of a link in /proc/PID/fd, `socket:[INODE]`; nothing of any other.
std::optional<std::uint64_t> socket_inode(std::string_view link);

/// `proc.pid.fd`: lines `pid TAB fd TAB link`; a process whose descriptors were refused is `pid TAB - TAB
/// reason`; the reason is `links` if they could be listed and not read.
HostTablesDecoder proc_pid_fd_decoder(const DecodeContext& context);

/// `bpf_iter.task`: records as linux_wire::task_walk_size. Live only: --save writes `proc.pid.fd`.
HostTablesDecoder task_walk_decoder(const DecodeContext& context);

/// The process of a record whose `task_walk_pid` is `pid`.
std::int32_t task_walk_owner(std::uint32_t pid);

/// `bpf_iter.inet.tcp` and `bpf_iter.inet6.tcp`: records as linux_wire::walked_addresses. They tell no
/// timers. Live only: --save writes `sock_diag.inet.tcp` and `sock_diag.inet6.tcp`.
SocketDecoder tcp_walk_decoder(const DecodeContext& context);

/// How long the first record in `bytes` is; 0: it is not whole, or none of ours.
std::size_t tcp_walk_record(const Bytes& bytes);

/// The interface whose records are of this family, `linux_wire::af_inet` or `af_inet6`.
std::string_view tcp_walk_name(std::uint8_t family);

/// TCP_ESTABLISHED 1 .. TCP_BOUND_INACTIVE 13 (net/tcp_states.h).
State linux_state(unsigned number);

/// The address of `family`, in network order, at `at`.
Address address_at(const Bytes& bytes, std::size_t at, Family family);

/// Settles what follows from the state, however the socket was read: a listener's queues are its backlog, a
/// `uid` of 0 may mean none. `v6only` as settle_v6only() has it.
void settle(SocketRecord& record, std::uint32_t uid, std::optional<bool> v6only);

/// Fills `serves` and `v6only` where family, addresses and state decide them. `option` is what the kernel
/// told of IPV6_V6ONLY, if it did.
void settle_v6only(SocketRecord& record, std::optional<bool> option);

} // namespace netstat46
