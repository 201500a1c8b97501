// Every way to find out who holds a socket gives one answer.
#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "capture/decoders.hpp"
#include "linux/live_bpf.hpp"
#include "linux/live_owners.hpp"
#include "linux/row.hpp"
#include "listing.hpp"
#include "parse.hpp"
#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

using OwnersByInode = std::map<std::uint64_t, std::vector<Owner>>;

Owners all_owners(const OwnersRequest& request) {
    HostTables tables;
    const auto problem = [](const Problem& what) { ADD_FAILURE() << what.text; };
    const BlockReader next = read_owners(request, problem);
    while (const auto block = next())
        if (const DecoderEntry* entry = find_decoder(linux_system, block->interface))
            entry->tables({block->interface, nullptr, problem, nullptr})(Bytes(block->bytes), tables);
    return tables.owners;
}

/// A zoo and what it holds; sockets of others on this machine come and go.
class OwnersLive : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
        zoo_.emplace();
        for (const ListedSocket& row : internet_rows(ours("-ane").out))
            if (const auto inode = parse_number<std::uint64_t>(row.inode); inode.value_or(0) != 0)
                inodes_.insert(*inode);
        ASSERT_GT(inodes_.size(), 10U);
    }

    OwnersByInode owners(const Owners& owners) const {
        OwnersByInode found;
        for (const std::uint64_t inode : inodes_) found[inode] = owners.all(inode);
        return found;
    }

    OwnersByInode read(const OwnersRequest& request) const { return owners(all_owners(request)); }

    std::unordered_set<std::uint64_t> inodes_;

private:
    std::optional<Zoo> zoo_;
};

std::vector<Fd> many_descriptors() {
    std::vector<Fd> held;
    for (int i = 0; i < 5000; ++i) held.emplace_back(dup(STDIN_FILENO));
    return held;
}

std::map<std::uint64_t, Owner> lowest_of(const OwnersByInode& owners) {
    std::map<std::uint64_t, Owner> lowest;
    for (const auto& [inode, all] : owners)
        if (!all.empty()) lowest[inode] = all.front();
    return lowest;
}

OwnersRequest by_walk() {
    OwnersRequest request;
    request.walk = load_task_walk;
    request.first = OwnersWay::Walk;
    return request;
}

TEST_F(OwnersLive, AreTheSameByLinksInThreadsAndByTheKernelsWalk) {
    const OwnersByInode by_links = read({});
    EXPECT_TRUE(std::any_of(by_links.begin(), by_links.end(), [](const auto& one) {
        return one.second.size() > 1;
    })) << "no socket of the zoo is shared";
    const std::vector<Fd> many = many_descriptors();
    OwnersRequest in_threads;
    for (const unsigned threads : {2U, 3U, 8U}) {
        in_threads.threads = threads;
        EXPECT_EQ(read(in_threads), by_links) << threads << " threads";
    }
    if (!load_task_walk()) GTEST_SKIP() << no_bpf_iterator;
    EXPECT_EQ(read(by_walk()), by_links);
}

TEST_F(OwnersLive, TheLowestOwnerOfAFewIsFoundHoweverManyLookAndWherever) {
    const auto lowest = lowest_of(read({}));
    OwnersRequest few;
    few.wanted = inodes_;
    for (const bool nobody_owns_one : {false, true}) {
        if (nobody_owns_one) few.wanted->insert(1); // so that nobody stops early
        for (const unsigned threads : {1U, 2U, 5U}) {
            few.threads = threads;
            EXPECT_EQ(lowest_of(read(few)), lowest) << threads << " threads";
        }
    }
    const std::vector<Fd> many = many_descriptors();
    EXPECT_EQ(lowest_of(read(few)), lowest) << "after many descriptors";
    few.walk = load_task_walk;
    few.first = OwnersWay::Walk;
    EXPECT_EQ(lowest_of(read(few)), lowest) << "by the walk";
}

/// The lines of `interface`, in the order in which they came.
std::string lines_of(const OwnersRequest& request, std::string_view interface) {
    std::string lines;
    const BlockReader next = read_owners(request, [](const Problem& what) { ADD_FAILURE() << what.text; });
    while (const auto block = next())
        if (block->interface == interface)
            lines.append(reinterpret_cast<const char*>(block->bytes.data()), block->bytes.size());
    return lines;
}

TEST_F(OwnersLive, ComeByAscendingProcessHoweverManyThreadsLook) {
    OwnersRequest request;
    request.threads = 7;
    for (const char* interface : {"proc.pid.fd", "processes.tsv"}) {
        std::vector<std::int32_t> pids;
        for (const std::string& line : live::lines_of(lines_of(request, interface)))
            if (line.find("\t-\t") == std::string::npos) // those that are refused stand last
                pids.push_back(parse_number<std::int32_t>(line.substr(0, line.find('\t'))).value_or(-1));
        EXPECT_GT(pids.size(), 1U);
        EXPECT_TRUE(std::is_sorted(pids.begin(), pids.end())) << interface;
    }
}

TEST_F(OwnersLive, ThatCannotBeWalkedToAreFoundByTheirLinks) {
    const OwnersByInode by_links = read({});
    OwnersRequest request = by_walk();
    request.walk = [] { return NewWalk{}; };
    EXPECT_EQ(read(request), by_links);
    request.walk = []() -> NewWalk {
        return []() -> Walk { return [](std::span<std::byte>) { return -1; }; };
    };
    EXPECT_EQ(read(request), by_links) << "it breaks off at once";
}

TEST_F(OwnersLive, AreFoundByTheirLinksWhereTheWalkBreaksOffInTheMiddle) {
    if (!load_task_walk()) GTEST_SKIP() << no_bpf_iterator;
    const std::vector<Fd> many = [] {
        std::vector<Fd> sockets;
        for (int i = 0; i < 10000; ++i) sockets.push_back(open_socket(AF_INET, SOCK_DGRAM));
        return sockets;
    }();
    OwnersRequest request = by_walk();
    request.walk = []() -> NewWalk {
        return [walk = load_task_walk()]() -> Walk {
            return [walk = walk(), calls = 0](std::span<std::byte> room) mutable -> ssize_t {
                errno = ENOMEM;
                return ++calls > 20 ? -1 : walk(room);
            };
        };
    };
    const Owners owners = all_owners(request);
    for (const Fd& socket : many) ASSERT_TRUE(owners.lowest(inode_of(socket))) << "of " << inode_of(socket);
}

/// The walk reads so many slots of a table at a time, and goes on with the next.
TEST_F(OwnersLive, AreFoundHoweverHighTheirDescriptors) {
    if (!load_task_walk()) GTEST_SKIP() << no_bpf_iterator;
    const OwnersRequest walk = by_walk();
    rlimit limit{}; // main.cpp has raised it
    getrlimit(RLIMIT_NOFILE, &limit);
    const Fd socket = open_socket(AF_INET, SOCK_DGRAM);
    std::vector<Owner> owners{{getpid(), socket.get()}};
    std::vector<Fd> copies;
    for (const int fd : {1023, 1024, 4095, 16384, 65535, 65536, 200000}) {
        if (static_cast<rlim_t>(fd) >= limit.rlim_cur) continue;
        copies.emplace_back(dup2(socket.get(), fd));
        owners.push_back({getpid(), fd});
    }
    EXPECT_EQ(all_owners(walk).all(inode_of(socket)), owners);
    EXPECT_EQ(all_owners(OwnersRequest{}).all(inode_of(socket)), owners);
}

/// Has processes come and go, each with a table that grows.
[[noreturn]] void come_and_go() {
    for (;;) {
        const pid_t one = fork();
        if (one < 0) _exit(1);
        if (one != 0) {
            waitpid(one, nullptr, 0);
            continue;
        }
        for (int i = 0; i < 300; ++i) close(i % 3 == 0 ? socket(AF_INET, SOCK_DGRAM, 0) : dup(0));
        for (int i = 0; i < 300; ++i) socket(AF_INET, SOCK_DGRAM, 0);
        _exit(0);
    }
}

TEST_F(OwnersLive, AreTheSameWhileOthersComeAndGo) {
    if (!load_task_walk()) GTEST_SKIP() << no_bpf_iterator;
    const OwnersRequest walk = by_walk();
    // Whoever comes inherits what is open here, and may have a lower number than this process.
    std::vector<Fd> sockets;
    for (int i = 0; i < 100; ++i) sockets.push_back(open_socket(AF_INET, SOCK_DGRAM));
    const Child others(come_and_go);
    for (int i = 0; i < 100; ++i) {
        const Owners owners = all_owners(walk);
        for (const Fd& socket : sockets) {
            const std::vector<Owner> found = owners.all(inode_of(socket));
            ASSERT_EQ(std::count(found.begin(), found.end(), Owner{getpid(), socket.get()}), 1)
                << "walk " << i;
        }
    }
}

/// Keeps so many sockets, whose inodes it writes to `report`, while its table grows and is replaced by a
/// small one.
[[noreturn]] void own_restlessly(std::size_t count, const Fd& report) {
    std::vector<Fd> sockets;
    for (std::size_t i = 0; i < count; ++i) {
        sockets.push_back(open_socket(AF_INET, SOCK_DGRAM));
        const std::uint64_t inode = inode_of(sockets.back());
        if (inode == 0 || write(report.get(), &inode, sizeof inode) != sizeof inode) _exit(1);
    }
    for (;;) {
        for (int fd = sockets.back().get() + 100; dup2(report.get(), fd) == fd; fd *= 2) close(fd);
        std::atomic<bool> shared{true};
        std::thread sharer([&] { shared.wait(true); });
        unshare(CLONE_FILES);
        shared = false;
        shared.notify_one();
        sharer.join();
    }
}

TEST_F(OwnersLive, AreAllFoundWhileTheirOwnersTableChanges) {
    if (!load_task_walk()) GTEST_SKIP() << no_bpf_iterator;
    const OwnersRequest walk = by_walk();
    constexpr std::size_t count = 8000;
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const Fd end(ends[0]);
    Fd report(ends[1]);
    const Child owner([&] { own_restlessly(count, report); });
    report = Fd();
    std::vector<std::uint64_t> inodes;
    std::uint64_t inode = 0;
    while (inodes.size() < count && ::read(end.get(), &inode, sizeof inode) == sizeof inode)
        inodes.push_back(inode);
    if (inodes.size() < count) GTEST_SKIP() << "8,000 sockets may not be opened here";
    for (int i = 0; i < 30; ++i) {
        const Owners owners = all_owners(walk);
        const auto found = std::count_if(inodes.begin(), inodes.end(), [&](std::uint64_t one) {
            return owners.lowest(one).value_or(Owner{}).pid == owner.pid();
        });
        ASSERT_EQ(found, count) << "walk " << i;
    }
}

/// A process whose first thread has ended: /proc/PID/fd is empty, its sockets are open all the same.
TEST(OwnersOfThreads, AreFoundWhenTheFirstThreadHasEnded) {
    if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    const Child leaderless([] {
        const Fd listener = open_socket(AF_INET6, SOCK_STREAM);
        if (!bind_to(listener, {"::", 8888}) || listen(listener.get(), 1) != 0) _exit(1);
        std::thread([] { pause(); }).detach();
        syscall(SYS_exit, 0);
    });
    const pid_t child = leaderless.pid();
    std::string row;
    for (int i = 0; i < 200 && row.find(" " + std::to_string(child) + "/") == std::string::npos; ++i) {
        usleep(10000);
        row = ours("-ltnW --port=8888").out;
    }
    EXPECT_NE(row.find(" " + std::to_string(child) + "/"), std::string::npos) << row;
    EXPECT_NE(ours("--json -ltn --port=8888").out.find("\"pid\":" + std::to_string(child)),
              std::string::npos);
    EXPECT_EQ(ours("--classic -ltnp").out, native("-ltnp").out) << "net-tools does not find it";

    OwnersRequest walk = by_walk();
    const std::vector<ListedSocket> rows = internet_rows(ours("-ltne").out);
    ASSERT_EQ(rows.size(), 1U);
    const std::uint64_t inode = parse_number<std::uint64_t>(rows[0].inode).value_or(0);
    if (load_task_walk()) {
        EXPECT_EQ(all_owners(walk).lowest(inode).value_or(Owner{}).pid, child);
        walk.details.leaders_only = true;
        EXPECT_FALSE(all_owners(walk).lowest(inode));
    }
}

TEST_F(OwnersLive, AreFoundWithOneDescriptorBesideTheStandardOnes) {
    const Ran ran = ours("-ltn", {.in_child = [] { limit(RLIMIT_NOFILE, 4); }});
    if (ran.error.find("<memory cannot be printed>") != std::string::npos)
        GTEST_SKIP() << "the checker of an instrumented build needs descriptors to look at memory";
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.error, "");
    EXPECT_EQ(ran.out, ours("-ltn").out);
}

} // namespace
} // namespace netstat46::live
