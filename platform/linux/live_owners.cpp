#include "linux/live_owners.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/compile.h>

#include "capture/capture_dir.hpp"
#include "linux/live_proc.hpp"
#include "parse.hpp"

namespace netstat46 {
namespace {

constexpr std::size_t block_size = std::size_t{64} * 1024;

/// Descriptors above which loading the BPF iterator (13 to 35 ms, most of it for the kernel's type
/// information) costs less than reading links (2.5 us each, over two processors).
constexpr std::uint64_t bpf_pays = 8192;
/// Descriptors above which threads pay, and counting them all (5 % of the run on a small host).
constexpr std::uint64_t threads_pay = 4096;
/// Of few sockets' possible holders: starting a thread takes as long as reading three of them.
constexpr std::size_t processes_per_thread = 16;

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

/// Which sockets are to be found.
class Wanted {
public:
    explicit Wanted(const std::optional<std::unordered_set<std::uint64_t>>& inodes) : everything_(!inodes) {
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

/// Reads the descriptors of one process after the other. getdents64(2) itself: a DIR for each costs an
/// allocation and two more calls.
class Scanner {
public:
    explicit Scanner(int proc) : proc_(proc) {}

    /// The socket descriptors of one process that `take` takes, appended to `lines`; true if there are any.
    template <typename Take>
    bool scan(std::int32_t pid, const Take& take, std::string& lines) {
        const Descriptor directory(
            openat(proc_, ProcPath(pid, "fd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (directory.get() < 0) {
            if (errno == EACCES || errno == EPERM)
                fmt::format_to(std::back_inserter(lines), FMT_COMPILE("{}\t-\tEACCES\n"), pid);
            return false;
        }
        const std::size_t had = lines.size();
        while (next_entries(directory.get()))
            for (const char* entry : entries_) {
                const Link link = read_link(directory.get(), entry);
                if (link.refused) { // as all of them will be: root without CAP_SYS_PTRACE may list and not
                                    // read
                    fmt::format_to(std::back_inserter(lines), FMT_COMPILE("{}\t-\tlinks\n"), pid);
                    return false;
                }
                if (link.inode && take(*link.inode))
                    fmt::format_to(std::back_inserter(lines), FMT_COMPILE("{}\t{}\tsocket:[{}]\n"), pid,
                                   entry, *link.inode);
            }
        return lines.size() > had;
    }

    /// How many descriptors were looked at so far.
    [[nodiscard]] std::uint64_t seen() const { return seen_; }

private:
    struct Link {
        std::optional<std::uint64_t> inode; ///< of a socket
        bool refused = false;
    };

    /// Some more names of descriptors into `entries_`; false at the end. The record is struct linux_dirent64
    /// (linux/dirent.h): u64 inode, s64 offset, u16 length, u8 type, name.
    bool next_entries(int directory) {
        constexpr std::size_t length_at = 16, name_at = 19;
        const long got = syscall(SYS_getdents64, directory, buffer_.data(), buffer_.size());
        entries_.clear();
        for (std::size_t at = 0; got > 0 && at < static_cast<std::size_t>(got);) {
            const char* record = buffer_.data() + at;
            if (record[name_at] != '.') entries_.push_back(record + name_at);
            std::uint16_t length = 0;
            std::memcpy(&length, record + length_at, sizeof length);
            at += length;
        }
        seen_ += entries_.size();
        return got > 0;
    }

    static Link read_link(int directory, const char* entry) {
        constexpr std::string_view prefix = "socket:[";
        char text[64];
        const ssize_t length = readlinkat(directory, entry, text, sizeof text);
        if (length < 0) return {std::nullopt, errno == EACCES || errno == EPERM};
        const std::string_view link(text, static_cast<std::size_t>(length));
        if (!link.starts_with(prefix)) return {};
        return {parse_number<std::uint64_t>(link.substr(prefix.size(), link.size() - prefix.size() - 1)),
                false};
    }

    int proc_;
    std::vector<char> buffer_ = std::vector<char>(std::size_t{32} * 1024);
    std::vector<const char*> entries_; ///< into buffer_
    std::uint64_t seen_ = 0;
};

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

/// A piece of an interface's answer, empty at the end, and the processes that stand in it.
struct Found {
    std::string_view interface = "proc.pid.fd";
    std::string bytes;
    std::vector<std::int32_t> pids;
};
using Finder = std::function<Found()>;

/// One process after the other.
Finder find_in_order(int proc, std::vector<std::int32_t> pids, Wanted wanted) {
    return [scanner = Scanner(proc), pids = std::move(pids), wanted = std::move(wanted),
            next = std::size_t{0}]() mutable {
        const auto take = [&wanted](std::uint64_t inode) { return wanted.take(inode); };
        Found found;
        for (; next < pids.size() && found.bytes.size() < block_size && !wanted.all_found(); ++next)
            if (scanner.scan(pids[next], take, found.bytes)) found.pids.push_back(pids[next]);
        return found;
    };
}

/// A new thread is left beside its parent for up to 3 ms where processors share no cache (in virtual
/// machines), longer than few sockets take: elsewhere it begins at once, which saves a fifth of the run on a
/// small host.
void begin_elsewhere(std::thread& thread) {
    cpu_set_t processors;
    if (sched_getaffinity(0, sizeof processors, &processors) != 0) return;
    CPU_CLR(sched_getcpu(), &processors);
    pthread_setaffinity_np(thread.native_handle(), sizeof processors, &processors);
}

/// Looks at processes until every wanted socket has an owner or `enough` descriptors were seen: most hosts
/// have no more. Processes are taken in ascending order, so that those which were not looked at have higher
/// pids than any owner that was found. A thread that begins too late finds nothing to do, and nobody waits
/// for it.
class FirstLook {
public:
    FirstLook(int proc, std::vector<std::int32_t> pids, Wanted wanted, std::uint64_t enough)
        : proc_(proc), enough_(enough), pids_(std::move(pids)), wanted_(std::move(wanted)) {}

    static Found look(const std::shared_ptr<FirstLook>& first, unsigned threads) {
        try {
            for (unsigned i = 1; i < threads; ++i) {
                std::thread other([first] { first->work(); });
                begin_elsewhere(other);
                other.detach();
            }
        } catch (const std::system_error&) { // fewer will do
        }
        first->work();
        return first->close();
    }

    [[nodiscard]] bool done() const { return next_ >= pids_.size() || wanted_.all_found(); }
    /// The processes that were not looked at, and what was wanted.
    std::vector<std::int32_t> rest() {
        return {pids_.begin() + static_cast<std::ptrdiff_t>(next_), pids_.end()};
    }
    Wanted wanted() { return std::move(wanted_); }

private:
    void work() {
        {
            const std::lock_guard lock(mutex_);
            if (closed_) return;
            ++working_;
        }
        Found found;
        std::exception_ptr failure;
        try {
            find(found);
        } catch (...) {
            failure = std::current_exception();
        }
        const std::lock_guard lock(mutex_);
        if (failure) failure_ = failure;
        found_.bytes += found.bytes;
        found_.pids.insert(found_.pids.end(), found.pids.begin(), found.pids.end());
        --working_;
        ended_.notify_all();
    }

    void find(Found& found) {
        Scanner scanner(proc_);
        const auto take = [this](std::uint64_t inode) {
            const std::lock_guard lock(mutex_);
            return wanted_.take(inode);
        };
        std::uint64_t seen = 0;
        while (const auto pid = next(scanner.seen() - std::exchange(seen, scanner.seen())))
            if (scanner.scan(*pid, take, found.bytes)) found.pids.push_back(*pid);
    }

    std::optional<std::int32_t> next(std::uint64_t seen) {
        const std::lock_guard lock(mutex_);
        seen_ += seen;
        if (closed_ || done() || seen_ >= enough_) return std::nullopt;
        return pids_[next_++];
    }

    Found close() {
        std::unique_lock lock(mutex_);
        closed_ = true;
        ended_.wait(lock, [this] { return working_ == 0; });
        if (failure_) std::rethrow_exception(failure_);
        return std::move(found_);
    }

    int proc_;
    std::uint64_t enough_;
    std::mutex mutex_; ///< guards what follows until it is closed
    std::condition_variable ended_;
    std::vector<std::int32_t> pids_;
    Wanted wanted_;
    std::size_t next_ = 0;
    std::uint64_t seen_ = 0;
    unsigned working_ = 0;
    bool closed_ = false;
    Found found_;
    std::exception_ptr failure_;
};

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
        if (ready_.empty() && failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
        if (ready_.empty()) return {};
        Found found = std::move(ready_.front());
        ready_.pop_front();
        changed_.notify_all();
        return found;
    }

private:
    static constexpr std::size_t most_waiting = 16;

    void work() {
        std::exception_ptr failure;
        try {
            find();
        } catch (...) {
            failure = std::current_exception();
        }
        const std::lock_guard lock(mutex_);
        if (failure) failure_ = failure;
        --running_;
        changed_.notify_all();
    }

    void find() {
        Scanner scanner(proc_);
        Found found;
        const auto everything = [](std::uint64_t) { return true; };
        for (std::size_t i = next_++; i < pids_.size(); i = next_++) {
            if (scanner.scan(pids_[i], everything, found.bytes)) found.pids.push_back(pids_[i]);
            if (found.bytes.size() >= block_size) hand_over(std::exchange(found, {}));
        }
        if (!found.bytes.empty()) hand_over(std::move(found));
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
    std::exception_ptr failure_;
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
        Found found{"bpf_iter.task_file", {}, {}};
        while (found.bytes.empty()) {
            const std::span<const OwnedSocket> some = next_some();
            if (some.empty()) break;
            for (const OwnedSocket& owned : some) {
                if (!wanted.take(owned.inode)) continue;
                found.bytes.append(reinterpret_cast<const char*>(&owned), sizeof owned);
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
            begin();
        } else {
            problem({fmt::format("/proc: {}; owners are not known",
                                 proc_ ? "no processes" : std::strerror(errno)),
                     false});
        }
    }

    std::optional<RawBlock> operator()() {
        if (finder_) {
            found_ = finder_();
            pids_.insert(pids_.end(), found_.pids.begin(), found_.pids.end());
            if (!found_.bytes.empty()) return hand_out(found_.interface, found_.bytes);
            finder_ = nullptr;
            name_processes();
            return hand_out("processes.tsv", processes_);
        }
        if (!request_.contexts || contexts_.empty()) return std::nullopt;
        found_.bytes = std::exchange(contexts_, {});
        return hand_out("contexts.tsv", found_.bytes);
    }

private:
    /// Few sockets are looked for without counting descriptors first.
    void begin() {
        std::vector<std::int32_t> pids = list_processes(proc_);
        Wanted wanted(request_.wanted);
        if (request_.in_order || wanted.everything()) {
            finder_ = choose(std::move(pids), std::move(wanted));
            return;
        }
        finder_ = look_first(std::move(pids), std::move(wanted));
    }

    Finder look_first(std::vector<std::int32_t> pids, Wanted wanted) {
        const auto threads = std::min<std::size_t>(request_.threads, pids.size() / processes_per_thread + 1);
        auto first =
            std::make_shared<FirstLook>(dirfd(proc_.get()), std::move(pids), std::move(wanted), threads_pay);
        return [this, first = std::move(first), threads, rest = Finder{}]() mutable {
            if (first) {
                Found found = FirstLook::look(first, static_cast<unsigned>(threads));
                if (!first->done()) rest = choose(first->rest(), first->wanted());
                first = nullptr;
                if (!found.bytes.empty()) return found;
            }
            return rest ? rest() : Found{};
        };
    }

    Finder choose(std::vector<std::int32_t> pids, Wanted wanted) {
        const int proc = dirfd(proc_.get());
        if (request_.in_order) return find_in_order(proc, std::move(pids), std::move(wanted));
        const std::optional<std::uint64_t> descriptors = count_descriptors(proc, pids);
        if (descriptors.value_or(0) >= bpf_pays)
            if (auto bpf = owners_by_bpf()) return find_by_bpf(std::move(*bpf), std::move(wanted));
        const bool many = descriptors.value_or(threads_pay) >= threads_pay;
        if (wanted.everything() && many && request_.threads > 1)
            return find_in_threads(proc, std::move(pids), request_.threads);
        return find_in_order(proc, std::move(pids), std::move(wanted));
    }

    static RawBlock hand_out(std::string_view interface, const std::string& bytes) {
        return {interface, std::as_bytes(std::span(bytes)), no_table, 0};
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
    Found found_; ///< handed out last
    std::vector<std::int32_t> pids_;
    std::string processes_, contexts_;
};

} // namespace

BlockReader read_owners(const OwnersRequest& request, const ProblemSink& problem) {
    const auto reader = std::make_shared<OwnersReader>(request, problem);
    return [reader] { return (*reader)(); };
}

} // namespace netstat46
