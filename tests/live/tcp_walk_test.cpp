// TCP sockets by a walk over the kernel's table: the same as by sock_diag, in the same order.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
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

/// Everything that the walk gives of a socket.
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
    TableStatus notes;
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

BlockReader nothing_else(std::uint8_t /*family*/, bool /*listening*/) { return nullptr; }

BlockReader sock_diag_of(std::uint8_t family, bool listening) {
    constexpr std::uint32_t listen = state_bit(State::Listen);
    Request request;
    request.tables = {
        {Protocol::Tcp, family == AF_INET, family == AF_INET6, listening ? listen : 0xffffffff & ~listen}};
    return live_blocks(request, no_problem);
}

std::vector<std::string> by_walk(const Table& table, std::size_t most_held = enough) {
    const NewWalk walk = load_tcp_walk();
    return sockets_of(walk_tcp(walk, table, 0, sock_diag_of, no_problem, most_held));
}

TEST(TcpWalkLive, GivesOfEverySocketWhatSockDiagGives) {
    if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    if (!load_tcp_walk()) GTEST_SKIP() << no_bpf_iterator;
    const Zoo zoo;
    ASSERT_GT(by_sock_diag(tcp).size(), 30U);
    EXPECT_EQ(by_walk(tcp), by_sock_diag(tcp));
    EXPECT_EQ(by_walk(tcp, 0), by_sock_diag(tcp)) << "in two walks";
    for (const Table one : {Table{Protocol::Tcp, true, false}, Table{Protocol::Tcp, false, true}})
        EXPECT_EQ(by_walk(one), by_sock_diag(one));
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

/// Puts this process into a network namespace whose connections are all in one bucket; false if there is none
/// (before Linux 6.1).
bool enter_namespace_of_one_bucket() {
    std::ofstream buckets("/proc/sys/net/ipv4/tcp_child_ehash_entries");
    buckets << 1 << std::flush;
    return buckets && enter_namespaces().empty();
}

TEST(TcpWalkLive, IsMadeAsLongAsEachBucketCanBeReadWhole) {
    if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    if (!load_tcp_walk()) GTEST_SKIP() << no_bpf_iterator;
    if (!enter_namespace_of_one_bucket()) GTEST_SKIP() << "no tables of connections for each namespace";
    const std::vector<Fd> few = many_connections(900);
    ASSERT_EQ(few.size(), 1800U);
    EXPECT_TRUE(by_walk(tcp) == by_sock_diag(tcp));
    EXPECT_FALSE(begun(load_tcp_walk(1700))) << "its end is never seen, as if it changed at every look";
    ASSERT_TRUE(enter_namespace_of_one_bucket());
    const std::vector<Fd> more = many_connections(1200);
    ASSERT_EQ(more.size(), 2400U);
    EXPECT_FALSE(begun(load_tcp_walk()));
}

/// Has connections to that port come and go.
[[noreturn]] void connect_and_close(std::uint16_t port) {
    for (unsigned i = 0;; ++i) {
        const Fd client = open_socket(i % 4 == 0 ? AF_INET6 : AF_INET, SOCK_STREAM);
        connect_to(client, {i % 4 == 0 ? "::1" : "127.0.0.1", port});
    }
}

TEST(TcpWalkLive, GivesEverySocketOnceThatStaysWhileOthersComeAndGo) {
    if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    if (!load_tcp_walk()) GTEST_SKIP() << no_bpf_iterator;
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
        const NewWalk walk = load_tcp_walk();
        std::multiset<std::uint64_t> seen;
        std::size_t others = 0;
        for (const SocketRecord& socket :
             records_of(walk_tcp(walk, tcp, 0, nothing_else, no_problem, std::size_t{4} * 1024 * 1024)))
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

TEST(TcpWalkLive, ListsManySocketsAsItListsFew) {
    if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    if (!load_tcp_walk()) GTEST_SKIP() << no_bpf_iterator;
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
    EXPECT_TRUE(by_walk(tcp) == by_sock_diag(tcp));
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
    EXPECT_NE(ours("-tano").out.find(" probe ("), std::string::npos) << "the walk gives no timers";
}

} // namespace
} // namespace netstat46::live
