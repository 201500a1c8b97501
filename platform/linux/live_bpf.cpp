// BPF iterators, where the build has libbpf (NETSTAT46_BPF) and the running kernel lets us.
#include "linux/live_bpf.hpp"

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "linux/live_proc.hpp"

#ifdef NETSTAT46_BPF
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

// Compiled from walks.bpf.c; see the Makefile.
extern "C" const unsigned char netstat46_walks_bpf[];
extern "C" const unsigned char netstat46_walks_bpf_end[];
#endif

namespace netstat46 {

#ifdef NETSTAT46_BPF
namespace {

struct CloseObject {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
};
struct DestroyLink {
    void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};

/// The iterator's pids are those of the initial process id namespace, whose inode is fixed: PROC_PID_INIT_INO
/// (linux/proc_ns.h).
bool in_initial_pid_namespace() {
    char link[64];
    const ssize_t length = readlink("/proc/self/ns/pid", link, sizeof link);
    return length > 0 && std::string_view(link, static_cast<std::size_t>(length)) == "pid:[4026531836]";
}

using Object = std::unique_ptr<bpf_object, CloseObject>;
using Link = std::unique_ptr<bpf_link, DestroyLink>;

constexpr const char* tasks_program = "sockets_of_tasks";
constexpr const char* tcp_program = "tcp_sockets";

/// Null if the kernel does not take it.
Object load(bool with_tcp) {
    const auto size = static_cast<std::size_t>(netstat46_walks_bpf_end - netstat46_walks_bpf);
    Object object(bpf_object__open_mem(netstat46_walks_bpf, size, nullptr));
    if (!object) return nullptr;
    bpf_program* tcp = bpf_object__find_program_by_name(object.get(), tcp_program);
    if (tcp == nullptr || bpf_program__set_autoload(tcp, with_tcp) != 0) return nullptr;
    return bpf_object__load(object.get()) == 0 ? std::move(object) : nullptr;
}

Walk begin_walk(const bpf_link* link) {
    const auto fd = std::make_shared<Descriptor>(bpf_iter_create(bpf_link__fd(link)));
    return [fd, error = errno](std::span<std::byte> room) {
        ssize_t got = -1;
        if (errno = error; fd->get() < 0) return got;
        do got = read_some(fd->get(), reinterpret_cast<char*>(room.data()), room.size());
        while (got < 0 && errno == EAGAIN); // a million of which there was nothing to say (bpf_iter.c)
        return got;
    };
}

NewWalk walks(bpf_object* object, const char* name) {
    bpf_program* program = bpf_object__find_program_by_name(object, name);
    const std::shared_ptr<bpf_link> link(
        program == nullptr ? nullptr : bpf_program__attach_iter(program, nullptr), DestroyLink{});
    if (!link) return nullptr;
    return [link] { return begin_walk(link.get()); };
}

} // namespace

BpfWalks load_bpf_walks(bool with_tcp) {
    if (std::getenv("NETSTAT46_NO_BPF") != nullptr || !in_initial_pid_namespace()) return {};
    libbpf_set_print([](libbpf_print_level, const char*, va_list) { return 0; });
    Object object = load(with_tcp);
    if (!object && with_tcp) object = load(with_tcp = false);
    if (!object) return {};
    // The links keep the kernel's programs.
    return {walks(object.get(), tasks_program), with_tcp ? walks(object.get(), tcp_program) : nullptr};
}

#else

BpfWalks load_bpf_walks(bool) { return {}; }

#endif

} // namespace netstat46
