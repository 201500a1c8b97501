// Packet filters of FreeBSD, loaded or not, and what their programs print.
#include <cerrno>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "kernel.hpp"

namespace netstat46 {
namespace {

using Known = NatKnown::State;

FakePrograms* programs = nullptr;
const std::set<std::string>* modules = nullptr;

class FreeBsdFilters : public testing::Test {
protected:
    void SetUp() override {
        programs = &ran;
        modules = &loaded;
    }
    void TearDown() override {
        programs = nullptr;
        modules = nullptr;
    }

    void has_pf(const std::string& rules) {
        loaded.insert("pf");
        ran.prints("pfctl -s info", "Status: Enabled for 0 days 00:01:02           Debug: Urgent\n");
        ran.prints("pfctl -v -s Anchors", "  rdr\n  rdr/dev1\n");
        for (const char* anchor : {"", "-a rdr ", "-a rdr/dev1 "})
            for (const char* kind : {"nat", "rules"})
                ran.prints(std::string("pfctl ") + anchor + "-s " + kind, "");
        ran.prints("pfctl -a rdr/dev1 -s nat", rules);
        ran.prints("pfctl -v -s Interfaces", "all\nem0\nlo0 (skip)\n");
    }

    FakePrograms ran;
    std::set<std::string> loaded;
};

TEST_F(FreeBsdFilters, WithoutAnyThereAreNoRules) {
    const PortFacts facts = live_port_facts();
    EXPECT_EQ(facts.nat.state, Known::None);
    EXPECT_NE(facts.nat.reason, "");
    EXPECT_TRUE(ran.run.empty()) << "nothing is asked, so that nothing is loaded";
}

TEST_F(FreeBsdFilters, PfIsReadWithItsAnchors) {
    has_pf("rdr on em0 inet proto tcp from any to any port = http -> 10.17.89.1 port 8080\n");
    const PortFacts facts = live_port_facts();
    EXPECT_EQ(facts.nat.state, Known::Read);
    EXPECT_EQ(facts.nat_rules, "# pf nat\n# pf rules\n# pf nat rdr\n# pf rules rdr\n# pf nat rdr/dev1\n"
                               "rdr on em0 inet proto tcp from any to any port = 80 -> 10.17.89.1 port 8080\n"
                               "# pf rules rdr/dev1\n# pf interfaces\nall\nem0\nlo0 (skip)\n");
}

TEST_F(FreeBsdFilters, ServicesOfRangesAreNumbersToo) {
    has_pf("rdr on em0 proto tcp from any port http to any port ssh:http -> 10.0.0.1 port https\n"
           "rdr on em0 proto tcp from any to any port ssh >< http -> (http) port 1\n");
    const std::string rules = live_port_facts().nat_rules;
    EXPECT_NE(rules.find("from any port 80 to any port 22:80 -> 10.0.0.1 port 443\n"), std::string::npos)
        << rules;
    EXPECT_NE(rules.find("port 22 >< 80 -> (http) port 1\n"), std::string::npos) << rules;
}

TEST_F(FreeBsdFilters, ADisabledPfRedirectsNothing) {
    loaded.insert("pf");
    ran.prints("pfctl -s info", "Status: Disabled for 0 days 00:01:02          Debug: Urgent\n");
    EXPECT_EQ(live_port_facts().nat.state, Known::None);
}

TEST_F(FreeBsdFilters, WhoMayNotAskLearnsHow) {
    loaded.insert("pf");
    ran.fails("pfctl -s info", "pfctl: /dev/pf: Permission denied\n");
    EXPECT_EQ(live_port_facts().nat, (NatKnown{Known::NotRead, "run as root"}));
    ran.fails("pfctl -s info", "pfctl: something else\n");
    EXPECT_EQ(live_port_facts().nat,
              (NatKnown{Known::NotRead, "pfctl: ended with 1: pfctl: something else"}));
    ran.ends.clear();
    EXPECT_EQ(live_port_facts().nat, (NatKnown{Known::NotRead, "pfctl: not found"}));
}

TEST_F(FreeBsdFilters, AnAnchorThatCannotBeReadIsNotNone) {
    has_pf("");
    ran.fails("pfctl -a rdr -s rules", "pfctl: DIOCGETRULES: Invalid argument\n");
    EXPECT_EQ(live_port_facts().nat.state, Known::NotRead);
}

TEST_F(FreeBsdFilters, IpfwIsFineWhereItForwardsNothing) {
    loaded.insert("ipfw");
    ran.prints("ipfw list", "00100 allow ip from any to any via lo0\n65535 deny ip from any to any\n");
    EXPECT_EQ(live_port_facts().nat.state, Known::None);
    ran.prints("ipfw list", "00100 fwd 127.0.0.1,8080 tcp from any to me 80\n");
    EXPECT_EQ(live_port_facts().nat.state, Known::NotRead);
    ran.fails("ipfw list", "ipfw: socket(SOCK_RAW): Operation not permitted\n");
    EXPECT_EQ(live_port_facts().nat, (NatKnown{Known::NotRead, "run as root"}));
}

TEST_F(FreeBsdFilters, IpfilterIsFineWhereItRedirectsNothing) {
    loaded.insert("ipfilter");
    ran.prints("ipnat -l", "List of active MAP/Redirect filters:\n\nList of active sessions:\n");
    EXPECT_EQ(live_port_facts().nat.state, Known::None);
    ran.prints("ipnat -l",
               "List of active MAP/Redirect filters:\nrdr em0 0.0.0.0/0 port 80 -> 10.0.0.1 port 80 tcp\n");
    EXPECT_EQ(live_port_facts().nat.state, Known::NotRead);
}

} // namespace

ChildEnd run_child(std::string_view program, const std::vector<std::string>& arguments,
                   const ChildLimits& /*limits*/) {
    return ask(*programs, program, arguments);
}

} // namespace netstat46

extern "C" int modfind(const char* name) {
    if (netstat46::modules->count(name) != 0) return 7;
    errno = ENOENT;
    return -1;
}
