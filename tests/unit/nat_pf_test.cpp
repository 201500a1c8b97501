// pfctl's listings, as macOS and FreeBSD print them.
#include "ports/nat.hpp"

#include <string>

#include <gtest/gtest.h>

#include "record/address.hpp"

namespace netstat46 {
namespace {

std::string taken(std::string_view listing, const char* address, std::uint16_t port,
                  Protocol protocol = Protocol::Tcp) {
    return intercepting_rule(parse_nat_rules(listing), protocol, *parse_address(address), port);
}

// A Mac with the anchors it comes with, and a rule as a developer's tool adds it.
constexpr std::string_view mac = R"(# pf nat
nat-anchor "com.apple/*" all
rdr-anchor "com.apple/*" all
rdr-anchor "dev" all
# pf rules
scrub-anchor "com.apple/*" all fragment reassemble
anchor "com.apple/*" all
# pf nat com.apple
nat-anchor "200.AirDrop/*" all
rdr-anchor "250.Sharing" all
# pf rules com.apple
anchor "200.AirDrop/*" all
# pf nat com.apple/250.Sharing
rdr pass on lo0 inet proto tcp from any to any port = 5000 -> 127.0.0.1 port 5001
# pf rules com.apple/250.Sharing
# pf nat dev
rdr pass on lo0 inet proto tcp from any to 127.0.0.1 port = 80 -> 127.0.0.1 port 8080
rdr pass on lo0 inet6 proto tcp from any to ::1 port = 80 -> ::1 port 8080
rdr on en0 inet proto tcp from any to any port 8000:8010 -> 192.168.64.2
no rdr on en0 inet proto tcp from 10.0.0.0/8 to any port = 8443
rdr on en0 inet proto tcp from any to any port = 8443 -> 192.168.64.2 port 443
# pf rules dev
# pf interfaces
en0
lo0
)";

TEST(NatPf, RedirectionsAreFoundInTheirAnchors) {
    EXPECT_EQ(taken(mac, "127.0.0.1", 80),
              "rdr pass on lo0 inet proto tcp from any to 127.0.0.1 port = 80 -> 127.0.0.1 port 8080");
    EXPECT_NE(taken(mac, "::1", 80), "");
    EXPECT_EQ(taken(mac, "127.0.0.1", 81), "");
    EXPECT_EQ(taken(mac, "127.0.0.1", 80, Protocol::Udp), "");
    EXPECT_NE(taken(mac, "127.0.0.1", 5000), "") << "an anchor within one";
}

TEST(NatPf, InterfacesTellWhoseClientsItIsAbout) {
    EXPECT_EQ(taken(mac, "192.168.1.5", 8005),
              "rdr on en0 inet proto tcp from any to any port 8000:8010 -> 192.168.64.2"
              " (only for what comes in on en0)");
    EXPECT_EQ(taken(mac, "192.168.1.5", 8011), "");
    EXPECT_EQ(taken(mac, "192.168.1.5", 8443),
              "rdr on en0 inet proto tcp from any to any port = 8443 -> 192.168.64.2 port 443"
              " (if its other conditions are met) (only for what comes in on en0)");
}

TEST(NatPf, TargetsSayWhere) {
    const Interception web = interception(parse_nat_rules(mac), {Protocol::Tcp, *parse_address("::1"), 80});
    ASSERT_TRUE(web.leads_to);
    EXPECT_TRUE(web.certain);
    EXPECT_EQ(address_text(web.leads_to->address), "::1");
    EXPECT_EQ(web.leads_to->port, 8080);
}

TEST(NatPf, WhatIsSkippedIsNotLookedAt) {
    std::string skipping(mac);
    skipping.replace(skipping.rfind("lo0"), 3, "lo0 (skip)");
    EXPECT_EQ(taken(skipping, "127.0.0.1", 80), "");
}

std::string rules(const std::string& lines, const char* address, std::uint16_t port) {
    return taken("# pf nat\n# pf rules\n" + lines, address, port);
}

// OpenBSD's way, which FreeBSD 15 has too: redirections are options of filter rules.
TEST(NatPf, TheLastFilterRuleDecidesOrTheFirstQuickOne) {
    const std::string all =
        "block drop in all\n"
        "pass in inet proto tcp from any to any port = 80 flags S/SA rdr-to 10.0.0.9 port 8080\n";
    EXPECT_EQ(rules(all, "127.0.0.1", 80),
              "pass in inet proto tcp from any to any port = 80 flags S/SA rdr-to 10.0.0.9 port 8080");
    EXPECT_EQ(rules(all, "127.0.0.1", 81), "");
    EXPECT_EQ(
        rules(all + "pass in proto tcp from any to any port = 80 flags S/SA keep state\n", "127.0.0.1", 80),
        "");
    EXPECT_EQ(rules("pass in quick proto tcp from any to any port = 80 flags S/SA\n" + all, "127.0.0.1", 80),
              "");
    EXPECT_NE(
        rules("pass in quick on lo0 inet proto tcp from any to any port = 80 flags S/SA rdr-to ::1 port 1\n"
              "pass in all flags S/SA\n",
              "127.0.0.1", 80),
        "");
    EXPECT_EQ(rules("pass out inet proto tcp from any to any port = 80 rdr-to 10.0.0.9\n", "127.0.0.1", 80),
              "");
}

TEST(NatPf, AnchorsOfFiltersMayBeWrittenInTheirPlace) {
    const std::string lines =
        "anchor in on lo0 inet proto tcp all {\n"
        "  pass in quick from any to any port = 80 flags S/SA rdr-to 127.0.0.1 port 8080\n"
        "}\n"
        "pass in all flags S/SA\n";
    EXPECT_NE(rules(lines, "127.0.0.1", 80), "");
    EXPECT_EQ(rules(lines, "::1", 80), "");
}

TEST(NatPf, PortsAndAddressesInEveryForm) {
    const auto rdr = [](const std::string& what) {
        return taken("# pf nat\nrdr pass inet proto tcp " + what + " -> 127.0.0.1 port 1\n# pf rules\n",
                     "10.0.0.5", 80);
    };
    for (const char* met :
         {"all", "from any to any", "from any to 10.0.0.5", "from any to 10.0.0.0/8",
          "from any to ! 10.0.0.6", "from any to 10.0.0.1 - 10.0.0.9", "from any to (self)",
          "from any to any port = 80", "from any to any port != 81", "from any to any port < 81",
          "from any to any port >= 80", "from any to any port 79 >< 81", "from any to any port 81 <> 90",
          "from any to any port 80:90"})
        EXPECT_EQ(rdr(met), std::string("rdr pass inet proto tcp ") + met + " -> 127.0.0.1 port 1") << met;
    for (const char* unmet :
         {"from any to 10.0.0.6", "from any to ! 10.0.0.0/8", "from any to 10.0.0.6 - 10.0.0.9",
          "from any to any port = 81", "from any to any port != 80", "from any to any port < 80",
          "from any to any port > 80", "from any to any port 80 >< 90", "from any to any port 79 <> 81",
          "from any to any port 81:90"})
        EXPECT_EQ(rdr(unmet), "") << unmet;
    for (const char* doubtful :
         {"from 10.0.0.0/8 to any", "from any to <servers>", "from any to (en0)",
          "from any to any port = http", "from any port = 5 to any", "from any to any user = 5",
          "from any to any tagged blue", "from any to any probability 50%"})
        EXPECT_NE(rdr(doubtful).find("(if its other conditions are met)"), std::string::npos) << doubtful;
}

TEST(NatPf, DivertedPacketsAreIntercepted) {
    EXPECT_NE(
        rules("pass in inet proto tcp from any to any port = 80 flags S/SA divert-to 127.0.0.1 port 8080\n",
              "10.0.0.1", 80),
        "");
}

} // namespace
} // namespace netstat46
