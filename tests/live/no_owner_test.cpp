// Why a socket has no owner: sockets that the kernel itself leaves without one, and owners out of sight.
#include <cstdlib>
#include <regex>
#include <string>
#include <vector>

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

constexpr std::uint16_t port = 8888;

std::string values(const std::string& text, const std::string& member) {
    const std::regex pattern("\"" + member + "\":\"([^\"]*)\"");
    std::string all;
    for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
        all += (all.empty() ? "" : ",") + (*at)[1].str();
    return all;
}

/// State and reason of the sockets with this local port and this foreign one (0: none).
std::string reasons(std::uint16_t local, std::uint16_t foreign, const Way& way = {}) {
    const Ran ran = ours("--json -an --local-port=" + std::to_string(local) +
                             " --foreign-port=" + std::to_string(foreign),
                         way);
    return values(ran.out, "state") + ": " + values(ran.out, "owner_unknown");
}

class NoOwnerLive : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    }

    static Pair pair(std::uint16_t client_port) {
        return connected_pair({"127.0.0.1", client_port}, {"127.0.0.1", port});
    }
};

TEST_F(NoOwnerLive, TimeWaitAndFinWait2AreClosing) {
    Pair over = pair(7001);
    over.client = Fd();
    over.server = Fd();
    EXPECT_EQ(reasons(7001, port), "time_wait: closing");
    Pair half = pair(7002);
    half.client = Fd();
    // The other end acknowledges the close a moment later.
    for (int context = 0; context < 100 && reasons(7002, port) != "fin_wait_2: closing"; ++context)
        usleep(20000);
    EXPECT_EQ(reasons(7002, port), "fin_wait_2: closing");

    const std::string text = ours("--explain=7002").out;
    EXPECT_NE(text.find("held by 1 connection in FIN_WAIT2; none of them listens\n"), std::string::npos)
        << text;
    EXPECT_NE(text.find("Owner `-': the connection is over"), std::string::npos) << text;
    EXPECT_EQ(values(ours("--explain=7002 --json").out, "owner_unknown").find_first_not_of("closing,"),
              std::string::npos);
    const std::string refused = ours("--can-bind=127.0.0.1:7002").out;
    EXPECT_NE(refused.find("refused (address in use): 1 connection in FIN_WAIT2\n"), std::string::npos)
        << refused;
}

TEST_F(NoOwnerLive, AConnectionInTheAcceptQueueIsNotAccepted) {
    const Fd listener = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(listener, {"127.0.0.1", port}) && listen(listener.get(), 4) == 0);
    Fd client = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(client, {"127.0.0.1", 7001}) && connect_to(client, {"127.0.0.1", port}));
    EXPECT_EQ(reasons(port, 7001), "established: not accepted");
    client = Fd();
    EXPECT_EQ(reasons(port, 7001), "close_wait: not accepted");
    const std::string text = ours("--explain=8888").out;
    EXPECT_NE(text.find("Owner `-': the listener's program has not accepted"), std::string::npos) << text;
}

TEST_F(NoOwnerLive, ThatWhichItsProgramClosedAndTheKernelStillSendsIsAnOrphan) {
    Pair last = pair(7001);
    ASSERT_EQ(shutdown(last.client.get(), SHUT_WR), 0);
    drop_all(last.client);
    last.server = Fd();
    EXPECT_EQ(reasons(port, 7001), "last_ack: orphan");
    Pair first = pair(7002);
    drop_all(first.server);
    first.client = Fd();
    EXPECT_EQ(reasons(7002, port), "fin_wait_1: orphan");
}

/// Stays root, but without any of its capabilities.
void give_up_capabilities() {
    for (unsigned long one = 0; prctl(PR_CAPBSET_READ, one) >= 0; ++one)
        if (prctl(PR_CAPBSET_DROP, one) != 0) _exit(126);
}

TEST_F(NoOwnerLive, OfAnotherUsersOrAMightierProcessIsNotPermitted) {
    Holders owners;
    Fd socket = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(socket, {"127.0.0.1", port}) && listen(socket.get(), 4) == 0);
    owners.add("mighty", {&socket});
    socket = Fd();
    EXPECT_EQ(reasons(port, 0), "listen: ") << "all may be seen";
    const Ran probe = ours("--version", {.in_child = give_up_capabilities});
    if (probe.status == 126) GTEST_SKIP() << "capabilities cannot be dropped here";
    EXPECT_EQ(reasons(port, 0, {.in_child = give_up_capabilities}), "listen: not permitted");
    const std::string text = ours("--explain=8888", {.in_child = give_up_capabilities}).out;
    EXPECT_NE(text.find("Owner `-': held by a hidden process or the kernel; try as root"), std::string::npos)
        << text;
}

TEST_F(NoOwnerLive, ThatIsOutsideOfThePidNamespaceIsReportedAsSuch) {
    const Fd socket = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(socket, {"127.0.0.1", port}) && listen(socket.get(), 4) == 0);
    const auto within = [](const std::vector<std::string>& words) {
        std::vector<std::string> all{"unshare", "--pid", "--fork", "--mount-proc", our_program()};
        all.insert(all.end(), words.begin(), words.end());
        return run("/usr/bin/unshare", all);
    };
    if (within({"--version"}).status != 0) GTEST_SKIP() << "no pid namespace can be made here";
    EXPECT_EQ(values(within({"--json", "-ltn"}).out, "owner_unknown"), "other pid namespace");
    const std::string text = within({"--explain=8888"}).out;
    EXPECT_NE(text.find("Owner `-': a process outside of this process id namespace"), std::string::npos)
        << text;
    EXPECT_EQ(values(within({"--explain=8888", "--json"}).out, "owner_unknown").substr(0, 19),
              "other pid namespace");
}

void hide_proc() {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/proc", "tmpfs", 0, nullptr) != 0) _exit(126);
}

TEST_F(NoOwnerLive, WithoutProcIsNotRead) {
    const Fd socket = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(socket, {"127.0.0.1", port}) && listen(socket.get(), 4) == 0);
    if (ours("--version", {.in_child = hide_proc}).status == 126) GTEST_SKIP() << "/proc cannot be hidden";
    EXPECT_EQ(reasons(port, 0, {.in_child = hide_proc}), "listen: not read");
}

TEST_F(NoOwnerLive, OfATunnelIsTheKernel) {
    const std::string with_path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; exec >/dev/null 2>&1; ";
    const char* make = "ip link add vx0 type vxlan id 42 dstport 4789 && ip link set vx0 up";
    if (std::system((with_path + make).c_str()) != 0)
        GTEST_SKIP() << "no vxlan interface can be made: ip(8) or the kernel has none";
    EXPECT_EQ(reasons(4789, 0), "unconnected: kernel");
    const std::string text = ours("--explain=udp:4789").out;
    EXPECT_NE(text.find("Owner `-': the kernel opened it for itself"), std::string::npos) << text;
    EXPECT_NE(text.find("udp  0.0.0.0:4789  (kernel)"), std::string::npos) << text;
    EXPECT_NE(text.find("refused (address in use): 1 receiving"), std::string::npos) << text;
    EXPECT_EQ(values(ours("--explain=udp:4789 --json").out, "owner_unknown").substr(0, 6), "kernel");
    const Ran answers = ours("--who-answers=udp:127.0.0.1:4789");
    EXPECT_NE(answers.out.find("udp 0.0.0.0:4789 (kernel): the kernel opened it"), std::string::npos)
        << answers.out;
    EXPECT_EQ(values(ours("--who-answers=udp:127.0.0.1:4789 --json").out, "owner_unknown"), "kernel");
    EXPECT_NE(ours("--can-bind=udp:0.0.0.0:4789").out.find("(kernel)"), std::string::npos);
}

} // namespace
} // namespace netstat46::live
