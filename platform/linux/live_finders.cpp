#include "linux/live_finders.hpp"

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/compile.h>

#include "linux/decode.hpp"
#include "linux/live_threads.hpp"

namespace netstat46 {
namespace {

constexpr std::size_t block_size = std::size_t{64} * 1024;

/// Reads the descriptors of one process after the other. getdents64(2) itself: a DIR for each costs an
/// allocation and two more calls.
class Scanner {
public:
    explicit Scanner(bool leaders_only) : leaders_only_(leaders_only) {}

    /// The socket descriptors of one process that `take` takes, appended to `lines`; true if there are any.
    template <typename Take>
    bool scan(std::int32_t pid, const Take& take, std::string& lines) {
        const std::uint64_t before = seen_;
        std::optional<bool> any = scan_directory(pid, "fd", take, lines);
        if (!any || seen_ > before || leaders_only_) return any.value_or(false);
        const Numbered threads = other_threads(pid);
        note_error(threads.error, pid, lines);
        for (const std::int32_t thread : threads.numbers) {
            any = scan_directory(pid, fmt::format(FMT_COMPILE("task/{}/fd"), thread), take, lines);
            if (any && seen_ > before) return *any;
        }
        return false;
    }

    /// How many descriptors were looked at so far.
    [[nodiscard]] std::uint64_t seen() const { return seen_; }
    /// Why some could not be, other than that they are not ours to see.
    [[nodiscard]] int error() const { return error_; }

private:
    /// As scan(); nothing where the directory is not to be had.
    template <typename Take>
    std::optional<bool> scan_directory(std::int32_t pid, std::string_view name, const Take& take,
                                       std::string& lines) {
        const Descriptor directory(open(ProcPath(pid, name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (directory.get() < 0) {
            if (errno == EACCES || errno == EPERM)
                fmt::format_to(std::back_inserter(lines), FMT_COMPILE("{}\t-\tEACCES\n"), pid);
            else
                note_error(errno, pid, lines);
            return std::nullopt;
        }
        bool any = false;
        while (next_entries(directory.get(), pid, lines))
            for (const char* entry : entries_) {
                const Link link = read_link(directory.get(), entry);
                if (link.refused) { // as all of them will be: root without CAP_SYS_PTRACE may list and not
                                    // read
                    if (!has_ended(directory.get()))
                        fmt::format_to(std::back_inserter(lines), FMT_COMPILE("{}\t-\tlinks\n"), pid);
                    return false;
                }
                note_error(link.error, pid, lines);
                if (!link.inode || !take(*link.inode)) continue;
                fmt::format_to(std::back_inserter(lines), FMT_COMPILE("{}\t{}\tsocket:[{}]\n"), pid, entry,
                               *link.inode);
                any = true;
            }
        return any;
    }

    /// 0: none.
    void note_error(int error, std::int32_t pid, std::string& lines) {
        if (!hides_owners(error)) return;
        error_ = error;
        fmt::format_to(std::back_inserter(lines), FMT_COMPILE("{}\t-\tunread\n"), pid);
    }

    struct Link {
        std::optional<std::uint64_t> inode; ///< of a socket
        bool refused = false;
        int error = 0; ///< errno of another failure
    };

    /// Some more names of descriptors into `entries_`; false at the end. The record is struct linux_dirent64
    /// (linux/dirent.h): u64 inode, s64 offset, u16 length, u8 type, name.
    bool next_entries(int directory, std::int32_t pid, std::string& lines) {
        constexpr std::size_t length_at = 16, name_at = 19;
        const long got = syscall(SYS_getdents64, directory, buffer_.data(), buffer_.size());
        entries_.clear();
        if (got < 0) note_error(errno, pid, lines);
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

    /// Of a process that has ended readlink(2) says EACCES too (fs/proc/base.c, proc_fd_access_allowed()).
    static bool has_ended(int directory) {
        char room[512];
        return syscall(SYS_getdents64, directory, room, sizeof room) < 0 && errno == ENOENT;
    }

    static Link read_link(int directory, const char* entry) {
        char text[64];
        const ssize_t length = readlinkat(directory, entry, text, sizeof text);
        if (length >= 0) return {socket_inode({text, static_cast<std::size_t>(length)}), false};
        const bool refused = errno == EACCES || errno == EPERM;
        return {std::nullopt, refused, refused ? 0 : errno};
    }

    bool leaders_only_;
    int error_ = 0;
    std::vector<char> buffer_ = std::vector<char>(std::size_t{32} * 1024);
    std::vector<const char*> entries_; ///< into buffer_
    std::uint64_t seen_ = 0;
};

/// Looks at processes until every wanted socket has an owner or `enough` descriptors were seen: most hosts
/// have no more. Processes are taken in ascending order, so that those which were not looked at have higher
/// pids than any owner that was found. A thread that begins too late finds nothing to do, and nobody waits
/// for it.
class FirstLook {
public:
    FirstLook(Search search, std::uint64_t enough) : search_(std::move(search)), enough_(enough) {}

    static Found context(const std::shared_ptr<FirstLook>& first, unsigned threads) {
        try {
            for (unsigned i = 1; i < threads; ++i) {
                std::thread other([first] { first->work(); });
                begin_elsewhere(other);
                other.detach();
            }
        } catch (const std::exception&) { // fewer will do
        }
        first->work();
        return first->close();
    }

    [[nodiscard]] bool done() const { return next_ >= search_.pids.size() || search_.wanted.all_found(); }

    /// The processes that were not looked at, and what was wanted.
    Search rest() {
        search_.pids.erase(search_.pids.begin(), search_.pids.begin() + static_cast<std::ptrdiff_t>(next_));
        return std::move(search_);
    }

private:
    void work() {
        {
            const std::lock_guard lock(mutex_);
            if (closed_) return;
            ++working_;
        }
        std::exception_ptr failure;
        try {
            Found found;
            find(found);
            const std::lock_guard lock(mutex_);
            found_.bytes += found.bytes;
            if (found.error != 0) found_.error = found.error;
            found_.pids.insert(found_.pids.end(), found.pids.begin(), found.pids.end());
        } catch (...) {
            failure = std::current_exception();
        }
        const std::lock_guard lock(mutex_);
        if (failure) failure_ = failure;
        --working_;
        ended_.notify_all();
    }

    void find(Found& found) {
        Scanner scanner(search_.leaders_only);
        const auto take = [this](std::uint64_t inode) {
            const std::lock_guard lock(mutex_);
            return search_.wanted.take(inode);
        };
        std::uint64_t seen = 0;
        while (const auto pid = next(scanner.seen() - std::exchange(seen, scanner.seen())))
            if (scanner.scan(*pid, take, found.bytes)) found.pids.push_back(*pid);
        found.error = scanner.error();
    }

    std::optional<std::int32_t> next(std::uint64_t seen) {
        const std::lock_guard lock(mutex_);
        seen_ += seen;
        if (closed_ || done() || seen_ >= enough_) return std::nullopt;
        return search_.pids[next_++];
    }

    Found close() {
        std::unique_lock lock(mutex_);
        closed_ = true;
        ended_.wait(lock, [this] { return working_ == 0; });
        if (failure_) std::rethrow_exception(failure_);
        return std::move(found_);
    }

    Search search_; ///< `wanted` is guarded
    std::uint64_t enough_;
    std::mutex mutex_; ///< guards what follows until it is closed
    std::condition_variable ended_;
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
    ThreadedFinder(Search search, unsigned threads) : search_(std::move(search)) {
        threads_.reserve(threads);
        const std::lock_guard lock(mutex_);
        try {
            for (; running_ < threads; ++running_) threads_.emplace_back([this] { work(); });
        } catch (const std::exception&) { // fewer will do
        }
    }
    ThreadedFinder(const ThreadedFinder&) = delete;
    ThreadedFinder& operator=(const ThreadedFinder&) = delete;
    ~ThreadedFinder() {
        next_ = search_.pids.size();
        {
            const std::lock_guard lock(mutex_);
            abandoned_ = true;
        }
        changed_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    /// False where the system allows no thread at all.
    [[nodiscard]] bool has_threads() const { return !threads_.empty(); }
    /// Of one that has none.
    Search take_search() { return std::move(search_); }

    Found operator()() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !ready_.empty() || running_ == 0; });
        if (ready_.empty() && failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
        if (ready_.empty()) {
            Found end;
            end.error = error_;
            return end;
        }
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
        Scanner scanner(search_.leaders_only);
        Found found;
        const auto everything = [](std::uint64_t) { return true; };
        for (std::size_t i = next_++; i < search_.pids.size(); i = next_++) {
            if (scanner.scan(search_.pids[i], everything, found.bytes)) found.pids.push_back(search_.pids[i]);
            if (found.bytes.size() < block_size) continue;
            hand_over(found);
        }
        if (!found.bytes.empty()) hand_over(found);
        if (scanner.error() == 0) return;
        const std::lock_guard lock(mutex_);
        error_ = scanner.error();
    }

    /// Leaves `found` empty.
    void hand_over(Found& found) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ready_.size() < most_waiting || abandoned_; });
        std::swap(ready_.emplace_back(), found);
        changed_.notify_all();
    }

    Search search_;
    std::atomic<std::size_t> next_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Found> ready_;
    unsigned running_ = 0;
    bool abandoned_ = false;
    int error_ = 0;
    std::exception_ptr failure_;
    std::vector<std::thread> threads_;
};

} // namespace

Numbered other_threads(std::int32_t pid) {
    constexpr nlink_t of_one_thread = 3;
    struct stat status {};
    const ProcPath task(pid, "task");
    if (stat(task.c_str(), &status) != 0) return {{}, errno};
    if (status.st_nlink <= of_one_thread) return {};
    Numbered threads = numbered_entries(task.c_str());
    std::erase(threads.numbers, pid);
    return threads;
}

bool hides_owners(int error) { return error != 0 && error != ENOENT && error != ESRCH; }

Finder find_in_order(Search search) {
    Scanner scanner(search.leaders_only);
    return [scanner = std::move(scanner), search = std::move(search), next = std::size_t{0}]() mutable {
        const auto take = [&search](std::uint64_t inode) { return search.wanted.take(inode); };
        Found found;
        while (next < search.pids.size() && found.bytes.size() < block_size && !search.wanted.all_found()) {
            const std::int32_t pid = search.pids[next++];
            if (scanner.scan(pid, take, found.bytes)) found.pids.push_back(pid);
        }
        found.error = scanner.error();
        return found;
    };
}

Finder find_first(Search search, unsigned threads, std::uint64_t enough,
                  std::function<Finder(Search)> go_on) {
    return [first = std::make_shared<FirstLook>(std::move(search), enough), threads, go_on = std::move(go_on),
            rest = Finder{}]() mutable {
        if (first) {
            Found found = FirstLook::context(first, threads);
            if (!first->done()) rest = go_on(first->rest());
            first = nullptr;
            if (!found.bytes.empty() || !rest) return found;
        }
        return rest ? rest() : Found{};
    };
}

Finder find_in_threads(Search search, unsigned threads) {
    const auto finder = std::make_shared<ThreadedFinder>(std::move(search), threads);
    if (!finder->has_threads()) return find_in_order(finder->take_search());
    return [finder] { return (*finder)(); };
}

} // namespace netstat46
