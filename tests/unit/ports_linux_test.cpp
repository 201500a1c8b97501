// Linux's rules for ports. tests/live/ports_test.cpp holds them against a kernel.
#include "linux/port_rules.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "record/address.hpp"

namespace netstat46 {
namespace {

/// `0.0.0.0`, `::`, `:: v6only`, `::1 reuseaddr reuseport`.
Newcomer socket(std::string_view text, Protocol protocol = Protocol::Tcp, std::uint32_t uid = 1000) {
    const auto has = [&](std::string_view word) { return text.find(word) != std::string_view::npos; };
    Newcomer out;
    out.protocol = protocol;
    out.address = *parse_address(text.substr(0, text.find(' ')));
    out.family = out.address.family;
    out.v6only = has("v6only");
    out.reuseaddr = has("reuseaddr");
    out.reuseport = has("reuseport");
    out.uid = uid;
    return out;
}

PortHolder holder(std::string_view text, State state = State::Listen, std::size_t row = 0,
                  Protocol protocol = Protocol::Tcp) {
    PortHolder out = holder_of(socket(text, protocol));
    out.state = state;
    out.row = row;
    return out;
}

TEST(PortsLinux, OverlapIsTheTableOfFiveKindsOfAddress) {
    const std::vector<std::string_view> kinds{"0.0.0.0", "127.0.0.1", "::", ":: v6only", "::1"};
    const std::vector<std::string_view> expected{"yyy--", "yyy--", "yyyyy", "--yyy", "--yyy"};
    for (std::size_t n = 0; n < kinds.size(); ++n)
        for (std::size_t o = 0; o < kinds.size(); ++o)
            EXPECT_EQ(overlap(holder(kinds[n]), holder(kinds[o])) == Truth::Yes, expected[n][o] == 'y')
                << kinds[n] << " on " << kinds[o];
}

TEST(PortsLinux, SpecificAddressesOverlapOnlyIfEqualAndMappedCountsAsIpv4) {
    EXPECT_EQ(overlap(holder("127.0.0.1"), holder("127.0.0.2")), Truth::No);
    EXPECT_EQ(overlap(holder("::1"), holder("fd00::23")), Truth::No);
    EXPECT_EQ(overlap(holder("127.0.0.1"), holder("::ffff:127.0.0.1")), Truth::Yes);
    EXPECT_EQ(overlap(holder("::ffff:127.0.0.1"), holder("::")), Truth::Yes);
    EXPECT_EQ(overlap(holder("::ffff:127.0.0.1"), holder(":: v6only")), Truth::No);
}

TEST(PortsLinux, ReuseaddrHelpsOnBothSidesUnlessTheHolderListens) {
    const Newcomer fresh = socket("0.0.0.0 reuseaddr");
    EXPECT_EQ(linux_bind(fresh, std::vector{holder("0.0.0.0 reuseaddr")}).error, "EADDRINUSE");
    EXPECT_EQ(linux_bind(fresh, std::vector{holder("0.0.0.0 reuseaddr", State::TimeWait)}).outcome,
              Outcome::Ok);
    EXPECT_EQ(linux_bind(fresh, std::vector{holder("0.0.0.0", State::TimeWait)}).outcome, Outcome::Refused);
    EXPECT_EQ(
        linux_bind(socket("0.0.0.0"), std::vector{holder("0.0.0.0 reuseaddr", State::TimeWait)}).outcome,
        Outcome::Refused);
}

TEST(PortsLinux, AnOptionThatCannotBeReadMakesItDependOnlyWhereItMatters) {
    PortHolder hidden = holder("127.0.0.1", State::TimeWait, 7);
    hidden.reuseaddr = hidden.reuseport = Truth::Unknown;
    const BindVerdict depends = linux_bind(socket("127.0.0.1 reuseaddr"), std::vector{hidden});
    EXPECT_EQ(depends.outcome, Outcome::Depends);
    EXPECT_EQ(depends.doubt, Doubt::Option);
    EXPECT_EQ(depends.because, std::vector<std::size_t>{7});
    EXPECT_EQ(linux_bind(socket("127.0.0.1"), std::vector{hidden}).outcome, Outcome::Refused);
    EXPECT_EQ(linux_bind(socket("127.0.0.2 reuseaddr"), std::vector{hidden}).outcome, Outcome::Ok);
}

TEST(PortsLinux, ReuseportIsSharedByOneUserAndARefusalMayBeOverruled) {
    const std::vector<PortHolder> holders{holder("0.0.0.0 reuseport")};
    EXPECT_EQ(linux_bind(socket("0.0.0.0 reuseport"), holders).outcome, Outcome::Ok);
    const BindVerdict other = linux_bind(socket("0.0.0.0 reuseport", Protocol::Tcp, 1001), holders);
    EXPECT_EQ(other.outcome, Outcome::Depends);
    EXPECT_EQ(other.doubt, Doubt::ReuseportCache);
}

TEST(PortsLinux, DevicesKeepSocketsApartOnlyIfBothHaveOne) {
    Newcomer on_two = socket("0.0.0.0");
    on_two.device = 2;
    PortHolder on_three = holder("0.0.0.0");
    on_three.device = 3;
    EXPECT_EQ(linux_bind(on_two, std::vector{on_three}).outcome, Outcome::Ok);
    EXPECT_EQ(linux_bind(socket("0.0.0.0"), std::vector{on_three}).outcome, Outcome::Refused);
}

TEST(PortsLinux, HalfOpenConnectionsDoNotKeepThePort) {
    EXPECT_EQ(linux_bind(socket("0.0.0.0"), std::vector{holder("0.0.0.0", State::SynReceived)}).outcome,
              Outcome::Ok);
}

TEST(PortsLinux, AConnectedIpv6SocketThatWasDualKeepsTheIpv4WildcardOut) {
    PortHolder was_dual = holder("::1", State::Established);
    was_dual.connected = true;
    was_dual.v6only = Truth::No;
    EXPECT_EQ(linux_bind(socket("0.0.0.0"), std::vector{was_dual}).outcome, Outcome::Refused);
    EXPECT_EQ(linux_bind(socket("127.0.0.1"), std::vector{was_dual}).outcome, Outcome::Ok);
    was_dual.v6only = Truth::Unknown;
    EXPECT_EQ(linux_bind(socket("0.0.0.0"), std::vector{was_dual}).doubt, Doubt::V6Only);
}

TEST(PortsLinux, UdpIsDecidedByTheFirstSocketThatCounts) {
    const auto udp = [](std::string_view text, std::size_t row) {
        return holder(text, State::Unknown, row, Protocol::Udp);
    };
    const Newcomer fresh = socket("0.0.0.0 reuseaddr reuseport", Protocol::Udp);
    const std::vector<PortHolder> admits{udp("0.0.0.0 reuseport", 0), udp("127.0.0.1", 1)};
    const std::vector<PortHolder> refuses{udp("127.0.0.1", 0), udp("0.0.0.0 reuseport", 1)};
    const std::vector<PortHolder> skips{udp("127.0.0.1 reuseaddr", 0)};
    EXPECT_EQ(linux_bind(fresh, admits).outcome, Outcome::Ok);
    EXPECT_EQ(linux_bind(fresh, refuses).because, std::vector<std::size_t>{0});
    EXPECT_EQ(linux_bind(fresh, skips).outcome, Outcome::Ok);
}

TEST(PortsLinux, UdpOrderAcrossFamiliesIsNotKnown) {
    const std::vector<PortHolder> holders{holder("127.0.0.1 reuseport", State::Unknown, 0, Protocol::Udp),
                                          holder("::", State::Unknown, 0, Protocol::Udp)};
    const BindVerdict verdict = linux_bind(socket("0.0.0.0 reuseport", Protocol::Udp), holders);
    EXPECT_EQ(verdict.outcome, Outcome::Depends);
    EXPECT_EQ(verdict.doubt, Doubt::Order);
}

using Rows = std::vector<std::size_t>;

TEST(PortsLinux, ExactBeatsWildcardAndPureIpv4BeatsDual) {
    const std::vector<PortHolder> holders{holder("0.0.0.0", State::Listen, 0), holder("::", State::Listen, 1),
                                          holder("127.0.0.2", State::Listen, 2),
                                          holder("::1", State::Listen, 3)};
    EXPECT_EQ(linux_answer(*parse_address("127.0.0.1"), holders).who, Rows{0});
    EXPECT_EQ(linux_answer(*parse_address("127.0.0.2"), holders).who, Rows{2});
    EXPECT_EQ(linux_answer(*parse_address("::1"), holders).who, Rows{3});
    EXPECT_EQ(linux_answer(*parse_address("fd00::1"), holders).who, Rows{1});
}

TEST(PortsLinux, NobodyAnswersForAV6OnlyWildcardOverIpv4OrForASocketThatDoesNotListen) {
    const std::vector<PortHolder> holders{holder(":: v6only"), holder("127.0.0.1", State::Bound)};
    const AnswerVerdict verdict = linux_answer(*parse_address("127.0.0.1"), holders);
    EXPECT_TRUE(verdict.who.empty());
    EXPECT_EQ(verdict.doubt, Doubt::None);
}

TEST(PortsLinux, AReuseportGroupTakesTurns) {
    const std::vector<PortHolder> holders{holder("0.0.0.0 reuseport", State::Listen, 0),
                                          holder("0.0.0.0 reuseport", State::Listen, 1)};
    const AnswerVerdict verdict = linux_answer(*parse_address("127.0.0.1"), holders);
    EXPECT_EQ(verdict.who, (Rows{0, 1}));
    EXPECT_EQ(verdict.doubt, Doubt::Group);
}

TEST(PortsLinux, OfEqualUdpSocketsTheNewestGetsTheDatagram) {
    const std::vector<PortHolder> holders{holder("0.0.0.0 reuseaddr", State::Unknown, 0, Protocol::Udp),
                                          holder("0.0.0.0 reuseaddr", State::Unknown, 1, Protocol::Udp)};
    EXPECT_EQ(linux_answer(*parse_address("127.0.0.1"), holders).who, Rows{0});
}

TEST(PortsLinux, ADeviceBoundListenerAnswersOnlyWhatComesInThere) {
    PortHolder bound = holder("0.0.0.0", State::Listen, 0);
    bound.device = 2;
    EXPECT_TRUE(linux_answer(*parse_address("127.0.0.1"), std::vector{bound}).who.empty());
    const AnswerVerdict verdict = linux_answer(*parse_address("192.168.1.23"), std::vector{bound});
    EXPECT_EQ(verdict.who, Rows{0});
    EXPECT_TRUE(verdict.maybe_nobody);
    EXPECT_EQ(verdict.doubt, Doubt::Interface);
}

} // namespace
} // namespace netstat46
