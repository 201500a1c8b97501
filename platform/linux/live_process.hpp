// What /proc says of one process: which sockets it owns, and its names.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace netstat46 {

/// The sockets that owners are looked for; several threads may ask.
class WantedInodes {
public:
    /// Nothing: all sockets.
    explicit WantedInodes(const std::optional<std::unordered_set<std::uint64_t>>& inodes)
        : everything_(!inodes) {
        if (inodes)
            for (const std::uint64_t inode : *inodes) found_.emplace(inode, false);
        missing_ = found_.size();
    }

    /// Whether an owner of `inode` is wanted; it counts as found then.
    bool take(std::uint64_t inode) {
        if (everything_) return true;
        const std::lock_guard lock(mutex_);
        const auto at = found_.find(inode);
        if (at == found_.end()) return false;
        if (!std::exchange(at->second, true)) --missing_;
        return true;
    }
    [[nodiscard]] bool all_found() const {
        const std::lock_guard lock(mutex_);
        return !everything_ && missing_ == 0;
    }

private:
    const bool everything_;
    mutable std::mutex mutex_; ///< guards what follows
    std::unordered_map<std::uint64_t, bool> found_;
    std::size_t missing_ = 0;
};

/// What is read of each process.
struct ProcessDetails {
    bool contexts = false;     ///< SELinux contexts
    bool user = true;          ///< its user and its command, not only the name
    bool leaders_only = false; ///< as Wanted::leaders_only
};

/// Of one process or several.
struct ProcessFacts {
    std::string descriptors; ///< lines of `proc.pid.fd`
    std::string refused;     ///< such lines of processes whose links may not be read
    std::string processes;   ///< lines of `processes.tsv`
    std::string contexts;    ///< lines of `contexts.tsv`
    int error = 0;           ///< errno: why something could not be read that may have to do with owners

    /// Of most of it, in bytes.
    [[nodiscard]] std::size_t size() const { return descriptors.size() + processes.size(); }
    /// Appends what another process's are.
    void append(const ProcessFacts& other);
};

/// The descriptors of wanted sockets; the names too if there are any.
ProcessFacts read_process(std::int32_t pid, WantedInodes& wanted, const ProcessDetails& details);

/// All but the descriptors.
ProcessFacts name_process(std::int32_t pid, const ProcessDetails& details);

} // namespace netstat46
