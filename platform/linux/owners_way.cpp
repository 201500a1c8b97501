#include "linux/owners_way.hpp"

#include <algorithm>

namespace netstat46 {

OwnersWay owners_way(const OwnersFacts& facts) {
    // Measured, in microseconds of one processor; the unit cancels out. To load the walk's program costs as
    // much as some 600 links, and is done while sockets are read.
    constexpr std::uint64_t load = 2500, walk_process = 2, proc_process = 12, proc_link = 4;
    // More threads than this do not read /proc faster: they wait for each other in the kernel.
    constexpr std::uint64_t most_at_once = 4;

    if (!facts.may_walk) return OwnersWay::Proc;
    if (facts.many_sockets) return OwnersWay::Walk;
    const std::uint64_t walk = load + walk_process * facts.processes;
    const std::uint64_t proc = (proc_process * facts.processes + proc_link * facts.files) /
                               std::clamp<std::uint64_t>(facts.threads, 1, most_at_once);
    return walk < proc ? OwnersWay::Walk : OwnersWay::Proc;
}

} // namespace netstat46
