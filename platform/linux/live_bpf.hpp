// Walks over the kernel's tables by programs of ours: BPF iterators (*_walk.bpf.c).
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

/// Puts the next bytes of a walk into `room` and says how many; 0 at the end, -1 and errno if it breaks off.
/// Records may be cut between calls.
using Walk = std::function<ssize_t(std::span<std::byte> room)>;

/// What a walk gave and nobody has used yet.
class WalkBuffer {
public:
    explicit WalkBuffer(Walk walk) : walk_(std::move(walk)) {}

    /// Reads on; false at the end.
    bool fill() {
        const auto unused = bytes();
        std::memmove(buffer_.data(), unused.data(), unused.size());
        used_ = 0;
        filled_ = unused.size();
        const ssize_t got = walk_(std::span(buffer_).subspan(filled_));
        if (got < 0) error_ = errno;
        if (got > 0) filled_ += static_cast<std::size_t>(got);
        return got > 0;
    }
    /// Why it broke off; 0: it did not.
    [[nodiscard]] int error() const { return error_; }
    [[nodiscard]] std::span<std::byte> bytes() { return std::span(buffer_).first(filled_).subspan(used_); }
    /// The first `count` of bytes() are not needed after the next fill().
    void use(std::size_t count) { used_ += count; }

private:
    Walk walk_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(std::size_t{64} * 1024);
    std::size_t used_ = 0, filled_ = 0;
    int error_ = 0;
};

/// A walk from its start, each time it is called; null and errno if there can be none now.
using NewWalk = std::function<Walk()>;

/// A walk of which something was read already, or which is at its end; nothing if it cannot even begin.
std::optional<WalkBuffer> begun(const NewWalk& walk);

/// Has the kernel load the walk over tasks: every socket descriptor of every process, by process, as
/// `bpf_iter.task` has it; it takes a millisecond. One may be under way at a time. Null where the kernel
/// (before Linux 5.17, without BTF, the iterator or a compiler for BPF, or of 32 bits), the privilege, the
/// process id namespace, the build or NETSTAT46_NO_BPF in the environment does not allow it.
NewWalk load_task_walk();

/// The same, over the TCP sockets of both families of this network namespace but the listening ones, in the
/// kernel's order; it takes four milliseconds, and Linux 6.2. `far`: there are so many that having them come
/// from memory ahead pays.
NewWalk load_tcp_walk(bool far);

} // namespace netstat46
