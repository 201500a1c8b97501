// pf of OpenBSD, whose redirections are options of filter rules.
#include <string>

#include <gtest/gtest.h>

#include "kernel.hpp"

namespace netstat46 {
namespace {

using Known = NatKnown::State;

FakePrograms* programs = nullptr;

class OpenBsdFilters : public testing::Test {
protected:
    void SetUp() override { programs = &ran; }
    void TearDown() override { programs = nullptr; }

    FakePrograms ran;
};

TEST_F(OpenBsdFilters, OnlyFilterRulesAreAskedFor) {
    ran.prints("pfctl -s info", "Status: Enabled for 0 days 00:01:02           Debug: err\n");
    ran.prints("pfctl -v -s Anchors", "");
    ran.prints("pfctl -s rules",
               "pass in inet proto tcp from any to any port = www flags S/SA rdr-to 10.0.0.9\n");
    ran.prints("pfctl -v -s Interfaces", "all\nlo0 (skip)\n");
    const PortFacts facts = live_port_facts();
    EXPECT_EQ(facts.nat.state, Known::Read) << facts.nat.reason;
    EXPECT_NE(facts.nat_rules.find("# pf rules\n"), std::string::npos) << facts.nat_rules;
    for (const std::string& line : ran.run) EXPECT_EQ(line.find("-s nat"), std::string::npos) << line;
}

TEST_F(OpenBsdFilters, WhoMayNotAskIsToldHow) {
    ran.fails("pfctl -s info", "pfctl: /dev/pf: Permission denied\n");
    EXPECT_EQ(live_port_facts().nat, (NatKnown{Known::NotRead, "run as root"}));
}

TEST_F(OpenBsdFilters, ADisabledPfRedirectsNothing) {
    ran.prints("pfctl -s info", "Status: Disabled                              Debug: err\n");
    EXPECT_EQ(live_port_facts().nat.state, Known::None);
}

} // namespace

ChildEnd run_child(std::string_view program, const std::vector<std::string>& arguments,
                   const ChildLimits& /*limits*/) {
    return ask(*programs, program, arguments);
}

} // namespace netstat46
