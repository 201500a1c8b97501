// Who holds which socket: three ways to read it, one answer.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_set>

#include "capture/raw_block.hpp"
#include "capture/request.hpp"

namespace netstat46 {

/// How owners are to be read.
struct OwnersRequest {
    /// Sockets that owners are wanted for; nothing: of all. Reading stops once each has one, which is its
    /// holder with the lowest pid.
    std::optional<std::unordered_set<std::uint64_t>> wanted;
    bool contexts = false;     ///< SELinux contexts of the processes
    bool details = true;       ///< user and command of the processes, not only the name
    bool leaders_only = false; ///< as Wanted::leaders_only
    bool in_order = true;      ///< by pid and descriptor; else as it comes, which is faster
    unsigned threads = 1;
    /// So many sockets are held that the walk over tasks pays; else descriptors are counted first.
    bool many = false;
};

/// `proc.pid.fd` (or `bpf_iter.task` unless in order), then `processes.tsv` for the processes that stand
/// in it (and `contexts.tsv` if asked for). Processes that end meanwhile are left out; those whose
/// descriptors are refused are `pid TAB - TAB EACCES`, those that cannot be read for another reason `pid TAB
/// - TAB unread`, with pid 0 where it is /proc that cannot, and one Problem for all of them.
BlockReader read_owners(const OwnersRequest& request, const ProblemSink& problem);

} // namespace netstat46
