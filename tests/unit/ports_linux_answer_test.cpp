// Who answers on Linux. tests/live/ports_answers_test.cpp holds it against a kernel.
#include "linux/port_rules.hpp"

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "ports_sockets.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

using Rows = std::vector<std::size_t>;

TEST(PortsLinux, ExactBeatsWildcardAndPureIpv4BeatsDual) {
    const std::vector<BoundSocket> bound_sockets{
        bound("0.0.0.0", State::Listen, 0), bound("::", State::Listen, 1),
        bound("127.0.0.2", State::Listen, 2), bound("::1", State::Listen, 3)};
    EXPECT_EQ(linux_answer(*parse_address("127.0.0.1"), bound_sockets).who, Rows{0});
    EXPECT_EQ(linux_answer(*parse_address("127.0.0.2"), bound_sockets).who, Rows{2});
    EXPECT_EQ(linux_answer(*parse_address("::1"), bound_sockets).who, Rows{3});
    EXPECT_EQ(linux_answer(*parse_address("fd00::1"), bound_sockets).who, Rows{1});
}

TEST(PortsLinux, NobodyAnswersForAV6OnlyWildcardOverIpv4OrForASocketThatDoesNotListen) {
    const std::vector<BoundSocket> bound_sockets{bound(":: v6only"), bound("127.0.0.1", State::Bound)};
    const AnswerVerdict verdict = linux_answer(*parse_address("127.0.0.1"), bound_sockets);
    EXPECT_TRUE(verdict.who.empty());
    EXPECT_EQ(verdict.doubt, Doubt::None);
}

TEST(PortsLinux, AReuseportGroupTakesTurns) {
    const std::vector<BoundSocket> bound_sockets{bound("0.0.0.0 reuseport", State::Listen, 0),
                                                 bound("0.0.0.0 reuseport", State::Listen, 1)};
    const AnswerVerdict verdict = linux_answer(*parse_address("127.0.0.1"), bound_sockets);
    EXPECT_EQ(verdict.who, (Rows{0, 1}));
    EXPECT_EQ(verdict.doubt, Doubt::Group);
}

TEST(PortsLinux, OfEqualUdpSocketsTheNewestGetsTheDatagram) {
    const std::vector<BoundSocket> bound_sockets{
        bound("0.0.0.0 reuseaddr", State::Unknown, 0, Protocol::Udp),
        bound("0.0.0.0 reuseaddr", State::Unknown, 1, Protocol::Udp)};
    EXPECT_EQ(linux_answer(*parse_address("127.0.0.1"), bound_sockets).who, Rows{0});
}

TEST(PortsLinux, ADeviceBoundListenerAnswersOnlyWhatComesInThere) {
    BoundSocket on_device = bound("0.0.0.0", State::Listen, 0);
    on_device.device = 2;
    EXPECT_TRUE(linux_answer(*parse_address("127.0.0.1"), std::vector{on_device}).who.empty());
    const AnswerVerdict verdict = linux_answer(*parse_address("192.168.1.23"), std::vector{on_device});
    EXPECT_EQ(verdict.who, Rows{0});
    EXPECT_TRUE(verdict.maybe_nobody);
    EXPECT_EQ(verdict.doubt, Doubt::Interface);
}

BoundSocket on_device(std::string_view text, std::uint32_t device, std::size_t row = 0) {
    BoundSocket out = bound(text, State::Listen, row);
    out.device = device;
    return out;
}

TEST(PortsLinux, TheInterfaceThatHoldsTheAddressDecides) {
    const std::vector<BoundSocket> bound_sockets{on_device("0.0.0.0", 1, 0), on_device("0.0.0.0", 3, 1)};
    const Address to = *parse_address("127.9.9.9");
    EXPECT_EQ(linux_answer(to, bound_sockets, std::set<std::uint32_t>{3}).who, Rows{1});
    EXPECT_EQ(linux_answer(to, bound_sockets, std::set<std::uint32_t>{3}).doubt, Doubt::None);
    EXPECT_EQ(linux_answer(to, bound_sockets, std::set<std::uint32_t>{1}).who, Rows{0});
    EXPECT_TRUE(linux_answer(to, bound_sockets, std::set<std::uint32_t>{2}).who.empty());
    EXPECT_EQ(linux_answer(to, bound_sockets, std::set<std::uint32_t>{1, 3}).doubt, Doubt::Interface);
}

TEST(PortsLinux, SoIncomingCpuDecidesBetweenEqualsByTheProcessor) {
    std::vector<BoundSocket> bound_sockets{bound("0.0.0.0 reuseaddr", State::Unknown, 0, Protocol::Udp),
                                           bound("0.0.0.0 reuseaddr", State::Unknown, 1, Protocol::Udp)};
    bound_sockets[1].incoming_cpu = 1;
    const AnswerVerdict verdict = linux_answer(*parse_address("127.0.0.1"), bound_sockets);
    EXPECT_EQ(verdict.who, (Rows{0, 1}));
    EXPECT_EQ(verdict.doubt, Doubt::Processor);
    bound_sockets[1].incoming_cpu.reset();
    EXPECT_EQ(linux_answer(*parse_address("127.0.0.1"), bound_sockets).doubt, Doubt::IncomingCpu);
    bound_sockets[1].incoming_cpu = -1;
    EXPECT_EQ(linux_answer(*parse_address("127.0.0.1"), bound_sockets).who, Rows{0});
}

TEST(PortsLinux, SoIncomingCpuDoesNotMatterToOneThatIsAloneOrExact) {
    std::vector<BoundSocket> bound_sockets{bound("127.0.0.1", State::Listen, 0),
                                           bound("::", State::Listen, 1)};
    bound_sockets[0].incoming_cpu.reset();
    bound_sockets[1].incoming_cpu.reset();
    EXPECT_EQ(linux_answer(*parse_address("127.0.0.1"), bound_sockets).doubt, Doubt::None);
    EXPECT_EQ(linux_answer(*parse_address("::1"), bound_sockets).who, Rows{1});
}

TEST(PortsLinux, OnePointForTheProcessorMakesADualSocketTheEqualOfAPureOne) {
    std::vector<BoundSocket> bound_sockets{bound("0.0.0.0", State::Listen, 0), bound("::", State::Listen, 1)};
    bound_sockets[1].incoming_cpu = 0;
    const AnswerVerdict verdict = linux_answer(*parse_address("127.0.0.1"), bound_sockets);
    EXPECT_EQ(verdict.who, (Rows{0, 1}));
    EXPECT_EQ(linux_answer(*parse_address("::1"), bound_sockets).who, Rows{1});
}

TEST(PortsLinux, TheOrderOfTheFamiliesIsNamedWhereNothingElseIsInDoubt) {
    std::vector<BoundSocket> bound_sockets{bound("0.0.0.0", State::Listen, 0), on_device("::", 3, 1)};
    const std::set<std::uint32_t> in_on_three{3};
    const AnswerVerdict verdict = linux_answer(*parse_address("10.0.0.1"), bound_sockets, in_on_three);
    EXPECT_EQ(verdict.who, (Rows{0, 1})) << "the device is worth as much as the family";
    EXPECT_EQ(verdict.doubt, Doubt::Order);
    bound_sockets.push_back(bound("127.0.0.1", State::Listen, 2));
    bound_sockets.back().reuseport = Tristate::Unknown;
    EXPECT_EQ(linux_answer(*parse_address("10.0.0.1"), bound_sockets, in_on_three).doubt, Doubt::Order)
        << "what is not known of others does not count";
}

// ---- Multicast and broadcast

using Groups = std::optional<std::vector<JoinedGroup>>;

BoundSocket udp(std::string_view text, std::size_t row) {
    return bound(text, State::Unknown, row, Protocol::Udp);
}

const Address group = *parse_address("224.1.2.3");

Groups joined_on(std::uint32_t interface) { return {{{group, interface, false}}}; }

TEST(PortsLinuxCopies, EveryMatchingSocketGetsOne) {
    const std::vector<BoundSocket> bound_sockets{udp("0.0.0.0", 0), udp("224.1.2.3", 1), udp("127.0.0.1", 2),
                                                 udp("::", 3), udp(":: v6only", 4)};
    const AnswerVerdict verdict = linux_copies(group, bound_sockets, std::nullopt, joined_on(2));
    EXPECT_TRUE(verdict.copies);
    EXPECT_EQ(verdict.who, (Rows{0, 1, 3}));
    EXPECT_EQ(verdict.doubt, Doubt::None);
    const Address everybody = *parse_address("255.255.255.255");
    EXPECT_EQ(linux_copies(everybody, bound_sockets, std::nullopt, Groups{}).who, (Rows{0, 3}));
}

TEST(PortsLinuxCopies, AGroupThatNobodyJoinedReachesNobody) {
    const std::vector<BoundSocket> bound_sockets{udp("0.0.0.0", 0)};
    const Groups none{std::in_place};
    EXPECT_TRUE(linux_copies(group, bound_sockets, std::nullopt, none).who.empty());
    EXPECT_EQ(linux_copies(group, bound_sockets, std::nullopt, none).doubt, Doubt::None);
    const AnswerVerdict unread = linux_copies(group, bound_sockets, std::nullopt, std::nullopt);
    EXPECT_EQ(unread.doubt, Doubt::Membership);
    EXPECT_TRUE(unread.maybe_nobody);
}

TEST(PortsLinuxCopies, IpMulticastAllDecidesForThoseThatHaveNotJoined) {
    std::vector<BoundSocket> bound_sockets{udp("0.0.0.0", 0), udp("0.0.0.0", 1), udp("0.0.0.0", 2)};
    bound_sockets[1].multicast_all = bound_sockets[2].multicast_all = Tristate::No;
    bound_sockets[1].memberships = {{group, 2, true}};
    bound_sockets[2].memberships = {{group, 2, false}};
    EXPECT_EQ(linux_copies(group, bound_sockets, std::nullopt, joined_on(2)).who, (Rows{0, 1}));
    bound_sockets[2].memberships = {{group, 3, true}, {group, 2, false}};
    EXPECT_EQ(linux_copies(group, bound_sockets, std::nullopt, joined_on(2)).who, (Rows{0, 1}))
        << "joined elsewhere";
    bound_sockets[0].multicast_all = Tristate::Unknown;
    const AnswerVerdict verdict = linux_copies(group, bound_sockets, std::nullopt, joined_on(2));
    EXPECT_EQ(verdict.doubt, Doubt::Membership);
    EXPECT_FALSE(verdict.maybe_nobody);
}

TEST(PortsLinuxCopies, ASenderFilterMakesItDepend) {
    std::vector<BoundSocket> bound_sockets{udp("0.0.0.0", 0)};
    Groups groups = joined_on(2);
    groups->front().filtered = true;
    EXPECT_EQ(linux_copies(group, bound_sockets, std::nullopt, groups).doubt, Doubt::Membership);
    bound_sockets[0].memberships = {{group, 2, false}};
    EXPECT_EQ(linux_copies(group, bound_sockets, std::nullopt, groups).doubt, Doubt::None)
        << "somebody else's";
}

TEST(PortsLinuxCopies, ADeviceBoundSocketGetsWhatComesInThere) {
    std::vector<BoundSocket> bound_sockets{udp("0.0.0.0", 0), udp("0.0.0.0", 1)};
    bound_sockets[0].device = 2;
    EXPECT_EQ(linux_copies(group, bound_sockets, std::nullopt, joined_on(3)).who, Rows{1});
    EXPECT_EQ(linux_copies(group, bound_sockets, std::nullopt, joined_on(2)).who, (Rows{0, 1}));
    Groups both = joined_on(2);
    both->push_back({group, 3, false});
    EXPECT_EQ(linux_copies(group, bound_sockets, std::nullopt, both).doubt, Doubt::Interface);
    EXPECT_EQ(linux_copies(group, bound_sockets, std::set<std::uint32_t>{3}, both).who, Rows{1});
}

} // namespace
} // namespace netstat46
