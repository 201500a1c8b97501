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
              "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8888 -j DNAT --to-destination 172.17.0.2:80"
              " (but not for what comes in on docker0)");
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

// As nft 1.0.6 and iptables-nft-save 1.8.9 write them.
constexpr std::string_view sets = R"(# nft
table ip nat {
	map m {
		type inet_service : ipv4_addr
		elements = { 80 : 10.0.0.1, 81 : 10.0.0.1 }
	}

	chain output {
		type nat hook output priority -100; policy accept;
		tcp dport { 7777, 8000-8010 } redirect to :9999
		dnat to tcp dport map { 443 : 10.0.0.2, 5000-5010 : 10.0.0.3 }
		ip daddr { 10.0.0.0/8, 192.0.2.1 } udp dport != { 53, 123 } redirect to :9 comment "tcp dport 1 accept"
		meta l4proto udp ip saddr 10.0.0.0/8 th dport 53 redirect to :54
	}
}
)";

TEST(Nat, SetsAndMapsAreTheirElements) {
    const auto redirect = "tcp dport { 7777, 8000-8010 } redirect to :9999";
    const auto map = "dnat to tcp dport map { 443 : 10.0.0.2, 5000-5010 : 10.0.0.3 }";
    for (const std::uint16_t port : {7777, 8000, 8010})
        EXPECT_EQ(rule(sets, "127.0.0.1", port), redirect) << port;
    for (const std::uint16_t port : {443, 5000, 5010}) EXPECT_EQ(rule(sets, "127.0.0.1", port), map) << port;
    for (const std::uint16_t port : {1, 80, 7776, 7778, 8011})
        EXPECT_EQ(rule(sets, "127.0.0.1", port), "") << port;
}

TEST(Nat, ASetMayBeWhatMustNotBe) {
    EXPECT_NE(rule(sets, "10.1.2.3", 54, Protocol::Udp), "");
    EXPECT_NE(rule(sets, "192.0.2.1", 54, Protocol::Udp), "");
    EXPECT_EQ(rule(sets, "192.0.2.2", 54, Protocol::Udp), "");
    EXPECT_EQ(rule(sets, "10.1.2.3", 123, Protocol::Udp), "");
}

TEST(Nat, WhoSendsIsNotKnown) {
    EXPECT_EQ(rule(sets, "10.1.2.3", 53, Protocol::Udp),
              "meta l4proto udp ip saddr 10.0.0.0/8 th dport 53 redirect to :54"
              " (if its other conditions are met) (only for what this host itself sends)");
}

TEST(Nat, IptablesWritesListsNegationsAndComments) {
    constexpr std::string_view rules =
        "# ipv4\n:OUTPUT ACCEPT [0:0]\n"
        "-A OUTPUT -p tcp -m multiport --dports 7777,7779:7781 -j REDIRECT --to-ports 9\n"
        "-A OUTPUT -p udp -m addrtype --dst-type LOCAL -m comment --comment \"x -j y\" -m multiport ! "
        "--dports 1:10,20 "
        "-j DNAT --to-destination 1.2.3.4:5\n"
        "# nft\ntable ip nat {\n\tchain OUTPUT {\n\t\ttype nat hook output priority -100; policy accept;\n"
        "\t\tip protocol tcp xt match \"multiport\" counter packets 0 bytes 0 redirect to :9\n\t}\n}\n";
    for (const std::uint16_t port : {7777, 7779, 7780, 7781})
        EXPECT_NE(rule(rules, "10.0.0.1", port), "") << port;
    for (const std::uint16_t port : {1, 7776, 7778, 7782})
        EXPECT_EQ(rule(rules, "10.0.0.1", port), "") << port;
    EXPECT_EQ(rule(rules, "10.0.0.1", 5, Protocol::Udp), "");
    EXPECT_EQ(rule(rules, "10.0.0.1", 20, Protocol::Udp), "");
    EXPECT_NE(rule(rules, "10.0.0.1", 11, Protocol::Udp), "");
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
