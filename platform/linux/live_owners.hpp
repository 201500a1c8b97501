// Who holds which socket: three ways to read it, one answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "platform.hpp"

namespace netstat46 {

/// How owners are to be read.
struct OwnersRequest {
    /// Sockets that owners are wanted for; nothing: of all. Reading stops once each has one, which is its
    /// holder with the lowest pid.
    std::optional<std::unordered_set<std::uint64_t>> wanted;
    bool contexts = false;     ///< SELinux contexts of the processes
    bool details = true;       ///< user and command of the processes, not only the name
    bool leaders_only = false; ///< as Request::leaders_only
    bool in_order = true;      ///< by pid and descriptor; else as it comes, which is faster
    unsigned threads = 1;
};

/// `proc.pid.fd` (or `bpf_iter.task_file` unless in order), then `processes.tsv` for the processes that stand
/// in it (and `contexts.tsv` if asked for). Processes that end meanwhile are left out; those whose
/// descriptors are refused are `pid TAB - TAB EACCES`.
BlockReader read_owners(const OwnersRequest& request, const ProblemSink& problem);

/// One socket descriptor of one process.
struct OwnedSocket {
    std::uint64_t inode = 0;
    std::int32_t pid = 0, fd = 0;
};

/// Some more of them, valid until the next call; none at the end.
using OwnedSocketReader = std::function<std::span<const OwnedSocket>()>;

/// All socket descriptors of all processes by a BPF iterator over task_file; nothing where the kernel, the
/// privilege, the process id namespace, the build or NETSTAT46_NO_BPF in the environment does not allow it.
std::optional<OwnedSocketReader> owners_by_bpf();

} // namespace netstat46
