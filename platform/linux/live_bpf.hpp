// Walks over the kernel's tables by our own programs in the kernel, BPF iterators (*_walk.bpf.c).
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace netstat46 {

/// Puts the next bytes of a walk into `room`, which takes least_walk_room at least, and returns how many; 0
/// at the end, -1 and errno if it breaks off. -1 and partial_walk, which comes once, only means that some of
/// the table was not read whole: the walk can go on. Records may be cut between calls.
using Walk = std::function<ssize_t(std::span<std::byte> room)>;

inline constexpr std::size_t least_walk_room = 1024;
inline constexpr int partial_walk = EUCLEAN;

/// Holds what a walk gave until it is used.
class WalkBuffer {
public:
    explicit WalkBuffer(Walk walk) : walk_(std::move(walk)) {}

    /// Reads on; false at the end.
    bool fill() {
        const auto unused = bytes();
        std::memmove(buffer_.data(), unused.data(), unused.size());
        used_ = 0;
        filled_ = unused.size();
        if (room().size() < least_walk_room) { // records of no known kind
            error_ = EBADMSG;
            return false;
        }
        ssize_t got = walk_(room());
        if (got < 0 && errno == partial_walk) {
            partial_ = true;
            got = walk_(room());
        }
        if (got < 0) error_ = errno;
        if (got > 0) filled_ += static_cast<std::size_t>(got);
        return got > 0;
    }
    /// Why it broke off; 0: it did not.
    [[nodiscard]] int error() const { return error_; }
    /// Some of what was walked over may be missing or doubled.
    [[nodiscard]] bool partial() const { return partial_; }
    /// What fill() may add, if nothing is used.
    [[nodiscard]] std::span<std::byte> room() { return std::span(buffer_).subspan(filled_); }
    [[nodiscard]] std::span<std::byte> bytes() { return std::span(buffer_).first(filled_).subspan(used_); }
    /// The first `count` of bytes() are not needed after the next fill().
    void use(std::size_t count) { used_ += count; }

private:
    Walk walk_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(std::size_t{64} * 1024);
    std::size_t used_ = 0, filled_ = 0;
    int error_ = 0;
    bool partial_ = false;
};

/// Begins a walk each time it is called; null and errno if it cannot.
using NewWalk = std::function<Walk()>;

/// Begins a walk and reads as much of it as a buffer takes. Nothing if it cannot begin, or breaks off or
/// proves partial so far.
std::optional<WalkBuffer> begun(const NewWalk& walk);

/// Whether this build, this machine (64 bits) and the process id namespace allow for walks; privilege and
/// the kernel (5.17 or 6.2 and later, with BTF) show when one is loaded.
bool may_load_walks();

/// Has the kernel load the walk over tasks: every socket descriptor of every process, by process, as
/// `bpf_iter.task` has it; it takes 1.2 to 2.5 ms. Only one of its walks may run at a time. Null where the
/// kernel refuses.
NewWalk load_task_walk();

/// The same, over the TCP sockets of both families of this network namespace but the listening ones, in the
/// kernel's order. `links`: how many sockets of a bucket are looked at, other namespaces' included; 0: as
/// many as is sensible.
NewWalk load_tcp_walk(unsigned links = 0);

} // namespace netstat46
