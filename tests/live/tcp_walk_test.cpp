// TCP sockets by a walk over the kernel's table: the same as by sock_diag, in the same order.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <linux/bpf.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "capture/decoders.hpp"
#include "linux/live_held_records.hpp"
#include "linux/live_tcp_walk.hpp"
#include "linux/row.hpp"
#include "linux/wire.hpp"
#include "listing.hpp"
#include "platform.hpp"
#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

constexpr Table tcp{Protocol::Tcp, true, true};
constexpr std::size_t enough = 100'000; ///< bytes, for whatever waits here

std::string text_of(const Endpoint& endpoint) {
    std::string text;
    for (const std::uint8_t byte : endpoint.address.bytes) text += fmt::format("{:02x}", byte);
    return fmt::format("{}.{}", text, endpoint.port);
}

/// Everything that the walk tells of a socket.
std::string text_of(const SocketRecord& socket) {
    const Backlog backlog = socket.backlog.value_or(Backlog{});
    return fmt::format(
        "{} {}/{} {} {} dev {} queues {} {} backlog {} {} {} inode {} {} uid {} v6only {} serves {} {}",
        int(socket.family), int(socket.state), socket.native_state, text_of(socket.local),
        text_of(socket.foreign), socket.device, socket.recv_q, socket.send_q, socket.backlog.has_value(),
        backlog.waiting, backlog.limit, socket.inode, socket.owner_key,
        socket.uid ? std::to_string(*socket.uid) : "none", int(socket.v6only), socket.serves.ipv4,
        socket.serves.ipv6);
}

std::vector<SocketRecord> records_of(const BlockReader& next) {
    std::vector<SocketRecord> records;
    HostFacts host;
    host.byte_order = native_order;
    TableNotes notes;
    while (const auto block = next()) {
        const SocketDecoder decode =
            find_decoder(linux_system, block->interface)
                ->sockets({block->interface, &host, [](const Problem& what) { ADD_FAILURE() << what.text; },
                           &notes});
        Bytes rest(block->bytes, host.byte_order);
        for (SocketRecord socket; decode(rest, socket);) records.push_back(socket);
    }
    return records;
}

std::vector<std::string> sockets_of(const BlockReader& next) {
    std::vector<std::string> texts;
    for (const SocketRecord& socket : records_of(next)) texts.push_back(text_of(socket));
    return texts;
}

void no_problem(const Problem& problem) { ADD_FAILURE() << problem.text; }

std::vector<std::string> by_sock_diag(const Table& table) {
    Request request;
    request.tables = {table};
    return sockets_of(live_blocks(request, no_problem));
}

BlockReader no_listeners(std::uint8_t /*family*/) { return nullptr; }

BlockReader listeners_of(std::uint8_t family) {
    Request request;
    request.tables = {{Protocol::Tcp, family == AF_INET, family == AF_INET6, state_bit(State::Listen)}};
    return live_blocks(request, no_problem);
}

std::vector<std::string> by_walk(bool far, const Table& table, std::size_t most_held = enough) {
    const NewWalk walk = load_tcp_walk(far);
    return sockets_of(walk_tcp(walk, table, 0, listeners_of, no_problem, most_held));
}

TEST(TcpWalkLive, TellsOfEverySocketWhatSockDiagTells) {
    if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    if (!load_tcp_walk(false)) GTEST_SKIP() << no_bpf_iterator;
    const Zoo zoo;
    ASSERT_GT(by_sock_diag(tcp).size(), 30U);
    for (const bool far : {false, true}) {
        EXPECT_EQ(by_walk(far, tcp), by_sock_diag(tcp));
        EXPECT_EQ(by_walk(far, tcp, 0), by_sock_diag(tcp)) << "in two walks";
        for (const Table one : {Table{Protocol::Tcp, true, false}, Table{Protocol::Tcp, false, true}})
            EXPECT_EQ(by_walk(far, one), by_sock_diag(one));
    }
}

Fd dual_stack_listener(std::uint16_t port) {
    Fd listener = open_socket(AF_INET6, SOCK_STREAM);
    set_option(listener, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (!bind_to(listener, {"::", port}) || listen(listener.get(), 16) != 0) return {};
    return listener;
}

/// So many connections that the walk pays; fewer than `count` if they could not be made.
std::vector<Fd> many_connections(std::size_t count) {
    const Fd listener = dual_stack_listener(4000);
    std::vector<Fd> made;
    while (made.size() < 2 * count) {
        const bool v6 = made.size() % 8 == 0;
        Fd client = open_socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM);
        if (!client || !connect_to(client, {v6 ? "::1" : "127.0.0.1", 4000})) break;
        made.push_back(std::move(client));
        made.emplace_back(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    return made;
}

/// Has connections to that port come and go.
[[noreturn]] void connect_and_close(std::uint16_t port) {
    for (unsigned i = 0;; ++i) {
        const Fd client = open_socket(i % 4 == 0 ? AF_INET6 : AF_INET, SOCK_STREAM);
        connect_to(client, {i % 4 == 0 ? "::1" : "127.0.0.1", port});
    }
}

TEST(TcpWalkLive, TellsOnceOfEverySocketThatStaysWhileOthersComeAndGo) {
    if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    if (!load_tcp_walk(false)) GTEST_SKIP() << no_bpf_iterator;
    const std::vector<Fd> staying = many_connections(1000);
    std::set<std::uint64_t> inodes;
    for (const Fd& socket : staying) inodes.insert(inode_of(socket));
    ASSERT_EQ(inodes.size(), 2000U);
    const Fd listener = dual_stack_listener(4001);
    ASSERT_TRUE(listener);
    const Child client([] { connect_and_close(4001); }), server([&listener] {
        for (;;) const Fd accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    });
    std::size_t most_others = 0;
    for (int i = 0; i < 50; ++i) {
        const NewWalk walk = load_tcp_walk(i % 2 == 0);
        std::multiset<std::uint64_t> seen;
        std::size_t others = 0;
        for (const SocketRecord& socket :
             records_of(walk_tcp(walk, tcp, 0, no_listeners, no_problem, std::size_t{4} * 1024 * 1024)))
            if (inodes.count(socket.inode) != 0) {
                seen.insert(socket.inode);
            } else {
                ++others;
            }
        ASSERT_EQ(seen, (std::multiset<std::uint64_t>(inodes.begin(), inodes.end()))) << "walk " << i;
        most_others = std::max(most_others, others);
    }
    EXPECT_GT(most_others, 0U);
}

/// Where they differ first. (To make a difference of so many lines readable takes long.)
std::string first_difference(const std::string& one, const std::string& other) {
    const auto [left, right] = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
    if (left == one.end() && right == other.end()) return "";
    const auto begin = static_cast<std::size_t>(left - one.begin());
    const std::size_t line = one.rfind('\n', begin == 0 ? 0 : begin - 1) + 1;
    return fmt::format("byte {}: {}\ninstead of {}", begin, one.substr(line, 200), other.substr(line, 200));
}

TEST(TcpWalkLive, ListsManySocketsAsItListsFew) {
    if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    if (!load_tcp_walk(false)) GTEST_SKIP() << no_bpf_iterator;
    const Zoo zoo;
    Request request;
    request.tables = {tcp};
    request.wanted.owners = true;
    ASSERT_FALSE(tcp_walk_that_pays(request));
    const std::vector<Fd> many = many_connections(6500);
    if (many.size() < 13000) GTEST_SKIP() << "13,000 sockets may not be opened here";
    for (const bool owners : {false, true}) {
        request.wanted.owners = owners;
        ASSERT_TRUE(tcp_walk_that_pays(request));
    }
    for (const bool far : {false, true}) EXPECT_TRUE(by_walk(far, tcp) == by_sock_diag(tcp));
    const Way without{.environment = {"NETSTAT46_NO_BPF=1"}};
    for (const char* options : {"-an", "-n", "-6an", "-4anW", "-atn -A inet6", "-an --user=0",
                                "-n --state=ESTABLISHED", "--classic -an", "--classic -n6"}) {
        const Ran walked = ours(options);
        EXPECT_EQ(walked.status, 0) << options << walked.error;
        EXPECT_EQ(first_difference(walked.out, ours(options, without).out), "") << options;
    }
    for (const std::uint32_t command : {BPF_MAP_CREATE, BPF_ITER_CREATE}) {
        const Ran refused = ours("-an", {.in_child = [command] { refuse_call(SYS_bpf, command, ENOMEM); }});
        if (refused.status == 126) GTEST_SKIP() << "no seccomp filters here";
        EXPECT_EQ(refused.error, "");
        EXPECT_EQ(first_difference(refused.out, ours("-an", without).out), "") << "bpf " << command;
    }
    const BlockReader next = live_blocks(request, no_problem);
    std::set<std::string> interfaces;
    while (const auto block = next()) interfaces.emplace(block->interface);
    EXPECT_EQ(interfaces,
              (std::set<std::string>{"sock_diag.inet.tcp", "bpf_iter.inet.tcp", "sock_diag.inet6.tcp",
                                     "bpf_iter.inet6.tcp", "bpf_iter.task", "processes.tsv"}))
        << "it is the walk that was compared";
    EXPECT_GT(lines_of(ours("-an").out).size(), 13000U);
    EXPECT_NE(ours("-tano").out.find(" probe ("), std::string::npos) << "the walk tells no timers";
}

// ---- What the walk may give

/// A record of one family whose local port is `port`; the rest is 0.
std::string record(std::uint8_t family, std::uint16_t port) {
    using namespace linux_wire;
    std::string bytes(family == af_inet ? walked_inet_size : walked_inet6_size, '\0');
    bytes[walked_family] = static_cast<char>(family);
    std::memcpy(bytes.data() + walked_local_port, &port, sizeof port);
    return bytes;
}

struct Outcome {
    std::map<std::string, std::string> bytes; ///< by interface
    std::vector<std::string> problems;
    int walks = 0;
};

/// Of walks that give `answer` in pieces of `piece` bytes, and then `error`.
Outcome walk_over(const std::string& answer, std::size_t piece, int error = 0, std::size_t most_held = 1000) {
    Outcome outcome;
    const NewWalk walk = [&]() -> Walk {
        ++outcome.walks;
        return [&answer, piece, error, at = std::size_t{0}](std::span<std::byte> room) mutable -> ssize_t {
            const std::string_view rest = std::string_view(answer).substr(at);
            const std::size_t size = std::min({rest.size(), piece, room.size()});
            if (size == 0 && error != 0) {
                errno = error;
                return -1;
            }
            std::memcpy(room.data(), rest.data(), size);
            at += size;
            return static_cast<ssize_t>(size);
        };
    };
    const BlockReader next = walk_tcp(
        walk, tcp, 0, no_listeners, [&](const Problem& problem) { outcome.problems.push_back(problem.text); },
        most_held);
    while (const auto block = next()) {
        std::string& bytes = outcome.bytes[std::string(block->interface)];
        EXPECT_EQ(block->offset, bytes.size());
        bytes.append(reinterpret_cast<const char*>(block->bytes.data()), block->bytes.size());
    }
    return outcome;
}

using linux_wire::af_inet;
using linux_wire::af_inet6;
using ByInterface = std::map<std::string, std::string>;

const std::string mixed =
    record(af_inet6, 1) + record(af_inet, 2) + record(af_inet, 3) + record(af_inet6, 4) + record(af_inet, 5);
const ByInterface sorted{{"bpf_iter.inet.tcp", record(af_inet, 2) + record(af_inet, 3) + record(af_inet, 5)},
                         {"bpf_iter.inet6.tcp", record(af_inet6, 1) + record(af_inet6, 4)}};

TEST(TcpWalk, GivesOneFamilyAfterTheOtherWhereverTheKernelCuts) {
    for (std::size_t piece = 1; piece <= mixed.size(); ++piece) {
        const Outcome outcome = walk_over(mixed, piece);
        EXPECT_EQ(outcome.bytes, sorted) << "in pieces of " << piece;
        EXPECT_EQ(outcome.walks, 1);
    }
}

TEST(TcpWalk, WalksAgainWhereTooManyWouldWait) {
    const Outcome outcome = walk_over(mixed, 100, 0, 10);
    EXPECT_EQ(outcome.bytes, sorted);
    EXPECT_EQ(outcome.walks, 2);
}

TEST(TcpWalk, GivesEveryWordOfWhatWaited) {
    std::mt19937 random(46);
    std::string all;
    std::vector<std::uint32_t> words(HeldRecords::record_size / 4);
    for (int i = 0; i < 3000; ++i) {
        for (std::uint32_t& word : words)
            if (random() % (1 + static_cast<unsigned>(i) % 7) == 0) word = random();
        std::string one(HeldRecords::record_size, '\0');
        std::memcpy(one.data(), words.data(), one.size());
        one[linux_wire::walked_family] = static_cast<char>(af_inet6);
        all += one;
    }
    const Outcome outcome = walk_over(all, 7000, 0, 2 * all.size());
    EXPECT_EQ(outcome.bytes, (ByInterface{{"bpf_iter.inet.tcp", ""}, {"bpf_iter.inet6.tcp", all}}));
    EXPECT_EQ(outcome.walks, 1);
}

TEST(TcpWalk, SaysWhyItBrokeOffAndGivesWhatCame) {
    const Outcome outcome = walk_over(mixed, 100, ENOMEM);
    EXPECT_EQ(outcome.bytes, sorted);
    EXPECT_EQ(outcome.problems,
              std::vector<std::string>{"bpf_iter.inet.tcp: the answer broke off: Cannot allocate memory"});
}

TEST(TcpWalk, CannotBeginWhereItsFirstBytesCannotBeHad) {
    const NewWalk none = []() -> Walk { return nullptr; };
    const NewWalk broken = []() -> Walk { return [](std::span<std::byte>) { return ssize_t{-1}; }; };
    errno = ENOMEM;
    EXPECT_FALSE(walk_tcp(none, tcp, 0, no_listeners, no_problem, enough));
    EXPECT_FALSE(walk_tcp(broken, tcp, 0, no_listeners, no_problem, enough));
    EXPECT_FALSE(begun(none));
    EXPECT_FALSE(begun(nullptr));
}

TEST(TcpWalk, IsThereWhenNoSocketIs) {
    EXPECT_EQ(walk_over("", 100).bytes, (ByInterface{{"bpf_iter.inet.tcp", ""}, {"bpf_iter.inet6.tcp", ""}}));
}

TEST(TcpWalk, EndsAtWhatItDoesNotKnow) {
    EXPECT_EQ(walk_over(record(af_inet, 2) + std::string(200000, '\x7f'), 5000).bytes,
              (ByInterface{{"bpf_iter.inet.tcp", record(af_inet, 2)}, {"bpf_iter.inet6.tcp", ""}}));
}

} // namespace
} // namespace netstat46::live
