// BPF iterators, where the build has them (NETSTAT46_BPF) and the running kernel allows them.
#include "linux/live_bpf.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "linux/live_proc.hpp"
#include "linux/wire.hpp"

namespace netstat46 {

std::optional<WalkBuffer> begun(const NewWalk& walk) {
    Walk begin = walk ? walk() : nullptr;
    if (!begin) return std::nullopt;
    WalkBuffer buffer(std::move(begin));
    while (buffer.room().size() >= least_walk_room && buffer.fill()) {
    }
    if (buffer.error() != 0 || buffer.partial()) return std::nullopt;
    return buffer;
}

#ifdef NETSTAT46_BPF

extern "C" {
#include "linux/walks.h"
}

namespace {

using Loaded = std::shared_ptr<const loaded_walk>;

/// Null if the kernel refuses.
Loaded load(int (*loader)(loaded_walk*)) {
    loaded_walk loaded{};
    if (!may_load_walks() || loader(&loaded) != 0) return nullptr;
    return {new loaded_walk(loaded), [](const loaded_walk* walk) {
                walk->unload(walk->skeleton);
                delete walk;
            }};
}

/// Null and errno if the kernel refuses.
std::shared_ptr<Descriptor> begin_iterator(int link) {
    bpf_attr attributes{};
    attributes.iter_create.link_fd = static_cast<std::uint32_t>(link);
    auto fd = std::make_shared<Descriptor>(
        static_cast<int>(syscall(SYS_bpf, BPF_ITER_CREATE, &attributes, sizeof attributes)));
    return fd->get() < 0 ? nullptr : fd;
}

/// Has the iterator go on. What it finds is in the program's memory, not in the iterator's file, whose EAGAIN
/// means that more follows. False at the end, with errno if it broke off, else 0.
bool go_on(const Descriptor& iterator) {
    char nothing = 0;
    const ssize_t got = read_some(iterator.get(), &nothing, sizeof nothing);
    if (got == 0) errno = 0;
    return got < 0 && errno == EAGAIN;
}

class TaskWalk {
public:
    TaskWalk(Loaded loaded, std::shared_ptr<Descriptor> iterator)
        : loaded_(std::move(loaded)), iterator_(std::move(iterator)), walked_(*loaded_->tasks) {
        walked_.pid = 0;
        walked_.count = 0;
    }

    ssize_t operator()(std::span<std::byte> room) {
        while (taken_ == walked_.count * sizeof *walked_.sockets) {
            if (ended_) return 0;
            walked_.count = 0;
            taken_ = 0;
            ended_ = !go_on(*iterator_);
            if (ended_ && errno != 0) return -1;
        }
        const auto left = std::as_bytes(std::span(walked_.sockets).first(walked_.count)).subspan(taken_);
        const auto some = left.first(std::min(left.size(), room.size()));
        std::copy(some.begin(), some.end(), room.begin());
        taken_ += some.size();
        return static_cast<ssize_t>(some.size());
    }

private:
    Loaded loaded_;
    std::shared_ptr<Descriptor> iterator_;
    walked_tasks& walked_;
    std::size_t taken_ = 0; ///< bytes
    bool ended_ = false;    ///< the iterator; some of what it found may still be taken
};

/// Its size as it is handed on; 0: its memory does not belong to a socket any more.
std::size_t size_of(const tcp_record& record) {
    if (record.family == linux_wire::af_inet6) return linux_wire::walked_inet6_size;
    return record.family == linux_wire::af_inet ? linux_wire::walked_inet_size : 0;
}

class ConnectionWalk {
public:
    ConnectionWalk(Loaded loaded, std::shared_ptr<Descriptor> iterator, unsigned links)
        : loaded_(std::move(loaded)), iterator_(std::move(iterator)), walked_(*loaded_->sockets) {
        walked_.count = walked_.bucket = walked_.ended = walked_.partial = 0;
        walked_.links = links != 0 ? links : unsigned{most_walked_links};
    }

    /// Gives whole records; `room` takes at least one of the largest.
    ssize_t operator()(std::span<std::byte> room) {
        for (;;) {
            if (const std::size_t size = take(room); size != 0) return static_cast<ssize_t>(size);
            if (walked_.ended != 0) return 0;
            walked_.count = 0;
            taken_ = 0;
            if (!go_on(*iterator_) && walked_.ended == 0) return -1;
            if (walked_.partial == 0 || std::exchange(reported_partial_, true)) continue;
            errno = partial_walk;
            return -1;
        }
    }

private:
    std::size_t take(std::span<std::byte> room) {
        std::size_t size = 0;
        for (; taken_ < walked_.count; ++taken_) {
            const tcp_record& record = walked_.records[taken_];
            const std::size_t its = size_of(record);
            if (size + its > room.size()) break;
            std::memcpy(room.data() + size, &record, its);
            size += its;
        }
        return size;
    }

    Loaded loaded_;
    std::shared_ptr<Descriptor> iterator_;
    walked_sockets& walked_;
    std::size_t taken_ = 0; ///< records
    bool reported_partial_ = false;
};

} // namespace

// The programs take pointers of 8 bytes for granted, and their pids are those of the initial namespace.
bool may_load_walks() { return sizeof(void*) == 8 && in_initial_pid_namespace().value_or(false); }

NewWalk load_task_walk() {
    const Loaded loaded = load(netstat46_load_task_walk);
    if (!loaded) return nullptr;
    return [loaded]() -> Walk {
        auto iterator = begin_iterator(loaded->link);
        return iterator ? Walk(TaskWalk(loaded, std::move(iterator))) : nullptr;
    };
}

NewWalk load_tcp_walk(unsigned links) {
    const Loaded loaded = load(netstat46_load_tcp_walk);
    if (!loaded) return nullptr;
    return [loaded, links]() -> Walk {
        auto iterator = begin_iterator(loaded->link);
        return iterator ? Walk(ConnectionWalk(loaded, std::move(iterator), links)) : nullptr;
    };
}

#else

bool may_load_walks() { return false; }
NewWalk load_task_walk() { return nullptr; }
NewWalk load_tcp_walk(unsigned /*links*/) { return nullptr; }

#endif

} // namespace netstat46
