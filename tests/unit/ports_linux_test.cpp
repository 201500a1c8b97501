// Linux's rules for ports. tests/live/ports_test.cpp holds them against a kernel.
#include "linux/port_rules.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "ports_holders.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

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
    const BindVerdict other = linux_bind(socket(":: reuseport", Protocol::Tcp, 1001), holders);
    EXPECT_EQ(other.outcome, Outcome::Depends);
    EXPECT_EQ(other.doubt, Doubt::ReuseportCache);
}

TEST(PortsLinux, WhatTheBucketRemembersAdmitsOnlyADualWildcardPastListeners) {
    const auto outcome = [](std::string_view fresh, const std::vector<PortHolder>& holders) {
        return linux_bind(socket(fresh), holders).outcome;
    };
    for (const std::string_view fresh : {"0.0.0.0 reuseport", "127.0.0.1 reuseport",
                                         "::ffff:127.0.0.1 reuseport", "::ffff:0.0.0.0 reuseport"})
        EXPECT_EQ(outcome(fresh, {holder("0.0.0.0")}), Outcome::Refused) << fresh;
    for (const std::string_view fresh : {":: v6only reuseport", "::1 reuseport"})
        EXPECT_EQ(outcome(fresh, {holder("::1")}), Outcome::Refused) << fresh;
    EXPECT_EQ(outcome(":: reuseport", {holder("0.0.0.0")}), Outcome::Depends);
    EXPECT_EQ(outcome(":: reuseport", {holder(":: v6only")}), Outcome::Depends);
    EXPECT_EQ(outcome(":: reuseport", {holder("::")}), Outcome::Refused);
    EXPECT_EQ(outcome(":: reuseport", {holder("0.0.0.0"), holder("::1", State::Listen, 1)}),
              Outcome::Refused);
    EXPECT_EQ(outcome("::", {holder("0.0.0.0")}), Outcome::Refused) << "without SO_REUSEPORT";
}

TEST(PortsLinux, OfHoldersThatDoNotListenOrAreOnADeviceTheBucketMayRememberMore) {
    PortHolder on_two = holder("0.0.0.0");
    on_two.device = 2;
    EXPECT_EQ(linux_bind(socket("0.0.0.0 reuseport"), std::vector{on_two}).doubt, Doubt::ReuseportCache);
    const std::vector<PortHolder> bound{holder("0.0.0.0", State::Bound)};
    EXPECT_EQ(linux_bind(socket("0.0.0.0 reuseport"), bound).doubt, Doubt::ReuseportCache);
    const std::vector<PortHolder> both{holder("0.0.0.0", State::Bound), holder("0.0.0.0", State::Listen, 1)};
    EXPECT_EQ(linux_bind(socket("0.0.0.0 reuseport"), both).outcome, Outcome::Refused);
}

TEST(PortsLinux, EachHolderHasItsOwnDoubt) {
    PortHolder hidden = holder("127.0.0.1", State::TimeWait, 0);
    hidden.reuseaddr = Truth::Unknown;
    PortHolder connected = holder("::1 reuseaddr", State::Established, 1);
    connected.connected = true;
    connected.v6only = Truth::Unknown;
    connected.reuseaddr = Truth::No;
    const BindVerdict verdict = linux_bind(socket("0.0.0.0 reuseaddr"), std::vector{hidden, connected});
    EXPECT_EQ(verdict.outcome, Outcome::Depends);
    EXPECT_EQ(verdict.because, (std::vector<std::size_t>{0, 1}));
    EXPECT_EQ(verdict.doubts, (std::vector{Doubt::Option, Doubt::V6Only}));
    connected.reuseaddr = Truth::Unknown;
    EXPECT_EQ(linux_bind(socket("0.0.0.0 reuseaddr"), std::vector{connected}).doubts,
              std::vector{Doubt::Option})
        << "the reuse options are in doubt too";
    hidden.v6only = Truth::Unknown;
    hidden.protocol = Protocol::Udp;
    EXPECT_EQ(linux_bind(socket("127.0.0.1 reuseaddr", Protocol::Udp), std::vector{hidden}).doubt,
              Doubt::Option);
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

} // namespace
} // namespace netstat46
