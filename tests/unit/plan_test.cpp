// What a selection does to a plan, and a plan without a look.
#include "plan.hpp"

#include <gtest/gtest.h>

namespace netstat46 {
namespace {

bool everything(const SocketRecord&) { return true; }

Section section(Table table, std::function<bool(const SocketRecord&)> selects = everything) {
    Section section;
    section.table = table;
    section.selects = std::move(selects);
    return section;
}

TEST(EachTableOnce, SectionsOfOneTableBecomeOneThatSelectsWhatAnyOfThemDid) {
    const auto number = [](std::uint8_t wanted) {
        return [wanted](const SocketRecord& socket) { return socket.ip_protocol == wanted; };
    };
    Plan plan;
    plan.listings.resize(2);
    plan.listings[0].sections = {section({Protocol::Raw, true, false}, number(1)),
                                 section({Protocol::Tcp, true, true}),
                                 section({Protocol::Raw, false, true}, number(58))};
    plan.listings[1].sections = {section({Protocol::Unix, false, false}),
                                 section({Protocol::KernelControl, false, false})};
    const Plan once = each_table_once(plan);
    ASSERT_EQ(once.listings.size(), 1U);
    const std::vector<Section>& sections = once.listings[0].sections;
    ASSERT_EQ(sections.size(), 3U) << "kernel control sockets are neither internet nor unix sockets";
    EXPECT_EQ(sections[0].table.protocol, Protocol::Raw);
    EXPECT_TRUE(sections[0].table.inet && sections[0].table.inet6);
    for (const auto& [protocol, selected] : {std::pair(1, true), std::pair(58, true), std::pair(2, false)}) {
        SocketRecord socket;
        socket.ip_protocol = static_cast<std::uint8_t>(protocol);
        EXPECT_EQ(sections[0].selects(socket), selected) << protocol;
    }
    EXPECT_EQ(sections[1].table.protocol, Protocol::Tcp);
    EXPECT_EQ(sections[2].table.protocol, Protocol::Unix);
}

TEST(EachTableOnce, AsksForTheStatesOfEither) {
    Plan plan;
    plan.listings.resize(1);
    plan.listings[0].sections = {section({Protocol::Tcp, true, false, 2}),
                                 section({Protocol::Tcp, false, true, 4})};
    EXPECT_EQ(each_table_once(plan).listings[0].sections[0].table.states, 6U);
    plan.listings[0].sections[1].table.states = 0; // all
    EXPECT_EQ(each_table_once(plan).listings[0].sections[0].table.states, 0U);
}

TEST(Narrow, GivesTheKernelWhatIsNotWanted) {
    Plan plan;
    plan.listings.resize(1);
    plan.listings[0].sections = {section({Protocol::Tcp, true, true, 0})};
    Selection selection;
    selection.ports = {{80, 80}};
    selection.states = {"listen", "bound"};
    narrow(plan, selection);
    const Request request = request_of(plan);
    EXPECT_EQ(request.filter.ports, (std::vector<PortRange>{{80, 80}}));
    EXPECT_EQ(request.tables[0].states, state_bit(State::Listen) | state_bit(State::Bound));
    EXPECT_TRUE(request.wanted.bound) << "they were asked for by name";
    EXPECT_FALSE(request.wanted.owners);
    selection.pids = {1};
    narrow(plan, selection);
    EXPECT_TRUE(request_of(plan).wanted.owners) << "a holder can only be found where holders are read";
}

TEST(Narrow, AnEmptySelectionChangesNothing) {
    Plan plan;
    plan.listings.resize(1);
    plan.listings[0].sections = {section({Protocol::Tcp, true, true, 6})};
    narrow(plan, {});
    const Request request = request_of(plan);
    EXPECT_EQ(request.tables[0].states, 6U);
    EXPECT_TRUE(request.filter.empty());
    EXPECT_FALSE(request.wanted.bound || request.wanted.owners);
}

} // namespace
} // namespace netstat46
