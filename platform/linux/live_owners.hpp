// Which processes own which sockets, by a walk of the kernel's over its tasks or by the links in
// /proc/PID/fd.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_set>

#include "capture/raw_block.hpp"
#include "linux/live_bpf.hpp"
#include "linux/live_process.hpp"
#include "linux/owners_way.hpp"

namespace netstat46 {

/// How owners are to be read.
struct OwnersRequest {
    /// Sockets that owners are wanted for; nothing: all. Reading stops once each has one: the one with the
    /// lowest pid.
    std::optional<std::unordered_set<std::uint64_t>> wanted;
    ProcessDetails details;
    /// Loads the walk over tasks; null if there is none to be had.
    std::function<NewWalk()> walk;
    /// The other way follows if this one breaks off, or may not read all links.
    OwnersWay first = OwnersWay::Proc;
    unsigned threads = 1; ///< that read /proc
};

/// `proc.pid.fd` or `bpf_iter.task`, then `processes.tsv` for the processes that stand in it, and
/// `contexts.tsv` if asked for; all by ascending pid, refused links last. Processes that end meanwhile are
/// left out; those whose descriptors are refused are `pid TAB - TAB EACCES`, or `pid TAB - TAB links` where
/// only reading them is; those that cannot be read for another reason are `pid TAB - TAB unread`, with pid 0
/// where it is /proc that cannot, and one Problem for all of them.
BlockReader read_owners(const OwnersRequest& request, const ProblemSink& problem);

/// What this host and this process are like, sockets apart; `threads` as in OwnersRequest.
OwnersFacts owners_facts(unsigned threads);

} // namespace netstat46
