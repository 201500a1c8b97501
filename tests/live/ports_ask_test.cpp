// The port questions as they are asked on the command line, over sockets of our own.
#include "ports_kit.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "run.hpp"

namespace netstat46::live::ports {
namespace {

bool says(const Ran& ran, std::string_view words) { return ran.out.find(words) != std::string::npos; }

BindRequest made(Protocol protocol, std::string_view where, std::uint16_t port, std::uint32_t device = 0) {
    BindRequest out;
    out.protocol = protocol;
    out.address = address(where);
    out.family = out.address.family;
    out.port = port;
    out.device = device;
    out.reuseaddr = protocol == Protocol::Udp;
    out.uid = ::geteuid();
    return out;
}

int bound(const BindRequest& request, const Extras& extras = {}) {
    const int fd = open_socket(request, extras);
    EXPECT_EQ(bind_to(fd, request.address, request.port), 0);
    if (request.protocol == Protocol::Tcp) {
        EXPECT_EQ(::listen(fd, 8), 0);
    }
    return fd;
}

void devices(const Interfaces& interfaces) {
    if (interfaces.v1 == 0) return;
    bound(made(Protocol::Tcp, "0.0.0.0", 5001, interfaces.lo));
    EXPECT_EQ(ours("--who-answers=127.0.0.1:5001").status, 0);
    EXPECT_EQ(ours("--who-answers=127.9.9.9:5001").status, 1) << "that is v3's";
    bound(made(Protocol::Tcp, "0.0.0.0", 5001, interfaces.v3));
    const Ran on_v3 = ours("--json --who-answers=127.9.9.9:5001");
    EXPECT_EQ(on_v3.status, 0);
    EXPECT_TRUE(says(on_v3, "\"device\":\"v3\"")) << on_v3.out;
    EXPECT_TRUE(says(on_v3, "\"user\":\"root\"") || ::geteuid() != 0) << on_v3.out;
    EXPECT_TRUE(says(on_v3, "\"certainty\":\"certain\"")) << on_v3.out;
    EXPECT_TRUE(says(ours("--json --explain=5001"), "\"device\":\"lo\""));
    EXPECT_TRUE(says(ours("--json --can-bind=0.0.0.0:5001"), "\"device\":\"lo\""));
}

void zones(const Interfaces& interfaces) {
    if (interfaces.v1 == 0) return;
    bound(made(Protocol::Tcp, fmt::format("fe80::77%{}", interfaces.v1), 5002));
    const Ran there = ours("--who-answers=[fe80::77%v1]:5002");
    EXPECT_EQ(there.status, 0) << there.out;
    EXPECT_FALSE(says(there, "depends")) << there.out;
    EXPECT_EQ(ours("--who-answers=[fe80::77%v3]:5002").out,
              "tcp [fe80::77%v3]:5002: nobody: not an address of this host\n");
    const Ran explained = ours("--explain=[fe80::77%v1]:5002");
    EXPECT_TRUE(says(explained, "Port [fe80::77%v1]:5002/tcp is held by 1 listening socket"))
        << explained.out;
    EXPECT_TRUE(says(ours("--explain=5002"), "  fe80::77%v1 ")) << "a line of its own";
    const Ran refused = ours("--can-bind=[fe80::77%v1]:5002");
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(refused.out.starts_with("tcp [fe80::77%v1]:5002: refused (address in use)")) << refused.out;
    EXPECT_TRUE(
        says(ours("--json --can-bind=[fe80::77%v1]:5002"), "\"address\":\"fe80::77\",\"scope\":\"v1\""));
    EXPECT_EQ(ours("--address=fe80::1%nonexist").status, 3);
    EXPECT_EQ(ours("--who-answers=[fe80::1%nonexist]:5002").status, 2);
}

void copies(const Interfaces& interfaces) {
    if (interfaces.v1 == 0) return;
    Extras member;
    member.joins = {{address("224.1.2.3"), interfaces.v1, false}};
    member.multicast_all = false;
    bound(made(Protocol::Udp, "0.0.0.0", 6000), member);
    bound(made(Protocol::Udp, "0.0.0.0", 6000));
    Extras other;
    other.multicast_all = false;
    const int aloof = bound(made(Protocol::Udp, "0.0.0.0", 6000), other);
    const Ran group = ours("--json --who-answers=udp:224.1.2.3:6000");
    EXPECT_EQ(group.status, 0) << group.out;
    EXPECT_TRUE(says(group, "\"each\":true")) << group.out;
    EXPECT_FALSE(says(group, fmt::format("\"inode\":{}", inode_of(aloof)))) << group.out;
    const Ran broadcast = ours("--who-answers=udp:10.46.0.255:6000");
    EXPECT_EQ(broadcast.status, 0);
    EXPECT_EQ(lines_of(broadcast.out).size(), 4U) << broadcast.out;
    EXPECT_TRUE(says(broadcast, "udp 10.46.0.255:6000: each of these receives a copy\n")) << broadcast.out;
    const Ran explained = ours("--explain=udp:224.1.2.3:6000");
    EXPECT_TRUE(says(explained, "(each of these receives a copy)")) << explained.out;
    EXPECT_EQ(ours("--who-answers=udp:224.1.2.9:6000").out,
              "udp 224.1.2.9:6000: nobody: no interface has joined this multicast group\n");
    bound(made(Protocol::Tcp, "0.0.0.0", 6000));
    for (const char* to : {"224.1.2.3", "10.46.0.255", "255.255.255.255"}) {
        const Ran tcp = ours(fmt::format("--who-answers={}:6000", to));
        EXPECT_EQ(tcp.status, 1);
        EXPECT_EQ(tcp.out,
                  fmt::format(
                      "tcp {}:6000: nobody: TCP does not connect to a multicast or broadcast address\n", to));
    }
}

/// What is saved must answer as the host did.
void captures(const Interfaces& interfaces) {
    if (interfaces.v1 == 0) return;
    copies(interfaces);
    bound(made(Protocol::Tcp, "0.0.0.0", 5001, interfaces.v3));
    char directory[] = "/tmp/netstat46-ports-XXXXXX";
    ASSERT_NE(::mkdtemp(directory), nullptr);
    const std::string capture = std::string(directory) + "/capture";
    ours("--save=" + capture + " -n");
    for (const char* question : {"127.9.9.9:5001", "127.0.0.1:5001", "udp:10.46.0.255:6000", "224.1.2.3:6000",
                                 "udp:224.1.2.9:6000"}) {
        const Ran live = ours(fmt::format("--who-answers={}", question));
        const Ran replayed = ours(fmt::format("--replay={} --who-answers={}", capture, question));
        EXPECT_EQ(replayed.status, live.status) << question << '\n' << replayed.out;
        EXPECT_EQ(replayed.out, live.out);
    }
    EXPECT_TRUE(says(ours("--replay=" + capture + " --json --explain=5001"), "\"device\":\"v3\""));
    const Ran group = ours("--replay=" + capture + " --who-answers=udp:224.1.2.3:6000");
    EXPECT_EQ(group.status, 3) << "who has joined is not in a capture\n" << group.out;
    EXPECT_TRUE(says(group, "depends on the multicast groups")) << group.out;
    EXPECT_EQ(std::system(("rm -r " + std::string(directory)).c_str()), 0);
}

TEST(PortsAskLive, TheInterfaceThatHoldsTheAddressDecides) { in_namespace(devices); }

TEST(PortsAskLive, ALinkLocalAddressKeepsItsZone) { in_namespace(zones); }

TEST(PortsAskLive, MulticastAndBroadcastReachAllOrNobody) { in_namespace(copies); }

TEST(PortsAskLive, ACaptureAnswersAsTheHostDid) { in_namespace(captures); }

} // namespace
} // namespace netstat46::live::ports
