// What a nat rule takes away, foretold and tried with real connections.
#include <cstdlib>
#include <map>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

constexpr std::uint16_t taker = 9999;

struct Tool {
    const char* name;
    std::string rules; ///< for a shell; redirects 8888, 7002 and 7003 on this host to `taker`
};

const Tool tools[] = {
    {"nft", "nft add table ip nat && nft 'add chain ip nat out { type nat hook output priority -100; }' && "
            "nft add rule ip nat out ip daddr 127.0.0.1 tcp dport '{ 8888, 7002-7003 }' redirect to :9999"},
    {"iptables-nft",
     "iptables-nft -t nat -A OUTPUT -p tcp -m multiport --dports 8888,7002:7003 -j REDIRECT --to-ports 9999"},
    {"iptables-legacy", "iptables-legacy -t nat -A OUTPUT -p tcp -m multiport --dports 8888,7002:7003 -j "
                        "REDIRECT --to-ports 9999"},
};

class NatLive : public testing::TestWithParam<Tool> {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
        const std::string with_path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; exec 2>/dev/null; ";
        if (std::system((with_path + "command -v " + GetParam().name + " >/dev/null").c_str()) != 0)
            GTEST_SKIP() << GetParam().name << " is not installed";
        if (std::system((with_path + GetParam().rules).c_str()) != 0)
            GTEST_SKIP() << GetParam().name << ": the kernel has no such rules";
        for (const std::uint16_t port : {std::uint16_t{8888}, std::uint16_t{7001}, std::uint16_t{7002},
                                         std::uint16_t{7003}, std::uint16_t{7004}, taker}) {
            Fd socket = open_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
            ASSERT_TRUE(bind_to(socket, {"0.0.0.0", port}));
            ASSERT_EQ(listen(socket.get(), 4), 0);
            listeners_[port] = std::move(socket);
        }
    }

    /// The port of the socket that gets a connection to 127.0.0.1:port.
    std::uint16_t who_gets(std::uint16_t port) const {
        const Fd client = open_socket(AF_INET, SOCK_STREAM);
        if (!connect_to(client, {"127.0.0.1", port})) return 0;
        for (const auto& [own, socket] : listeners_)
            if (const Fd accepted(accept(socket.get(), nullptr, nullptr)); accepted) return own;
        return 0;
    }

    std::map<std::uint16_t, Fd> listeners_;
};

TEST_P(NatLive, ATakenPortIsInterceptedAndTheOthersAnswerThemselves) {
    for (const auto& [port, socket] : listeners_) {
        const std::uint16_t got = who_gets(port);
        const std::string target = "127.0.0.1:" + std::to_string(port);
        const Ran said = ours("--who-answers=" + target);
        const bool taken = port == 8888 || port == 7002 || port == 7003;
        EXPECT_EQ(got, taken ? taker : port) << "the kernel";
        EXPECT_EQ(said.status, taken ? 3 : 0) << said.out;
        EXPECT_EQ(said.out.find("redirected by NAT rule: ") != std::string::npos, taken) << said.out;
    }
    EXPECT_EQ(ours("--can-bind=127.0.0.1:6999").status, 0);
}

INSTANTIATE_TEST_SUITE_P(Tools, NatLive, testing::ValuesIn(tools), [](const auto& instance) {
    std::string name = instance.param.name;
    std::erase(name, '-');
    return name;
});

} // namespace
} // namespace netstat46::live
