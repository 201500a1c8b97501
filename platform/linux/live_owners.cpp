#include "linux/live_owners.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/compile.h>

#include "capture/bytes.hpp"
#include "capture/capture_dir.hpp"
#include "linux/decode.hpp"
#include "linux/live_bpf.hpp"
#include "linux/live_finders.hpp"
#include "linux/live_proc.hpp"
#include "linux/own_messages.hpp"
#include "linux/wire.hpp"
#include "messages.hpp"
#include "parse.hpp"
#include "posix/limits.hpp"

namespace netstat46 {
namespace {

/// Descriptors that are looked at before anybody counts them (5 % of the run on a small host, which has no
/// more).
constexpr std::uint64_t looked_at_first = 1024;
/// Descriptors above which the walk over tasks (1.2 ms to load) costs less than reading links (2.5 us each,
/// over two processors).
constexpr std::uint64_t bpf_pays = 1024;
/// Descriptors above which threads pay.
constexpr std::uint64_t threads_pay = 4096;
/// Of few sockets' possible holders: starting a thread takes as long as reading three of them.
constexpr std::size_t processes_per_thread = 16;

/// The first page of a file; empty, with `error` set to errno, if it cannot be read.
std::string read_small(const ProcPath& path, int& error) {
    std::string text(4096, '\0');
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t got = file.get() < 0 ? -1 : read_some(file.get(), text.data(), text.size());
    if (got < 0) error = errno;
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
}

/// As net-tools names a program: argv[0], of an absolute path only what follows its last `/`.
std::string program_name(std::string_view command_line) {
    const std::string_view first = command_line.substr(0, command_line.find('\0'));
    return std::string(first.starts_with('/') ? first.substr(first.rfind('/') + 1) : first);
}

/// How many descriptors there are (st_size of /proc/PID/fd, since Linux 6.2; else nothing), leaving out the
/// processes that have none.
std::optional<std::uint64_t> count_descriptors(Search& search) {
    struct stat status {};
    if (geteuid() != 0 || stat("/proc/self/fd", &status) != 0 || status.st_size == 0) return std::nullopt;
    std::uint64_t sum = 0;
    std::erase_if(search.pids, [&](std::int32_t pid) {
        if (stat(ProcPath(pid, "fd").c_str(), &status) != 0) return !hides_owners(errno);
        sum += static_cast<std::uint64_t>(status.st_size);
        if (status.st_size != 0) return false;
        const Numbered threads = search.leaders_only ? Numbered{} : other_threads(pid);
        return threads.numbers.empty() && !hides_owners(threads.error);
    });
    return sum;
}

/// By the walk over tasks, which was begun; if it breaks off, by what `instead` makes. (That an owner is
/// found twice makes no difference.)
Finder find_by_bpf(WalkBuffer buffer, Search search, std::function<Finder(Search)> instead) {
    return [buffer = std::move(buffer), search = std::move(search), instead = std::move(instead),
            rest = Finder{}]() mutable {
        using namespace linux_wire;
        if (rest) return rest();
        Found found{"bpf_iter.task", {}, {}, 0};
        do {
            const Bytes records(buffer.bytes(), native_order);
            std::size_t at = 0;
            for (; records.size() - at >= task_walk_size; at += task_walk_size) {
                if (search.leaders_only && records.i32(at + task_walk_pid) < 0) continue;
                if (!search.wanted.take(records.u64(at + task_walk_inode))) continue;
                found.bytes.append(records.sub(at, task_walk_size).text());
                const std::int32_t pid = task_walk_holder(records.u32(at + task_walk_pid));
                if (found.pids.empty() || found.pids.back() != pid) found.pids.push_back(pid);
            }
            buffer.use(at);
        } while (found.bytes.empty() && !search.wanted.all_found() && buffer.fill());
        if (!found.bytes.empty() || buffer.error() == 0) return found;
        rest = instead(std::move(search));
        return rest();
    };
}

/// What a finder finds; last, which processes had links that it might not read. If their sockets may be among
/// those that are missing then, `walk`, which needs no such permission, looks for them.
class PastRefusals {
public:
    using Walk = std::function<Finder()>; ///< null: it cannot begin

    PastRefusals(Finder finder, std::optional<std::unordered_set<std::uint64_t>> wanted, Walk walk)
        : finder_(std::move(finder)), missing_(std::move(wanted)), walk_(std::move(walk)) {}

    Found operator()() {
        int error = 0;
        while (true) {
            Found found = finder_();
            if (found.error == 0) found.error = error;
            error = found.error;
            if (found.interface == walk_name) refused_.clear();
            const bool ended = found.bytes.empty();
            if (found.interface != walk_name) sort_out(found.bytes);
            if (!found.bytes.empty()) return found;
            if (!ended) continue;
            const bool all_found = missing_ && missing_->empty();
            if (Walk walk = std::exchange(walk_, nullptr); walk && !refused_.empty() && !all_found)
                if (Finder finder = walk()) {
                    finder_ = std::move(finder);
                    continue;
                }
            found.bytes = std::exchange(refused_, {});
            return found;
        }
    }

private:
    static constexpr std::string_view walk_name = "bpf_iter.task";

    /// Takes the refusals out of `lines`, and notes which sockets are found.
    void sort_out(std::string& lines) {
        if (!missing_ && lines.find("\t-\tlinks\n") == std::string::npos) return;
        std::string rest;
        for (std::string_view text = lines; !text.empty();) {
            const std::string_view line = take_line(text);
            const bool refused = line.ends_with("\t-\tlinks");
            (refused ? refused_ : rest).append(line).push_back('\n');
            if (!missing_ || refused) continue;
            if (const auto inode = socket_inode(line.substr(line.rfind('\t') + 1))) missing_->erase(*inode);
        }
        lines = std::move(rest);
    }

    Finder finder_;
    std::optional<std::unordered_set<std::uint64_t>> missing_;
    Walk walk_;
    std::string refused_;
};

/// Hands out what a finder finds, then the names of the processes.
class OwnersReader {
public:
    OwnersReader(OwnersRequest request, const ProblemSink& problem)
        : request_(std::move(request)), problem_(problem) {
        Numbered processes = numbered_entries("/proc");
        error_ = processes.error;
        if (!processes.numbers.empty() && access("/proc/self", F_OK) == 0) {
            begin(std::move(processes.numbers));
        } else {
            problem_(
                {fmt::format(linux_messages.no_owners,
                             error_ != 0 ? std::string_view(std::strerror(error_)) : messages.no_processes),
                 is_want(error_)});
        }
        if (error_ != 0) unread_ = "0\t-\tunread\n";
    }

    std::optional<RawBlock> operator()() {
        if (!unread_.empty()) {
            found_.bytes = std::exchange(unread_, {});
            return hand_out(found_.interface, found_.bytes);
        }
        if (finder_) {
            found_ = finder_();
            if (found_.error != 0) error_ = found_.error;
            pids_.insert(pids_.end(), found_.pids.begin(), found_.pids.end());
            const bool first = !std::exchange(handed_out_, true); // even if it holds nothing
            if (first || !found_.bytes.empty()) return hand_out(found_.interface, found_.bytes);
            finder_ = nullptr;
            name_processes();
            if (error_ != 0)
                problem_({fmt::format(linux_messages.some_owners, std::strerror(error_)), is_want(error_)});
            return hand_out("processes.tsv", processes_);
        }
        if (!request_.contexts || contexts_.empty()) return std::nullopt;
        found_.bytes = std::exchange(contexts_, {});
        return hand_out("contexts.tsv", found_.bytes);
    }

private:
    /// Few sockets are looked for without counting descriptors first.
    void begin(std::vector<std::int32_t> pids) {
        Search search{std::move(pids), WantedInodes(request_.wanted), request_.leaders_only};
        if (request_.in_order || search.wanted.everything()) {
            finder_ = choose(std::move(search));
            if (!request_.in_order) finder_ = past_refusals(std::move(finder_));
            return;
        }
        const auto threads =
            std::min<std::size_t>(request_.threads, search.pids.size() / processes_per_thread + 1);
        finder_ = past_refusals(find_first(std::move(search), static_cast<unsigned>(threads), looked_at_first,
                                           [this](Search rest) { return choose(std::move(rest)); }));
    }

    Finder past_refusals(Finder finder) {
        return PastRefusals(std::move(finder), request_.wanted, [this]() -> Finder {
            auto walk = begun(load_task_walk());
            if (!walk) return nullptr;
            Search search{{}, WantedInodes(request_.wanted), request_.leaders_only};
            return find_by_bpf(std::move(*walk), std::move(search), find_in_order);
        });
    }

    Finder choose(Search search) {
        if (request_.in_order) return find_in_order(std::move(search));
        const auto descriptors = request_.many ? std::nullopt : count_descriptors(search);
        if (request_.many || descriptors.value_or(0) >= bpf_pays)
            if (auto walk = begun(load_task_walk()))
                return find_by_bpf(std::move(*walk), std::move(search), find_in_order);
        const bool many = descriptors.value_or(threads_pay) >= threads_pay;
        if (search.wanted.everything() && many && request_.threads > 1)
            return find_in_threads(std::move(search), request_.threads);
        return find_in_order(std::move(search));
    }

    static RawBlock hand_out(std::string_view interface, const std::string& bytes) {
        return {interface, std::as_bytes(std::span(bytes)), no_table, 0};
    }

    void name_processes() {
        std::sort(pids_.begin(), pids_.end());
        pids_.erase(std::unique(pids_.begin(), pids_.end()), pids_.end());
        for (const std::int32_t pid : pids_) name_process(pid);
    }

    std::string read_of(std::int32_t pid, std::string_view name) {
        int error = 0;
        std::string text = read_small(ProcPath(pid, name), error);
        if (is_want(error)) error_ = error;
        return text;
    }

    std::string command_line(std::int32_t pid) {
        std::string text = read_of(pid, "cmdline");
        if (!text.empty() || request_.leaders_only) return text;
        for (const std::int32_t thread : other_threads(pid).numbers) {
            text = read_of(pid, fmt::format(FMT_COMPILE("task/{}/cmdline"), thread));
            if (!text.empty()) break;
        }
        return text;
    }

    void name_process(std::int32_t pid) {
        auto row = std::back_inserter(processes_);
        fmt::format_to(row, FMT_COMPILE("{}\t{}"), pid, escaped_field(program_name(command_line(pid))));
        struct stat status {};
        if (request_.details && stat(ProcPath(pid, "").c_str(), &status) == 0) {
            std::string comm = read_of(pid, "comm");
            if (comm.ends_with('\n')) comm.pop_back();
            fmt::format_to(row, FMT_COMPILE("\t{}\t{}"), status.st_uid, escaped_field(comm));
        }
        processes_.push_back('\n');
        if (!request_.contexts) return;
        std::string context = read_of(pid, "attr/current");
        while (context.ends_with('\0') || context.ends_with('\n')) context.pop_back();
        fmt::format_to(std::back_inserter(contexts_), FMT_COMPILE("{}\t{}\n"), pid, escaped_field(context));
    }

    OwnersRequest request_;
    ProblemSink problem_;
    int error_ = 0;
    Finder finder_;
    Found found_; ///< handed out last
    bool handed_out_ = false;
    std::vector<std::int32_t> pids_;
    std::string processes_, contexts_;
    std::string unread_; ///< a line that says that /proc itself could not be read
};

} // namespace

BlockReader read_owners(const OwnersRequest& request, const ProblemSink& problem) {
    const auto reader = std::make_shared<OwnersReader>(request, problem);
    return [reader] { return (*reader)(); };
}

} // namespace netstat46
