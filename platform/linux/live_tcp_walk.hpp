// TCP sockets by the kernel's own walk, where there are so many that it costs less than sock_diag.
#pragma once

#include "linux/live_bpf.hpp"
#include "platform.hpp"

namespace netstat46 {

/// The walk that pays where TCP sockets are so many, and asked for in such a way: walks tell neither timers
/// nor tcp_info nor bound-but-idle sockets, and filter nothing.
std::optional<TcpWalk> tcp_walk_that_pays(const Request& request);

/// Whether a walk over all TCP sockets is worth this table. (Few are of another state than ESTABLISHED.)
bool tcp_walk_answers(const Table& table);

/// `bpf_iter.inet.tcp`, then `bpf_iter.inet6.tcp`, as far as `families` has them, answering `table`. IPv6
/// sockets come between those of IPv4: `most_held` bytes of them wait, 12 to 30 for each; if there are more,
/// a second walk is made for them. Null if the walk cannot begin. On Linux 5.17 and 5.18 listeners come in
/// another order than by sock_diag.
BlockReader walk_tcp(const NewWalk& walk, const Table& families, std::size_t table,
                     const ProblemSink& problem, std::size_t most_held);

} // namespace netstat46
