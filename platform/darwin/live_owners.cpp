#include "darwin/live_owners.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/types.h>

#include <sys/sysctl.h>

#include <libproc.h>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "capture/capture_dir.hpp"
#include "messages.hpp"

namespace netstat46::darwin {
namespace {

constexpr std::string_view descriptors_name = "proc.pid.fd", processes_name = "processes.tsv";
constexpr std::size_t block_size = std::size_t{64} * 1024;
constexpr std::size_t most_items = std::size_t{1} << 24;

/// A kernel's struct, and room for what a later kernel adds to its end: it gives nothing that does not fit.
template <class Known>
struct Roomy {
    Known known{};
    char added[1024]{};
};

/// All items of a list that libproc cuts to the room it is given, without a word. 0 or an errno.
template <class Item, class Ask>
int read_list(std::vector<Item>& items, Ask ask) {
    items.resize(std::max<std::size_t>(items.capacity(), 256));
    while (true) {
        errno = 0;
        const int size = ask(items.data(), static_cast<int>(items.size() * sizeof(Item)));
        if (size <= 0) {
            items.clear();
            return errno;
        }
        const std::size_t count = static_cast<std::size_t>(size) / sizeof(Item);
        if (count < items.size() || count >= most_items) {
            items.resize(std::min(count, items.size()));
            return 0;
        }
        items.resize(2 * items.size());
    }
}

void put_process(std::string& lines, int pid) {
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
    Roomy<kinfo_proc> room;
    std::size_t size = sizeof room;
    const kinfo_proc& process = room.known;
    if (sysctl(name, std::size(name), &room, &size, nullptr, 0) != 0 || size < sizeof process) return;
    const char* comm = process.kp_proc.p_comm;
    lines += fmt::format(FMT_COMPILE("{}\t{}\t{}\n"), pid,
                         escaped_field({comm, strnlen(comm, sizeof process.kp_proc.p_comm)}),
                         process.kp_eproc.e_ucred.cr_uid);
}

class OwnersReader {
public:
    explicit OwnersReader(const ProblemSink& problem) {
        const int error = read_list(
            pids_, [](void* room, int size) { return proc_listpids(PROC_ALL_PIDS, 0, room, size); });
        if (pids_.empty())
            problem({fmt::format(messages.refused, descriptors_name,
                                 error == 0 ? std::string(messages.no_processes)
                                            : std::generic_category().message(error))});
        std::sort(pids_.begin(), pids_.end());
    }

    std::optional<RawBlock> operator()() {
        lines_.clear();
        for (; next_ < pids_.size() && lines_.size() < block_size; ++next_) {
            put_sockets(pids_[next_]);
            put_process(processes_, pids_[next_]);
        }
        if (!lines_.empty()) return block(descriptors_name, std::exchange(offset_, offset_ + lines_.size()));
        if (processes_.empty()) return std::nullopt;
        lines_ = std::exchange(processes_, {});
        return block(processes_name, 0);
    }

private:
    [[nodiscard]] RawBlock block(std::string_view interface, std::size_t offset) const {
        return {interface, std::as_bytes(std::span(lines_)), no_table, offset};
    }

    void put_sockets(int pid) {
        const int error = read_list(descriptors_, [pid](void* room, int size) {
            return proc_pidinfo(pid, PROC_PIDLISTFDS, 0, room, size);
        });
        if (error == EPERM || error == EACCES)
            fmt::format_to(std::back_inserter(lines_), FMT_COMPILE("{}\t-\tEPERM\n"), pid);
        for (const proc_fdinfo& descriptor : descriptors_)
            if (descriptor.proc_fdtype == PROX_FDTYPE_SOCKET) put_socket(pid, descriptor.proc_fd);
    }

    void put_socket(int pid, int fd) {
        Roomy<socket_fdinfo> room;
        const socket_fdinfo& socket = room.known;
        const int size = proc_pidfdinfo(pid, fd, PROC_PIDFDSOCKETINFO, &room, sizeof room);
        if (size < static_cast<int>(sizeof socket)) return; // closed meanwhile
        fmt::format_to(std::back_inserter(lines_), FMT_COMPILE("{}\t{}\t{:x}\n"), pid, fd, socket.psi.soi_so);
    }

    std::vector<int> pids_;
    std::vector<proc_fdinfo> descriptors_; ///< of one process
    std::size_t next_ = 0, offset_ = 0;
    std::string lines_, processes_;
};

} // namespace

BlockReader read_owners(const ProblemSink& problem) {
    const auto reader = std::make_shared<OwnersReader>(problem);
    return [reader] { return (*reader)(); };
}

} // namespace netstat46::darwin
