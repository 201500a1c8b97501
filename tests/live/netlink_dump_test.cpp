// A dump of this host's sockets by the real system calls.
#include <cerrno>
#include <csignal>
#include <cstring>

#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <gtest/gtest.h>

#include "linux/live_netlink.hpp"

namespace netstat46::live {
namespace {

/// EINTR belongs to NetlinkCalls: these are the real ones, and a timer interrupts them all the time.
TEST(NetlinkDumpLive, SignalsDoNotDisturbADumpOfThisHost) {
    struct sigaction action {
    }, before{};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, &before); // without SA_RESTART
    const itimerval often{{0, 50}, {0, 50}}, never{};
    setitimer(ITIMER_REAL, &often, nullptr);
    DumpResult result;
    std::size_t bytes = 0, problems = 0;
    for (int i = 0; i < 300 && result.end == DumpEnd::Done; ++i) {
        Dump dump(netlink_calls(), {.family = AF_INET, .ip_protocol = IPPROTO_TCP, .bytecode = {}},
                  "sock_diag.inet.tcp", [&problems](const Problem&) { ++problems; });
        for (auto block = dump.next(); !block.empty(); block = dump.next()) bytes += block.size();
        result = dump.result();
    }
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before, nullptr);
    if (result.end == DumpEnd::Refused && (result.error == EPERM || result.error == EPROTONOSUPPORT))
        GTEST_SKIP() << "no sock_diag here: " << std::strerror(result.error);
    EXPECT_EQ(result.end, DumpEnd::Done) << std::strerror(result.error);
    EXPECT_GE(bytes, 300 * sizeof(nlmsghdr));
    EXPECT_EQ(problems, 0U);
}

} // namespace
} // namespace netstat46::live
