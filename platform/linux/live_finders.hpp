// Looking for sockets among the descriptors in /proc/PID/fd: one process after the other, or several at once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "linux/live_proc.hpp"

namespace netstat46 {

/// Which sockets are to be found.
class WantedInodes {
public:
    explicit WantedInodes(const std::optional<std::unordered_set<std::uint64_t>>& inodes)
        : everything_(!inodes) {
        if (inodes)
            for (const std::uint64_t inode : *inodes) found_.emplace(inode, false);
        missing_ = found_.size();
    }

    /// Whether a holder of `inode` is of use.
    bool take(std::uint64_t inode) {
        if (everything_) return true;
        const auto at = found_.find(inode);
        if (at == found_.end()) return false;
        if (!std::exchange(at->second, true)) --missing_;
        return true;
    }
    [[nodiscard]] bool all_found() const { return !everything_ && missing_ == 0; }
    [[nodiscard]] bool everything() const { return everything_; }

private:
    std::unordered_map<std::uint64_t, bool> found_;
    std::size_t missing_ = 0;
    bool everything_;
};

/// What is looked for, and where.
struct Search {
    std::vector<std::int32_t> pids; ///< ascending
    WantedInodes wanted;
    bool leaders_only = false; ///< as Wanted::leaders_only
};

/// A piece of an interface's answer, empty at the end, and the processes that stand in it.
struct Found {
    std::string_view interface = "proc.pid.fd";
    std::string bytes;
    std::vector<std::int32_t> pids;
    int error = 0; ///< why some processes could not be looked at
};
using Finder = std::function<Found()>;

/// The threads of a process besides its first. That one may have ended: it has neither descriptors nor a
/// command line then, and the process lives on.
Numbered other_threads(std::int32_t pid);

/// Whether `error`, errno of reading something of a process in /proc, may have hidden an owner: that the
/// process has ended meanwhile does not.
bool hides_owners(int error);

/// Until every wanted socket has an owner.
Finder find_in_order(Search search);

/// In threads, until every wanted socket has an owner or `enough` descriptors were looked at: most hosts have
/// no more. What `go_on` makes of the rest then follows; its pids are higher than those of any owner that was
/// found.
Finder find_first(Search search, unsigned threads, std::uint64_t enough, std::function<Finder(Search)> go_on);

/// Everything, in threads, as it comes; in order where there can be no thread.
Finder find_in_threads(Search search, unsigned threads);

} // namespace netstat46
