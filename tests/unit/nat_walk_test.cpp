// What rules do with one packet, rule by rule as the kernels read them.
#include "ports/nat_walk.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ports/nat.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

using Kind = NatAction::Kind;

NatPacket to(const char* address, std::uint16_t port, Protocol protocol = Protocol::Tcp) {
    NatPacket packet;
    packet.protocol = protocol;
    packet.destination = *parse_address(address);
    packet.port = port;
    return packet;
}

NatPacket by(const char* device, NatPacket packet) {
    packet.source = NatSource::Other;
    packet.in = device;
    return packet;
}

std::string text_of(const NatOutcome& outcome) {
    constexpr const char* names[] = {"none",   "dnat",   "redirect", "tproxy", "drop",
                                     "accept", "return", "jump",     "goto",   "unclear"};
    std::string text = names[static_cast<std::size_t>(outcome.kind)];
    if (outcome.target.first) text += " " + address_text(*outcome.target.first);
    if (outcome.target.ports.first != 0) text += fmt::format(":{}", outcome.target.ports.first);
    return text + (outcome.target.known ? "" : " ?");
}

/// `dnat 10.0.0.1:80`, `redirect :9 or pass`, `pass`.
std::string said(const NatVerdict& verdict) {
    std::string text;
    for (const NatOutcome& outcome : verdict.taken) text += (text.empty() ? "" : " or ") + text_of(outcome);
    if (verdict.may_pass) text += text.empty() ? "pass" : " or pass";
    return text;
}

std::string output(std::string_view rules, const NatPacket& packet) {
    return said(nat_verdict(parse_nat_rules(rules), NatHook::Output, packet));
}

std::string prerouting(std::string_view rules, const NatPacket& packet) {
    return said(nat_verdict(parse_nat_rules(rules), NatHook::Prerouting, packet));
}

/// Rules of OUTPUT in iptables' table nat.
std::string iptables(const std::string& rules, const NatPacket& packet = to("10.0.0.1", 80)) {
    return output("# ipv4\n*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n" +
                      rules,
                  packet);
}

/// Rules of a chain of nft at the hook output.
std::string nft(const std::string& rules, const NatPacket& packet = to("10.0.0.1", 80),
                const std::string& before = "", const char* family = "ip") {
    return output(
        fmt::format("# nft\ntable {} nat {{\n{}\n\tchain out {{\n\t\ttype nat hook output priority -100; "
                    "policy accept;\n{}\n\t}}\n}}\n",
                    family, before, rules),
        packet);
}

constexpr const char* redirect = " -p tcp -j REDIRECT --to-ports 9\n";

TEST(NatIptables, ProtocolsKeepTheirNegation) {
    EXPECT_EQ(iptables("-A OUTPUT ! -p tcp -j A\n-A A -j REDIRECT\n"), "pass");
    EXPECT_EQ(iptables("-A OUTPUT ! -p udp -j A\n-A A -j REDIRECT\n"), "redirect");
    EXPECT_EQ(iptables("-A OUTPUT ! -p tcp -j A\n-A A -j REDIRECT\n", to("10.0.0.1", 80, Protocol::Udp)),
              "redirect");
    EXPECT_EQ(iptables("-A OUTPUT -p sctp -j REDIRECT\n"), "pass");
    EXPECT_EQ(iptables("-A OUTPUT ! -p sctp -j REDIRECT\n"), "redirect");
    EXPECT_EQ(iptables("-A OUTPUT -p 6 -j REDIRECT\n"), "redirect");
    EXPECT_EQ(iptables("-A OUTPUT -p all -j REDIRECT\n"), "redirect");
}

TEST(NatIptables, AcceptEndsTheHookAndReturnOnlyTheChain) {
    const std::string rules = std::string("-A OUTPUT -j A\n-A OUTPUT") + redirect;
    EXPECT_EQ(iptables(rules + "-A A -j ACCEPT\n"), "pass");
    EXPECT_EQ(iptables(rules + "-A A -j RETURN\n"), "redirect:9");
    EXPECT_EQ(iptables(rules + "-A A -j B\n-A B -p tcp -j ACCEPT\n"), "pass");
    EXPECT_EQ(iptables(rules + "-A A -j B\n-A B -p udp -j ACCEPT\n"), "redirect:9");
}

TEST(NatIptables, GotoDoesNotComeBack) {
    EXPECT_EQ(iptables(std::string("-A OUTPUT -g A\n-A OUTPUT") + redirect), "pass");
    EXPECT_EQ(iptables(std::string("-A OUTPUT -j A\n-A A -g B\n-A A -j ACCEPT\n-A OUTPUT") + redirect),
              "redirect:9");
}

TEST(NatIptables, EveryMatchAndItsNegation) {
    struct Match {
        const char* met;
        const char* unmet;
    };
    for (const Match& match : {
             Match{"-p tcp -m tcp --dport 80", "-p tcp -m tcp ! --dport 80"},
             {"-p tcp -m tcp ! --dport 81:90", "-p tcp -m tcp --dport 81:90"},
             {"-p tcp -m multiport --dports 1,70:90", "-p tcp -m multiport ! --dports 1,70:90"},
             {"-d 10.0.0.0/8", "! -d 10.0.0.0/8"},
             {"-d 10.0.0.1/255.0.0.255", "! -d 10.0.0.1/255.0.0.255"},
             {"! -d 10.0.0.2/32", "-d 10.0.0.2/32"},
             {"! -i docker0", "-i docker0"},
             {"! -i br-+", "-i br-+"},
             {"-o lo", "! -o lo"},
             {"! -o eth0", "-o eth0"},
             {"-m addrtype --dst-type LOCAL", "-m addrtype ! --dst-type LOCAL"},
             {"-m addrtype --dst-type LOCAL,BROADCAST", "-m addrtype --dst-type UNICAST"},
             {"-m addrtype --src-type LOCAL", "-m addrtype ! --src-type LOCAL"},
             {"-m conntrack --ctstate NEW,RELATED", "-m conntrack --ctstate RELATED,ESTABLISHED"},
             {"-m state --state NEW", "-m conntrack ! --ctstate NEW"},
             {"-m mark --mark 0x0", "-m mark ! --mark 0x0"},
             {"-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN",
              "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN"},
             {"-m iprange --dst-range 10.0.0.0-10.0.0.9", "-m iprange ! --dst-range 10.0.0.0-10.0.0.9"},
             {"-m comment --comment \"-j DROP ! --dport 1\"",
              "-p tcp -m comment --comment x -m tcp --dport 1"},
             {"-p tcp -m tcp --sport 1:65535", "-p tcp -m tcp ! --sport 1:65535"},
         }) {
        EXPECT_EQ(iptables(std::string("-A OUTPUT ") + match.met + " -j REDIRECT\n"), "redirect")
            << match.met;
        EXPECT_EQ(iptables(std::string("-A OUTPUT ") + match.unmet + " -j REDIRECT\n"), "pass")
            << match.unmet;
    }
}

TEST(NatIptables, WhatCannotBeJudgedIsNeitherMetNorUnmet) {
    for (const char* match :
         {"-m mark --mark 0x1", "-m mark ! --mark 0x1", "-m set --match-set blocked dst",
          "-m owner --uid-owner 5", "-m statistic --mode random --probability 0.50000000000", "-m socket",
          "-m socket --transparent", "-m connmark --mark 0x0", "-s 10.0.0.0/8", "! -s 10.0.0.0/8",
          "-p tcp -m tcp --sport 80", "-m something-new --with words",
          "-m addrtype --dst-type LOCAL --limit-iface-in", "-m limit --limit 5/sec",
          "-m conntrack --ctstate DNAT"}) {
        EXPECT_EQ(iptables(std::string("-A OUTPUT ") + match + " -j REDIRECT\n"), "redirect or pass")
            << match;
        EXPECT_EQ(iptables(std::string("-A OUTPUT ") + match + " -j ACCEPT\n-A OUTPUT" + redirect),
                  "redirect:9 or pass")
            << match;
    }
}

TEST(NatIptables, TargetsSayWhere) {
    EXPECT_EQ(iptables("-A OUTPUT -p tcp -j DNAT --to-destination 172.17.0.2:80\n"), "dnat 172.17.0.2:80");
    EXPECT_EQ(iptables("-A OUTPUT -p tcp -j DNAT --to-destination 172.17.0.2 --persistent\n"),
              "dnat 172.17.0.2");
    EXPECT_EQ(iptables("-A OUTPUT -p tcp -j DNAT --to-destination :81\n"), "dnat:81");
    EXPECT_EQ(iptables("-A OUTPUT -j NETMAP --to 10.1.0.0/24\n"), "dnat ?");
    EXPECT_EQ(iptables("-A OUTPUT -p tcp -j REDIRECT --to-ports 80-90 --random\n"), "redirect:80");
    EXPECT_EQ(iptables("-A OUTPUT -j LOG --log-prefix \"-j DROP\"\n-A OUTPUT -j RETURN\n"), "pass");
    EXPECT_EQ(iptables("-A OUTPUT -j NEWTARGET --to 5\n"), "unclear or pass");
    const auto inet6 = [](const char* rule) {
        return output(fmt::format("# ipv6\n*nat\n:OUTPUT ACCEPT [0:0]\n{}\n", rule), to("fd00::2", 80));
    };
    EXPECT_EQ(inet6("-A OUTPUT -d fd00::/8 -p tcp -j DNAT --to-destination [fd00::1]:81"), "dnat fd00::1:81");
    EXPECT_EQ(inet6("-A OUTPUT ! -d fd00::/8 -p tcp -j DNAT --to-destination [fd00::1]:81"), "pass");
}

TEST(NatIptables, TproxyIsInMangleAndNatIsNotAskedAgainBehindLo) {
    constexpr std::string_view rules =
        "# ipv4\n*mangle\n:PREROUTING ACCEPT [0:0]\n"
        "-A PREROUTING -p tcp -m tcp --dport 99 -j TPROXY --on-port 9999 --on-ip "
        "127.0.0.1 --tproxy-mark 0x1/0x1\nCOMMIT\n"
        "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport 98 -j REDIRECT\n";
    EXPECT_EQ(prerouting(rules, by("eth0", to("10.0.0.1", 99))), "tproxy 127.0.0.1:9999");
    EXPECT_EQ(prerouting(rules, by("eth0", to("10.0.0.1", 98))), "redirect");
    const NatRules parsed = parse_nat_rules(rules);
    EXPECT_EQ(said(nat_verdict_of_own(parsed, to("10.0.0.1", 99))), "tproxy 127.0.0.1:9999");
    EXPECT_EQ(said(nat_verdict_of_own(parsed, to("10.0.0.1", 98))), "pass");
}

TEST(NatIptables, WhatIsNotTrackedHasNoNat) {
    const std::string rules =
        "# ipv4\n*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m tcp --dport 53 -j CT --notrack\n"
        "-A OUTPUT -m owner --uid-owner 0 -p tcp -m tcp --dport 54 -j NOTRACK\nCOMMIT\n"
        "*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -j REDIRECT\n";
    EXPECT_EQ(output(rules, to("10.0.0.1", 53)), "pass");
    EXPECT_EQ(output(rules, to("10.0.0.1", 54)), "redirect or pass");
    EXPECT_EQ(output(rules, to("10.0.0.1", 55)), "redirect");
}

TEST(NatIptables, OneOfKubernetesEndpointsGetsIt) {
    const std::string rules =
        "-A OUTPUT -j A\n"
        "-A A ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j MARK --set-xmark "
        "0x4000/0x4000\n"
        "-A A -d 10.96.0.10/32 -p tcp -m comment --comment \"web cluster IP\" -m tcp --dport 80 -j B\n"
        "-A B -m statistic --mode random --probability 0.50000000000 -j DNAT --to-destination "
        "10.244.0.5:8080\n"
        "-A B -p tcp -j DNAT --to-destination 10.244.0.6:8080\n";
    EXPECT_EQ(iptables(rules, to("10.96.0.10", 80)), "dnat 10.244.0.5:8080 or dnat 10.244.0.6:8080");
    EXPECT_EQ(iptables(rules, to("10.96.0.10", 81)), "pass");
}

TEST(NatIptables, BothOfItsHomesAreAsked) {
    const std::string rules =
        "# ipv4\n*nat\n:OUTPUT ACCEPT [0:0]\n:DOCKER - [0:0]\n-A OUTPUT -j DOCKER\n-A DOCKER -j "
        "RETURN\n# ipv4 legacy\n*nat\n:OUTPUT ACCEPT [0:0]\n:DOCKER - [0:0]\n-A OUTPUT -j "
        "DOCKER\n-A DOCKER -p tcp -j REDIRECT --to-ports 9\n";
    EXPECT_EQ(output(rules, to("10.0.0.1", 80)), "redirect:9");
}

TEST(NatNft, EveryMatchAndItsNegation) {
    struct Match {
        const char* met;
        const char* unmet;
    };
    for (const Match& match : {
             Match{"tcp dport 80", "tcp dport != 80"},
             {"tcp dport { 1, 70-90 }", "tcp dport != { 1, 70-90 }"},
             {"tcp dport != 81-90", "tcp dport 81-90"},
             {"tcp dport < 81", "tcp dport > 80"},
             {"tcp dport >= 80", "tcp dport <= 79"},
             {"ip daddr 10.0.0.0/8", "ip daddr != 10.0.0.0/8"},
             {"ip daddr { 10.0.0.0/8, 192.0.2.1 }", "ip daddr { 10.1.0.0/16, 192.0.2.1 }"},
             {"ip daddr & 255.0.0.255 == 10.0.0.1", "ip daddr & 255.0.0.255 != 10.0.0.1"},
             {"ip daddr 10.0.0.0-10.0.0.9", "ip daddr 10.0.0.2-10.0.0.9"},
             {"meta l4proto tcp", "meta l4proto != tcp"},
             {"meta l4proto { tcp, udp }", "udp dport 80"},
             {"ip protocol tcp", "ip protocol udp"},
             {"iifname != \"docker0\"", "iifname \"docker0\""},
             {"iifname != \"br-*\"", "iifname { \"br-*\", \"x\" }"},
             {"oifname \"lo\"", "oifname != \"lo\""},
             {"oif \"lo\"", "oif \"eth0\""},
             {"fib daddr type local", "fib daddr type != local"},
             {"fib daddr type { local, broadcast }", "fib daddr type unicast"},
             {"fib saddr type local", "fib saddr type != local"},
             {"ct state new", "ct state established,related"},
             {"ct state { established, new }", "ct state != new"},
             {"meta mark 0x00000000", "meta mark != 0x00000000"},
             {"meta nfproto ipv4", "meta nfproto ipv6"},
             {"tcp flags syn / fin,syn,rst,ack", "tcp flags != syn / fin,syn,rst,ack"},
             {"ip daddr . tcp dport { 10.0.0.1 . 80 }", "ip daddr . tcp dport != { 10.0.0.1 . 80 }"},
             {"ip daddr . meta l4proto . th dport { 10.0.0.0/24 . tcp . 79-81 }",
              "ip daddr . meta l4proto . th dport { 10.0.0.0/24 . udp . 79-81 }"},
             {"th dport 80", "th dport 81"},
             {"counter packets 5 bytes 300", "ip6 daddr fd00::1"},
             {"log prefix \"accept drop\" level info flags tcp sequence", "udp sport 1-65535"},
             {"counter comment \"tcp dport 81\"", "ip6 nexthdr tcp"},
         }) {
        EXPECT_EQ(nft(fmt::format("{} redirect to :9", match.met), to("10.0.0.1", 80), "", "inet"),
                  "redirect:9")
            << match.met;
        EXPECT_EQ(nft(fmt::format("{} redirect to :9", match.unmet), to("10.0.0.1", 80), "", "inet"), "pass")
            << match.unmet;
    }
}

TEST(NatNft, WhatCannotBeJudgedIsNeitherMetNorUnmet) {
    for (const char* match : {"meta mark 0x1",
                              "meta mark != 0x1",
                              "meta skuid 1000",
                              "ip saddr 10.0.0.0/8",
                              "tcp sport 80",
                              "limit rate 5/second burst 5 packets",
                              "quota over 25 mbytes",
                              "fib daddr . iif type local",
                              "socket transparent 1",
                              "xt match \"socket\"",
                              "iifgroup 5",
                              "tcp dport http",
                              "ct status dnat",
                              "some new words",
                              "meta random & 2147483647 < 1073741824",
                              "tcp dport @missing",
                              "ip dscp 0x2e",
                              "ct original ip daddr 10.0.0.1",
                              "tcp flags & (fin | syn) == syn",
                              "meta mark & 0xff == 0x1"})
        EXPECT_EQ(nft(fmt::format("{} redirect to :9", match)), "redirect:9 or pass") << match;
}

TEST(NatNft, NamedSetsAndMapsAreFollowed) {
    const std::string named = R"(	set p {
		type inet_service
		flags interval
		elements = { 1, 2, 3,
			     80-90 }
	}

	set none {
		type inet_service
	}

	set c {
		typeof ip daddr . tcp dport
		flags interval,timeout
		elements = { 10.0.0.0/24 . 80 timeout 1h expires 59m59s996ms comment "a , b",
			     10.0.1.1 . 90-99 }
	}

	map t {
		type inet_service : ipv4_addr . inet_service
		elements = { 80 : 10.9.9.9 . 8080, 81 : 10.9.9.8 . 8081 }
	}

	map v {
		type ipv4_addr . inet_proto . inet_service : verdict
		elements = { 10.0.0.1 . tcp . 80 : goto c1,
			     10.0.0.2 . tcp . 80 : accept }
	}

	chain c1 {
		dnat to 10.1.1.1:81
	}
)";
    const auto go = [&](const char* rule, const NatPacket& packet = to("10.0.0.1", 80)) {
        return nft(rule, packet, named);
    };
    EXPECT_EQ(go("tcp dport @p redirect to :9"), "redirect:9");
    EXPECT_EQ(go("tcp dport != @p redirect to :9"), "pass");
    EXPECT_EQ(go("tcp dport @none redirect to :9"), "pass");
    EXPECT_EQ(go("tcp dport @p redirect to :9", to("10.0.0.1", 91)), "pass");
    EXPECT_EQ(go("ip daddr . tcp dport @c redirect to :9"), "redirect:9");
    EXPECT_EQ(go("ip daddr . tcp dport @c redirect to :9", to("10.0.1.1", 95)), "redirect:9");
    EXPECT_EQ(go("ip daddr . tcp dport @c redirect to :9", to("10.0.1.1", 80)), "pass");
    EXPECT_EQ(go("dnat ip to tcp dport map @t"), "dnat 10.9.9.9:8080");
    EXPECT_EQ(go("dnat ip addr . port to tcp dport map @t", to("10.0.0.1", 81)), "dnat 10.9.9.8:8081");
    EXPECT_EQ(go("dnat ip to tcp dport map @t", to("10.0.0.1", 82)), "pass");
    EXPECT_EQ(go("ip daddr . meta l4proto . th dport vmap @v"), "dnat 10.1.1.1:81");
    EXPECT_EQ(
        go("ip daddr . meta l4proto . th dport vmap @v\n meta l4proto tcp redirect", to("10.0.0.2", 80)),
        "pass");
    EXPECT_EQ(
        go("ip daddr . meta l4proto . th dport vmap @v\n meta l4proto tcp redirect", to("10.0.0.3", 80)),
        "redirect");
    EXPECT_EQ(go("ip daddr . meta l4proto . th dport vmap @missing"), "unclear or pass");
}

TEST(NatNft, MapsInRulesAreFollowed) {
    EXPECT_EQ(nft("dnat to tcp dport map { 80 : 10.0.0.2, 5000-5010 : 10.0.0.3 }"), "dnat 10.0.0.2");
    EXPECT_EQ(nft("dnat to tcp dport map { 80 : 10.0.0.2, 5000-5010 : 10.0.0.3 }", to("10.0.0.1", 5005)),
              "dnat 10.0.0.3");
    EXPECT_EQ(nft("meta l4proto tcp redirect to :tcp dport map { 80 : 1000 }"), "redirect:1000");
    EXPECT_EQ(nft("tcp dport vmap { 80 : accept, 81 : drop }\n meta l4proto tcp redirect to :9"), "pass");
    EXPECT_EQ(nft("tcp dport vmap { 80 : accept, 81 : drop }\n meta l4proto tcp redirect to :9",
                  to("10.0.0.1", 81)),
              "drop");
    EXPECT_EQ(nft("tcp dport vmap { 80 : accept, 81 : drop }\n meta l4proto tcp redirect to :9",
                  to("10.0.0.1", 82)),
              "redirect:9");
    EXPECT_EQ(nft("tcp dport vmap { 81 : accept, * : drop }"), "drop");
    EXPECT_EQ(nft("numgen random mod 2 vmap { 0 : goto a, 1 : goto b }", to("10.0.0.1", 80),
                  "\tchain a {\n\t\tmeta l4proto tcp dnat to 10.1.1.1:6443\n\t}\n\tchain b {\n\t\tmeta "
                  "l4proto tcp dnat to 10.1.1.2:6443\n\t}\n"),
              "dnat 10.1.1.1:6443 or dnat 10.1.1.2:6443");
    EXPECT_EQ(nft("dnat to numgen inc mod 3 map { 0 : 10.0.0.2, 1 : 10.0.0.3 }"),
              "dnat 10.0.0.2 or dnat 10.0.0.3 or pass");
}

TEST(NatNft, TargetsSayWhere) {
    EXPECT_EQ(nft("dnat to 10.0.0.2:80-90 random,persistent"), "dnat 10.0.0.2:80");
    EXPECT_EQ(nft("dnat to :8080"), "dnat:8080");
    EXPECT_EQ(nft("meta l4proto tcp redirect"), "redirect");
    EXPECT_EQ(nft("dnat ip6 to [fd00::1]:80", to("fd00::2", 80), "", "inet"), "dnat fd00::1:80");
    EXPECT_EQ(nft("dnat ip6 to [fd00::1]:80", to("10.0.0.1", 80), "", "inet"), "pass");
    EXPECT_EQ(nft("dnat ip prefix to ip daddr map { 10.0.0.0/24 : 10.1.0.0/24 }"), "dnat ?");
    EXPECT_EQ(nft("ip daddr set 10.0.0.9"), "dnat ?");
    EXPECT_EQ(nft("queue to 5"), "unclear or pass");
    EXPECT_EQ(nft("xt target \"DNAT\""), "dnat ?");
    EXPECT_EQ(nft("xt target \"LOG\""), "pass");
}

constexpr std::string_view proxied = R"(# nft
table inet proxy {
	chain pre {
		type filter hook prerouting priority mangle; policy accept;
		ip daddr 127.0.0.0/8 return
		tcp dport 80 tproxy ip to 127.0.0.1:9999 meta mark set 0x00000001 accept
		udp dport 53 tproxy to :5353
		tcp dport 22 drop
	}
	chain later {
		type nat hook prerouting priority dstnat; policy accept;
		udp dport 54 redirect to :55
	}
}
)";

TEST(NatNft, TproxyLeadsToItsSocket) {
    EXPECT_EQ(prerouting(proxied, by("eth0", to("10.0.0.1", 80))), "tproxy 127.0.0.1:9999");
    EXPECT_EQ(prerouting(proxied, by("eth0", to("10.0.0.1", 53, Protocol::Udp))), "tproxy:5353");
    EXPECT_EQ(prerouting(proxied, by("eth0", to("fd00::1", 53, Protocol::Udp))), "tproxy:5353");
    EXPECT_EQ(prerouting(proxied, by("eth0", to("fd00::1", 80))), "pass");
    EXPECT_EQ(prerouting(proxied, by("eth0", to("10.0.0.1", 22))), "pass") << "filters are not followed";
    EXPECT_EQ(said(nat_verdict_of_own(parse_nat_rules(proxied), to("10.0.0.1", 80))),
              "tproxy 127.0.0.1:9999");
    EXPECT_EQ(said(nat_verdict_of_own(parse_nat_rules(proxied), to("127.0.0.1", 80))), "pass");
    const Interception taken =
        interception(parse_nat_rules(proxied), {Protocol::Tcp, *parse_address("10.0.0.1"), 80});
    EXPECT_TRUE(taken.certain);
    EXPECT_TRUE(taken.leads_here);
    ASSERT_TRUE(taken.leads_to);
    EXPECT_EQ(address_text(taken.leads_to->address), "127.0.0.1");
    EXPECT_EQ(taken.leads_to->port, 9999);
}

TEST(NatNft, ChainsOfOneHookAreCalledByPriority) {
    const auto two = [](const char* first, const char* second) {
        return output(
            fmt::format(
                "# nft\ntable ip a {{\n\tchain x {{\n\t\ttype nat hook output priority {}; policy accept;\n"
                "\t\tmeta l4proto tcp redirect to :1\n\t}}\n}}\ntable ip b {{\n\tchain y {{\n\t\ttype nat "
                "hook "
                "output priority {}; policy accept;\n\t\tmeta l4proto tcp redirect to :2\n\t}}\n}}\n",
                first, second),
            to("10.0.0.1", 80));
    };
    EXPECT_EQ(two("dstnat", "-90"), "redirect:1");
    EXPECT_EQ(two("dstnat + 20", "filter - 90"), "redirect:2");
    EXPECT_EQ(two("-100", "dstnat"), "redirect:2 or redirect:1") << "which was made last is not certain";
}

TEST(NatNft, AnAcceptLetsTheNextChainOfTheHookDecide) {
    EXPECT_EQ(
        output("# nft\ntable ip a {\n\tchain x {\n\t\ttype nat hook output priority -100; policy accept;\n"
               "\t\taccept\n\t}\n\tchain y {\n\t\ttype nat hook output priority -90; policy accept;\n"
               "\t\tmeta l4proto tcp redirect to :2\n\t}\n}\n",
               to("10.0.0.1", 80)),
        "redirect:2");
}

TEST(NatNft, DormantTablesAndOtherFamiliesAreNotCalled) {
    const auto table = [](const char* head) {
        return output(
            fmt::format(
                "# nft\ntable {}\n\tchain x {{\n\t\ttype nat hook output priority -100; policy accept;\n"
                "\t\tmeta l4proto tcp redirect to :1\n\t}}\n}}\n",
                head),
            to("10.0.0.1", 80));
    };
    EXPECT_EQ(table("ip a {"), "redirect:1");
    EXPECT_EQ(table("inet a {"), "redirect:1");
    EXPECT_EQ(table("ip6 a {"), "pass");
    EXPECT_EQ(table("bridge a {"), "pass");
    EXPECT_EQ(table("ip a {\n\tflags dormant\n"), "pass");
}

TEST(NatNft, TablesThatIptablesWroteOutAreNotReadAgain) {
    EXPECT_EQ(output("# ipv4\n*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m set --match-set x dst -j "
                     "ACCEPT\nCOMMIT\n# ipv6\n# nft\n"
                     "table ip nat {\n\tchain OUTPUT {\n\t\ttype nat hook output priority -100; policy "
                     "accept;\n\t\txt match "
                     "\"set\" accept\n\t\tmeta l4proto tcp redirect to :1\n\t}\n}\n",
                     to("10.0.0.1", 80)),
              "pass");
}

TEST(NatWalk, WhatIsSentElsewhereIsNotLocal) {
    NatPacket packet = to("10.96.0.10", 80);
    packet.to_local = Tristate::No;
    EXPECT_EQ(iptables("-A OUTPUT -m addrtype --dst-type LOCAL -j A\n-A A -j REDIRECT\n", packet), "pass");
    EXPECT_EQ(iptables("-A OUTPUT -m addrtype ! --dst-type LOCAL -j A\n-A A -j REDIRECT\n", packet),
              "redirect");
    EXPECT_EQ(iptables("-A OUTPUT -o eth0 -j REDIRECT\n", packet), "redirect or pass");
    packet.to_local = Tristate::Unknown;
    EXPECT_EQ(iptables("-A OUTPUT -m addrtype --dst-type LOCAL -j A\n-A A -j REDIRECT\n", packet),
              "redirect or pass");
}

TEST(NatWalk, OthersHaveNoLoopbackAddress) {
    constexpr std::string_view rules =
        "# ipv4\n*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -s 127.0.0.0/8 -j REDIRECT\n";
    EXPECT_EQ(prerouting(rules, by("eth0", to("10.0.0.1", 80))), "pass");
    EXPECT_EQ(iptables("-A OUTPUT -s 127.0.0.0/8 -j REDIRECT\n", to("127.0.0.1", 80)), "redirect");
}

TEST(NatWalk, ItEndsOverWhateverTextThereIs) {
    std::string many = "# ipv4\n*nat\n:OUTPUT ACCEPT [0:0]\n";
    for (int i = 0; i < 60; ++i)
        for (int j = 0; j < 2; ++j)
            many += fmt::format("-A {} -m owner -j C{}\n", i == 0 ? "OUTPUT" : fmt::format("C{}", i - 1), i);
    many += "-A C59 -j RETURN\n";
    EXPECT_EQ(output(many, to("10.0.0.1", 80)), "unclear or pass") << "2 to the power of 60 ways";
    for (const char* text :
         {"# nft\ntable ip a {\n\tchain b {\n\t\ttype nat hook output priority", "# nft\n}\n}\n{\n",
          "# nft\ntable ip a {\n\tchain b {\n\t\ttcp dport {",
          "# nft\ntable ip a {\n\tchain b {\n\t\tdnat to", "# nft\ntable ip a {\n\tchain b {\n\t\tnumgen",
          "# ipv4\n-A\n-A OUTPUT -p\n-A OUTPUT !\n-A OUTPUT -j\n",
          "# pf nat\nrdr\nrdr on\nrdr to\nrdr ->\n}\n{\n", "# pf rules\nanchor \"a\" {\npass in rdr-to"})
        EXPECT_EQ(said(nat_verdict_of_own(parse_nat_rules(text), to("10.0.0.1", 80))), "pass") << text;
}

TEST(NatInterception, SaysWhoseClientsItIsAbout) {
    const auto taken = [](const char* rules, const char* address = "192.0.2.1") {
        return intercepting_rule(
            parse_nat_rules(std::string("# ipv4\n*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n") +
                            rules),
            Protocol::Tcp, *parse_address(address), 80);
    };
    EXPECT_EQ(taken("-A PREROUTING -j REDIRECT\n-A OUTPUT -j REDIRECT\n"), "-A OUTPUT -j REDIRECT");
    EXPECT_EQ(taken("-A OUTPUT -j REDIRECT\n"),
              "-A OUTPUT -j REDIRECT (only for what this host itself sends)");
    EXPECT_EQ(taken("-A PREROUTING -j REDIRECT\n"),
              "-A PREROUTING -j REDIRECT (only for what comes in on an interface)");
    EXPECT_EQ(taken("-A PREROUTING -i eth0 -j REDIRECT\n"),
              "-A PREROUTING -i eth0 -j REDIRECT (only for what comes in on eth0)");
    EXPECT_EQ(taken("-A OUTPUT -j REDIRECT\n", "127.0.0.1"), "-A OUTPUT -j REDIRECT");
    EXPECT_EQ(taken("-A PREROUTING -j REDIRECT\n", "127.0.0.1"), "");
}

} // namespace
} // namespace netstat46
