#include "linux/live_owners.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/compile.h>

#include "capture/capture_dir.hpp"
#include "linux/live_proc.hpp"
#include "parse.hpp"

namespace netstat46 {
namespace {

constexpr std::size_t block_size = std::size_t{64} * 1024;

/// Descriptors above which loading the BPF iterator (15 to 35 ms) costs less than reading links (1.6 us
/// each).
constexpr std::uint64_t bpf_pays = 32768;
/// Descriptors above which threads pay.
constexpr std::uint64_t threads_pay = 4096;

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

/// A whole small file; empty if it cannot be read.
std::string read_small(int directory, const char* name, std::size_t limit = 4096) {
    const Descriptor file(openat(directory, name, O_RDONLY | O_CLOEXEC));
    std::string text(limit, '\0');
    const ssize_t got = file.get() < 0 ? -1 : read_some(file.get(), text.data(), text.size());
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
}

/// As net-tools names a program: argv[0], of an absolute path only what follows its last `/`.
std::string program_name(std::string_view command_line) {
    const std::string_view first = command_line.substr(0, command_line.find('\0'));
    return std::string(first.starts_with('/') ? first.substr(first.rfind('/') + 1) : first);
}

/// `PID/NAME` for openat(2).
class ProcPath {
public:
    ProcPath(std::int32_t pid, std::string_view name) {
        *fmt::format_to(text_, FMT_COMPILE("{}/{}"), pid, name) = '\0';
    }
    [[nodiscard]] const char* c_str() const { return text_; }

private:
    char text_[40];
};

void put_socket(std::string& lines, const OwnedSocket& owned) {
    fmt::format_to(std::back_inserter(lines), FMT_COMPILE("{}\t{}\tsocket:[{}]\n"), owned.pid, owned.fd,
                   owned.inode);
}

/// Which sockets are still to be found.
class Wanted {
public:
    explicit Wanted(std::optional<std::unordered_set<std::uint64_t>> inodes) : inodes_(std::move(inodes)) {}

    /// Whether a holder of `inode` is of use. The first one is the one with the lowest pid.
    bool take(std::uint64_t inode) { return !inodes_ || inodes_->erase(inode) == 1; }
    [[nodiscard]] bool all_found() const { return inodes_ && inodes_->empty(); }

private:
    std::optional<std::unordered_set<std::uint64_t>> inodes_;
};

/// The socket descriptors of one process, appended to `lines`; true if it has any that are wanted. `refused`:
/// the process's descriptors may not be read.
bool scan_process(int proc, std::int32_t pid, Wanted& wanted, std::string& lines) {
    const int fd = openat(proc, ProcPath(pid, "fd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == EACCES || errno == EPERM)
            fmt::format_to(std::back_inserter(lines), FMT_COMPILE("{}\t-\tEACCES\n"), pid);
        return false;
    }
    const Directory descriptors(fdopendir(fd));
    if (!descriptors) return false;
    bool holds = false, refused = false;
    char link[64];
    while (const dirent* entry = readdir(descriptors.get())) {
        const auto descriptor = parse_number<std::int32_t>(entry->d_name);
        if (!descriptor) continue;
        const ssize_t length = readlinkat(dirfd(descriptors.get()), entry->d_name, link, sizeof link);
        refused = refused || (length < 0 && (errno == EACCES || errno == EPERM));
        if (length < 10 || std::memcmp(link, "socket:[", 8) != 0) continue;
        const auto inode =
            parse_number<std::uint64_t>(std::string_view(link + 8, static_cast<std::size_t>(length) - 9));
        if (!inode || !wanted.take(*inode)) continue;
        put_socket(lines, {*inode, pid, *descriptor});
        holds = true;
    }
    // Root without CAP_SYS_PTRACE may list a process's descriptors and not read them.
    if (refused) fmt::format_to(std::back_inserter(lines), FMT_COMPILE("{}\t-\tlinks\n"), pid);
    return holds;
}

/// All process ids, as /proc lists them: ascending.
std::vector<std::int32_t> list_processes(const Directory& proc) {
    std::vector<std::int32_t> pids;
    while (const dirent* entry = readdir(proc.get()))
        if (const auto pid = parse_number<std::int32_t>(entry->d_name)) pids.push_back(*pid);
    return pids;
}

/// How many descriptors there are (st_size of /proc/PID/fd, since Linux 6.2; else nothing), leaving out of
/// `pids` the processes that have none.
std::optional<std::uint64_t> count_descriptors(int proc, std::vector<std::int32_t>& pids) {
    struct stat status {};
    if (geteuid() != 0 || stat("/proc/self/fd", &status) != 0 || status.st_size == 0) return std::nullopt;
    std::uint64_t sum = 0;
    std::erase_if(pids, [&](std::int32_t pid) {
        if (fstatat(proc, ProcPath(pid, "fd").c_str(), &status, 0) != 0) return true;
        sum += static_cast<std::uint64_t>(status.st_size);
        return status.st_size == 0;
    });
    return sum;
}

/// Gives lines of `proc.pid.fd` and says which processes stand in them; empty at the end.
struct Found {
    std::string lines;
    std::vector<std::int32_t> pids;
};
using Finder = std::function<Found()>;

/// One process after the other.
Finder find_in_order(int proc, std::vector<std::int32_t> pids, Wanted wanted) {
    return [proc, pids = std::move(pids), wanted = std::move(wanted), next = std::size_t{0}]() mutable {
        Found found;
        for (; next < pids.size() && found.lines.size() < block_size && !wanted.all_found(); ++next)
            if (scan_process(proc, pids[next], wanted, found.lines)) found.pids.push_back(pids[next]);
        return found;
    };
}

/// Processes shared out among threads; the blocks come as they are ready, at most a few waiting.
class ThreadedFinder {
public:
    ThreadedFinder(int proc, std::vector<std::int32_t> pids, unsigned threads)
        : proc_(proc), pids_(std::move(pids)) {
        threads_.reserve(threads);
        const std::lock_guard lock(mutex_);
        try {
            for (; running_ < threads; ++running_) threads_.emplace_back([this] { work(); });
        } catch (const std::system_error&) { // fewer will do
        }
    }
    ThreadedFinder(const ThreadedFinder&) = delete;
    ThreadedFinder& operator=(const ThreadedFinder&) = delete;
    ~ThreadedFinder() {
        next_ = pids_.size();
        {
            const std::lock_guard lock(mutex_);
            abandoned_ = true;
        }
        changed_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    /// False where the system allows no thread at all.
    [[nodiscard]] bool has_threads() const { return !threads_.empty(); }

    Found operator()() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !ready_.empty() || running_ == 0; });
        if (ready_.empty()) return {};
        Found found = std::move(ready_.front());
        ready_.pop_front();
        changed_.notify_all();
        return found;
    }

private:
    static constexpr std::size_t most_waiting = 16;

    void work() {
        Found found;
        Wanted everything(std::nullopt);
        for (std::size_t i = next_++; i < pids_.size(); i = next_++) {
            if (scan_process(proc_, pids_[i], everything, found.lines)) found.pids.push_back(pids_[i]);
            if (found.lines.size() >= block_size) hand_over(std::exchange(found, {}));
        }
        if (!found.lines.empty()) hand_over(std::move(found));
        const std::lock_guard lock(mutex_);
        --running_;
        changed_.notify_all();
    }

    void hand_over(Found found) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ready_.size() < most_waiting || abandoned_; });
        ready_.push_back(std::move(found));
        changed_.notify_all();
    }

    int proc_;
    std::vector<std::int32_t> pids_;
    std::atomic<std::size_t> next_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Found> ready_;
    unsigned running_ = 0;
    bool abandoned_ = false;
    std::vector<std::thread> threads_;
};

Finder find_in_threads(int proc, std::vector<std::int32_t> pids, unsigned threads) {
    const auto finder = std::make_shared<ThreadedFinder>(proc, pids, threads);
    if (!finder->has_threads()) return find_in_order(proc, std::move(pids), Wanted(std::nullopt));
    return [finder] { return (*finder)(); };
}

/// By the kernel's own walk. Its order is by process too.
Finder find_by_bpf(OwnedSocketReader next_some, Wanted wanted) {
    return [next_some = std::move(next_some), wanted = std::move(wanted)]() mutable {
        Found found;
        while (found.lines.empty()) {
            const std::span<const OwnedSocket> some = next_some();
            if (some.empty()) break;
            for (const OwnedSocket& owned : some) {
                if (!wanted.take(owned.inode)) continue;
                put_socket(found.lines, owned);
                if (found.pids.empty() || found.pids.back() != owned.pid) found.pids.push_back(owned.pid);
            }
        }
        return found;
    };
}

/// Hands out what a finder finds, then the names of the processes.
class OwnersReader {
public:
    OwnersReader(OwnersRequest request, const ProblemSink& problem)
        : request_(std::move(request)), proc_(opendir("/proc")) {
        if (proc_ && access("/proc/self", F_OK) == 0) {
            finder_ = choose();
        } else {
            problem({fmt::format("/proc: {}; owners are not known",
                                 proc_ ? "no processes" : std::strerror(errno)),
                     false});
        }
    }

    std::optional<RawBlock> operator()() {
        if (finder_) {
            Found found = finder_();
            pids_.insert(pids_.end(), found.pids.begin(), found.pids.end());
            block_ = std::move(found.lines);
            if (!block_.empty()) return hand_out("proc.pid.fd");
            finder_ = nullptr;
            name_processes();
            block_ = std::move(processes_);
            return hand_out("processes.tsv");
        }
        if (!request_.contexts || contexts_.empty()) return std::nullopt;
        block_ = std::exchange(contexts_, {});
        return hand_out("contexts.tsv");
    }

private:
    Finder choose() {
        std::vector<std::int32_t> pids = list_processes(proc_);
        const int proc = dirfd(proc_.get());
        const std::optional<std::uint64_t> descriptors = count_descriptors(proc, pids);
        if (!request_.in_order && descriptors.value_or(0) >= bpf_pays)
            if (auto bpf = owners_by_bpf())
                return find_by_bpf(std::move(*bpf), Wanted(std::move(request_.wanted)));
        const bool many = descriptors.value_or(threads_pay) >= threads_pay;
        if (!request_.in_order && !request_.wanted && many && request_.threads > 1)
            return find_in_threads(proc, std::move(pids), request_.threads);
        return find_in_order(proc, std::move(pids), Wanted(std::move(request_.wanted)));
    }

    RawBlock hand_out(std::string_view interface) {
        return {interface, std::as_bytes(std::span(block_)), no_table, 0};
    }

    void name_processes() {
        std::sort(pids_.begin(), pids_.end());
        pids_.erase(std::unique(pids_.begin(), pids_.end()), pids_.end());
        for (const std::int32_t pid : pids_) name_process(dirfd(proc_.get()), pid);
    }

    void name_process(int proc, std::int32_t pid) {
        auto row = std::back_inserter(processes_);
        fmt::format_to(row, FMT_COMPILE("{}\t{}"), pid,
                       escaped_field(program_name(read_small(proc, ProcPath(pid, "cmdline").c_str()))));
        struct stat status {};
        if (request_.details && fstatat(proc, ProcPath(pid, "").c_str(), &status, 0) == 0) {
            std::string comm = read_small(proc, ProcPath(pid, "comm").c_str(), 64);
            if (comm.ends_with('\n')) comm.pop_back();
            fmt::format_to(row, FMT_COMPILE("\t{}\t{}"), status.st_uid, escaped_field(comm));
        }
        processes_.push_back('\n');
        if (!request_.contexts) return;
        std::string context = read_small(proc, ProcPath(pid, "attr/current").c_str(), 256);
        while (context.ends_with('\0') || context.ends_with('\n')) context.pop_back();
        fmt::format_to(std::back_inserter(contexts_), FMT_COMPILE("{}\t{}\n"), pid, escaped_field(context));
    }

    OwnersRequest request_;
    Directory proc_;
    Finder finder_;
    std::vector<std::int32_t> pids_;
    std::string block_, processes_, contexts_;
};

} // namespace

BlockReader read_owners(const OwnersRequest& request, const ProblemSink& problem) {
    const auto reader = std::make_shared<OwnersReader>(request, problem);
    return [reader] { return (*reader)(); };
}

} // namespace netstat46
