#include "ports/nat.hpp"

#include <gtest/gtest.h>

#include "record/address.hpp"

namespace netstat46 {
namespace {

// docker's rules for `-p 8888:80`.
constexpr std::string_view docker = R"(# ipv4
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8888 -j DNAT --to-destination 172.17.0.2:80
COMMIT
# ipv6
)";

std::string rule(std::string_view rules, const char* to, std::uint16_t port,
                 Protocol protocol = Protocol::Tcp) {
    return intercepting_rule(parse_nat_rules(rules), protocol, *parse_address(to), port);
}

TEST(Nat, DockersRuleTakesThePortEverywhereButOnLoopback) {
    EXPECT_EQ(rule(docker, "192.168.1.23", 8888),
              "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8888 -j DNAT --to-destination 172.17.0.2:80");
    EXPECT_EQ(rule(docker, "127.0.0.1", 8888), "");
    EXPECT_EQ(rule(docker, "192.168.1.23", 8889), "");
    EXPECT_EQ(rule(docker, "192.168.1.23", 8888, Protocol::Udp), "");
    EXPECT_EQ(rule(docker, "fd00::23", 8888), "");
}

constexpr std::string_view ruleset = R"(# nft
table ip nat {
	chain DOCKER {
		iifname "docker0" counter packets 0 bytes 0 return
		iifname != "docker0" tcp dport 8888 counter packets 0 bytes 0 dnat to 172.17.0.2:80
	}
	chain PREROUTING {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local counter packets 11 bytes 660 jump DOCKER
	}
	chain OUTPUT {
		type nat hook output priority -100; policy accept;
		ip daddr != 127.0.0.0/8 fib daddr type local counter packets 0 bytes 0 jump DOCKER
	}
	chain POSTROUTING {
		type nat hook postrouting priority srcnat; policy accept;
		oifname != "docker0" ip saddr 172.17.0.0/16 counter packets 0 bytes 0 masquerade
	}
}
table ip6 other {
	chain out {
		type nat hook output priority -100; policy accept;
		udp dport 5000-5010 redirect to :53
	}
}
table inet filter {
	chain input {
		type filter hook input priority filter; policy accept;
		tcp dport 22 accept
	}
}
)";

TEST(Nat, NftSaysTheSameInItsOwnWords) {
    EXPECT_NE(rule(ruleset, "192.168.1.23", 8888), "");
    EXPECT_EQ(rule(ruleset, "127.0.0.1", 8888), "");
    EXPECT_EQ(rule(ruleset, "192.168.1.23", 22), "");
    EXPECT_EQ(rule(ruleset, "::1", 5005, Protocol::Udp), "udp dport 5000-5010 redirect to :53");
    EXPECT_EQ(rule(ruleset, "::1", 5011, Protocol::Udp), "");
    EXPECT_EQ(rule(ruleset, "127.0.0.1", 5005, Protocol::Udp), "");
}

TEST(Nat, AChainThatReturnsForSureLetsThePacketGoOn) {
    constexpr std::string_view rules = "# ipv4\n:PREROUTING ACCEPT [0:0]\n"
                                       "-A PREROUTING -d 10.0.0.1/32 -j RETURN\n"
                                       "-A PREROUTING -p tcp -j REDIRECT --to-ports 3128\n";
    EXPECT_EQ(rule(rules, "10.0.0.1", 80), "");
    EXPECT_NE(rule(rules, "10.0.0.2", 80), "");
}

TEST(Nat, LoopsOfJumpsEndAndRubbishIsNothing) {
    EXPECT_EQ(rule("# ipv4\n:OUTPUT -\n-A OUTPUT -j A\n-A A -j B\n-A B -j A\n", "10.0.0.1", 80), "");
    EXPECT_EQ(rule("# nft\ntable\nchain\ntype nat\n-A\n:\n", "10.0.0.1", 80), "");
    EXPECT_EQ(rule("", "10.0.0.1", 80), "");
}

} // namespace
} // namespace netstat46
