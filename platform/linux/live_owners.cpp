#include "linux/live_owners.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "capture/bytes.hpp"
#include "linux/decode.hpp"
#include "linux/live_pool.hpp"
#include "linux/live_proc.hpp"
#include "linux/own_messages.hpp"
#include "linux/wire.hpp"
#include "messages.hpp"
#include "posix/limits.hpp"

namespace netstat46 {
namespace {

constexpr std::size_t block_size = std::size_t{64} * 1024;
/// To start a thread takes as long as to read this many processes.
constexpr std::size_t processes_per_thread = 16;

/// Hands out who owns what, then the names of the processes.
class OwnersReader {
public:
    OwnersReader(OwnersRequest request, ProblemSink problem)
        : request_(std::move(request)), problem_(std::move(problem)), wanted_(request_.wanted) {
        if (request_.first != OwnersWay::Walk || !begin_walk()) begin_links();
    }

    std::optional<RawBlock> operator()() {
        while (walk_ || by_links_) {
            if (walk_ && next_walked()) return give("bpf_iter.task");
            if (by_links_ && next_linked()) return give("proc.pid.fd");
        }
        if (!std::exchange(named_, true)) {
            if (found_.error != 0 && !proc_failed_)
                problem_({fmt::format(linux_messages.some_owners, std::strerror(found_.error)),
                          is_want(found_.error)});
            bytes_ = std::move(found_.processes);
            return give("processes.tsv");
        }
        bytes_ = std::exchange(found_.contexts, {});
        return bytes_.empty() ? std::nullopt : give("contexts.tsv");
    }

private:
    [[nodiscard]] std::optional<RawBlock> give(std::string_view interface) const {
        return RawBlock{interface, std::as_bytes(std::span(bytes_)), no_table, 0};
    }

    /// Has threads read these processes, until it is `enough`.
    void begin_pool(std::vector<std::int32_t> pids, std::function<ProcessFacts(std::int32_t)> read,
                    std::function<bool()> enough) {
        const auto threads = std::min<std::size_t>(request_.threads, pids.size() / processes_per_thread + 1);
        pids_ = std::move(pids);
        pool_.emplace(
            pids_.size(), static_cast<unsigned>(threads),
            [this, read = std::move(read)](std::size_t task) { return read(pids_[task]); },
            std::move(enough));
    }

    /// Some of what the threads read, until there are `most` bytes of descriptors.
    void take_from_pool(std::size_t most) {
        while (found_.descriptors.size() < most) {
            const auto facts = pool_->next();
            if (!facts) break;
            found_.append(*facts);
        }
    }

    void begin_links() {
        Numbered processes = numbered_entries("/proc");
        found_.error = processes.error;
        if (processes.error != 0) found_.descriptors = "0\t-\tunread\n";
        proc_failed_ = processes.numbers.empty() || access("/proc/self", F_OK) != 0;
        if (proc_failed_) {
            problem_({fmt::format(linux_messages.no_owners,
                                  processes.error != 0 ? std::string_view(std::strerror(processes.error))
                                                       : messages.no_processes),
                      is_want(processes.error)});
            processes.numbers.clear();
            given_ = true;
        }
        by_links_ = true;
        begin_pool(
            std::move(processes.numbers),
            [this](std::int32_t pid) { return read_process(pid, wanted_, request_.details); },
            [this] { return wanted_.all_found(); });
    }

    /// False at the end; a walk has begun then if it may find what the links do not show.
    bool next_linked() {
        take_from_pool(block_size);
        bytes_ = std::exchange(found_.descriptors, {});
        if (bytes_.empty() && (found_.refused.empty() || wanted_.all_found() || !begin_walk()))
            bytes_ = std::exchange(found_.refused, {});
        by_links_ = !bytes_.empty();
        return by_links_ || (!walk_ && is_first());
    }

    bool begin_walk() {
        const auto load = std::exchange(request_.walk, nullptr);
        if (load) walk_ = begun(load());
        return walk_.has_value();
    }

    /// False at the end; the links are read then if it broke off.
    bool next_walked() {
        bytes_.clear();
        do take_walked();
        while (bytes_.empty() && !wanted_.all_found() && walk_->fill());
        if (!bytes_.empty()) return given_ = true;
        const bool broke_off = walk_->error() != 0;
        walk_.reset();
        begin_pool(
            std::move(owners_), [this](std::int32_t pid) { return name_process(pid, request_.details); },
            [] { return false; });
        take_from_pool(block_size);
        if (broke_off) begin_links(); // an owner that is found twice makes no difference
        found_.refused.clear();
        return !broke_off && is_first();
    }

    /// An interface is handed out once even if it holds nothing.
    bool is_first() { return !std::exchange(given_, true); }

    void take_walked() {
        using namespace linux_wire;
        const Bytes records(walk_->bytes(), native_order);
        std::size_t at = 0;
        for (; records.size() - at >= task_walk_size; at += task_walk_size) {
            if (request_.details.leaders_only && records.i32(at + task_walk_pid) < 0) continue;
            if (!wanted_.take(records.u64(at + task_walk_inode))) continue;
            bytes_.append(records.sub(at, task_walk_size).text());
            const std::int32_t pid = task_walk_owner(records.u32(at + task_walk_pid));
            if (owners_.empty() || owners_.back() != pid) owners_.push_back(pid);
        }
        walk_->use(at);
    }

    OwnersRequest request_;
    ProblemSink problem_;
    WantedInodes wanted_;
    std::optional<WalkBuffer> walk_;
    std::vector<std::int32_t> owners_; ///< that the walk came to
    ProcessFacts found_;               ///< and not yet handed out
    std::string bytes_;                ///< handed out last
    bool by_links_ = false;            ///< the pool reads descriptors
    bool given_ = false, proc_failed_ = false, named_ = false;
    std::vector<std::int32_t> pids_; ///< what the pool reads
    std::optional<Pool<ProcessFacts>> pool_;
};

} // namespace

BlockReader read_owners(const OwnersRequest& request, const ProblemSink& problem) {
    const auto reader = std::make_shared<OwnersReader>(request, problem);
    return [reader] { return (*reader)(); };
}

OwnersFacts owners_facts(unsigned threads) {
    OwnersFacts facts;
    facts.may_walk = geteuid() == 0 && may_load_walks();
    facts.threads = threads;
    struct stat status {};
    if (stat("/proc", &status) == 0) facts.processes = status.st_nlink; // fs/proc/root.c, proc_root_getattr()
    std::ifstream("/proc/sys/fs/file-nr") >> facts.files;
    return facts;
}

} // namespace netstat46
