// What macOS's pfctl prints, and refuses.
#include <gtest/gtest.h>

#include "kernel.hpp"

namespace netstat46 {
namespace {

using Known = NatKnown::State;

FakePrograms* programs = nullptr;

class DarwinFilters : public testing::Test {
protected:
    void SetUp() override { programs = &ran; }
    void TearDown() override { programs = nullptr; }

    FakePrograms ran;
};

TEST_F(DarwinFilters, WithoutRootItIsNotKnown) {
    ran.fails("pfctl -s info", "pfctl: /dev/pf: Permission denied\n");
    EXPECT_EQ(live_port_facts().nat, (NatKnown{Known::NotRead, "run as root"}));
    EXPECT_EQ(live_port_facts().nat_rules, "");
}

TEST_F(DarwinFilters, ADisabledPfRedirectsNothing) {
    ran.prints("pfctl -s info",
               "No ALTQ support in kernel\nStatus: Disabled for 0 days 00:09:21          Debug: Urgent\n");
    EXPECT_EQ(live_port_facts().nat.state, Known::None);
}

TEST_F(DarwinFilters, EveryAnchorIsRead) {
    ran.prints("pfctl -s info", "Status: Enabled for 0 days 00:09:21           Debug: Urgent\n");
    ran.prints("pfctl -v -s Anchors", "  com.apple\n  com.apple/200.AirDrop\n");
    for (const char* anchor : {"", "-a com.apple ", "-a com.apple/200.AirDrop "})
        for (const char* kind : {"nat", "rules"})
            ran.prints(std::string("pfctl ") + anchor + "-s " + kind, "");
    ran.prints("pfctl -s nat", "rdr-anchor \"com.apple/*\" all\n");
    ran.prints("pfctl -v -s Interfaces", "lo0\n");
    const PortFacts facts = live_port_facts();
    EXPECT_EQ(facts.nat.state, Known::Read);
    EXPECT_EQ(facts.nat_rules, "# pf nat\nrdr-anchor \"com.apple/*\" all\n# pf rules\n# pf nat com.apple\n"
                               "# pf rules com.apple\n# pf nat com.apple/200.AirDrop\n"
                               "# pf rules com.apple/200.AirDrop\n# pf interfaces\nlo0\n");
}

} // namespace

ChildEnd run_child(std::string_view program, const std::vector<std::string>& arguments,
                   const ChildLimits& /*limits*/) {
    return ask(*programs, program, arguments);
}

} // namespace netstat46
