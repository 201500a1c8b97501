// BPF iterators, where the build has them (NETSTAT46_BPF) and the running kernel lets us.
#include "linux/live_bpf.hpp"

#include <cerrno>
#include <cstdlib>
#include <memory>

#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "linux/live_proc.hpp"

namespace netstat46 {

std::optional<WalkBuffer> begun(const NewWalk& walk) {
    Walk begin = walk ? walk() : nullptr;
    if (!begin) return std::nullopt;
    WalkBuffer buffer(std::move(begin));
    if (!buffer.fill() && buffer.error() != 0) return std::nullopt;
    return buffer;
}

#ifdef NETSTAT46_BPF

extern "C" int netstat46_load_walks(int* tasks, int* tcp); // walks.c

namespace {

Walk begin_walk(const Descriptor& link) {
    bpf_attr attributes{};
    attributes.iter_create.link_fd = static_cast<std::uint32_t>(link.get());
    const auto fd = std::make_shared<Descriptor>(
        static_cast<int>(syscall(SYS_bpf, BPF_ITER_CREATE, &attributes, sizeof attributes)));
    if (fd->get() < 0) return nullptr;
    return [fd](std::span<std::byte> room) {
        ssize_t got = -1;
        do got = read_some(fd->get(), reinterpret_cast<char*>(room.data()), room.size());
        while (got < 0 && errno == EAGAIN); // a million of which there was nothing to say (bpf_iter.c)
        return got;
    };
}

NewWalk walks_of(int link) {
    return [link = std::make_shared<Descriptor>(link)] { return begin_walk(*link); };
}

} // namespace

BpfWalks load_bpf_walks() {
    // The iterator's pids are those of the initial process id namespace.
    if (std::getenv("NETSTAT46_NO_BPF") != nullptr || !in_initial_pid_namespace().value_or(false)) return {};
    int tasks = -1, tcp = -1;
    if (netstat46_load_walks(&tasks, &tcp) != 0) return {};
    return {walks_of(tasks), walks_of(tcp)};
}

#else

BpfWalks load_bpf_walks() { return {}; }

#endif

} // namespace netstat46
