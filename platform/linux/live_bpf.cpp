// The BPF iterator, where the build has libbpf (NETSTAT46_BPF) and the running kernel lets us.
#include "linux/live_owners.hpp"

#include <cstdlib>
#include <memory>

#include "linux/live_proc.hpp"

#ifdef NETSTAT46_BPF
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

// Compiled from owners.bpf.c; see the Makefile.
extern "C" const unsigned char netstat46_owners_bpf[];
extern "C" const unsigned char netstat46_owners_bpf_end[];
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

/// A loaded, attached iterator, and what was read of it last.
class Iterator {
public:
    bool load() {
        libbpf_set_print([](libbpf_print_level, const char*, va_list) { return 0; });
        const auto size = static_cast<std::size_t>(netstat46_owners_bpf_end - netstat46_owners_bpf);
        object_.reset(bpf_object__open_mem(netstat46_owners_bpf, size, nullptr));
        if (!object_ || bpf_object__load(object_.get()) != 0) return false;
        bpf_program* program = bpf_object__find_program_by_name(object_.get(), "sockets_of_tasks");
        if (program == nullptr) return false;
        link_.reset(bpf_program__attach_iter(program, nullptr));
        if (!link_) return false;
        fd_ = std::make_unique<Descriptor>(bpf_iter_create(bpf_link__fd(link_.get())));
        return fd_->get() >= 0;
    }

    std::span<const OwnedSocket> next() {
        auto* bytes = reinterpret_cast<char*>(records_.data());
        const std::size_t room = records_.size() * sizeof(OwnedSocket);
        std::size_t filled = 0;
        do {
            const ssize_t got = read_some(fd_->get(), bytes + filled, room - filled);
            if (got <= 0) break;
            filled += static_cast<std::size_t>(got);
        } while (filled % sizeof(OwnedSocket) != 0);
        return std::span(records_).first(filled / sizeof(OwnedSocket));
    }

private:
    std::unique_ptr<bpf_object, CloseObject> object_;
    std::unique_ptr<bpf_link, DestroyLink> link_;
    std::unique_ptr<Descriptor> fd_;
    std::vector<OwnedSocket> records_ = std::vector<OwnedSocket>(4096);
};

} // namespace

std::optional<OwnedSocketReader> owners_by_bpf() {
    if (std::getenv("NETSTAT46_NO_BPF") != nullptr || !in_initial_pid_namespace()) return std::nullopt;
    const auto iterator = std::make_shared<Iterator>();
    if (!iterator->load()) return std::nullopt;
    return [iterator] { return iterator->next(); };
}

#else

std::optional<OwnedSocketReader> owners_by_bpf() { return std::nullopt; }

#endif

} // namespace netstat46
