// TCP sockets by a walk over the kernel's table, where there are so many that it costs less than sock_diag.
#pragma once

#include <cstdint>
#include <functional>

#include "capture/raw_block.hpp"
#include "capture/request.hpp"
#include "linux/live_bpf.hpp"

namespace netstat46 {

/// The walk, where it pays: TCP sockets are many, and asked for without timers, tcp_info, bound-but-idle
/// sockets and filters, which it does not have. It is loaded when it begins, by the thread that reads
/// sockets. Null: it does not pay.
NewWalk tcp_walk_that_pays(const Request& request);

/// Whether a walk over all TCP sockets is worth this table. (Few are of another state than ESTABLISHED.)
bool tcp_walk_answers(const Table& table);

/// Sockets of one family, AF_INET or AF_INET6, by sock_diag: those that listen, or all others.
using BySockDiag = std::function<BlockReader(std::uint8_t family, bool listening)>;

/// As far as `families` has them: the listeners of IPv4 and `bpf_iter.inet.tcp`, then those of IPv6 and
/// `bpf_iter.inet6.tcp`, answering `table`, in the order of sock_diag. IPv6 sockets come between those of
/// IPv4: `most_held` bytes of them wait; if there are more, a second walk is made for them. A family of which
/// nothing was given yet when its walk breaks off or proves partial comes from sock_diag; else that is a
/// Problem. Null if the walk cannot begin, or does so before anything was given.
BlockReader walk_tcp(const NewWalk& walk, const Table& families, std::size_t table,
                     const BySockDiag& sock_diag, const ProblemSink& problem, std::size_t most_held);

} // namespace netstat46
