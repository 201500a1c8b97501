// Which of the two ways to read owners is taken.
#pragma once

#include <cstdint>

namespace netstat46 {

/// The walk over tasks by BPF, or the links in /proc/PID/fd.
enum class OwnersWay : std::uint8_t { Walk, Proc };

/// What is cheap to know of a host.
struct OwnersFacts {
    bool may_walk = false;       ///< root, in the initial process id namespace, and nothing forbids BPF
    bool many_sockets = false;   ///< so many that connections are walked over, too
    std::uint64_t processes = 0; ///< of all namespaces, kernel threads included
    std::uint64_t files = 0;     ///< open in the whole system
    unsigned threads = 1;        ///< that may read /proc at a time
};

OwnersWay owners_way(const OwnersFacts& facts);

} // namespace netstat46
