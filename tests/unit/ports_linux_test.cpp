// Linux's rules for ports. tests/live/ports_test.cpp holds them against a kernel.
#include "linux/port_rules.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "ports_sockets.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

TEST(PortsLinux, OverlapIsTheTableOfFiveKindsOfAddress) {
    const std::vector<std::string_view> kinds{"0.0.0.0", "127.0.0.1", "::", ":: v6only", "::1"};
    const std::vector<std::string_view> expected{"yyy--", "yyy--", "yyyyy", "--yyy", "--yyy"};
    for (std::size_t n = 0; n < kinds.size(); ++n)
        for (std::size_t o = 0; o < kinds.size(); ++o)
            EXPECT_EQ(overlap(bound(kinds[n]), bound(kinds[o])) == Tristate::Yes, expected[n][o] == 'y')
                << kinds[n] << " on " << kinds[o];
}

TEST(PortsLinux, SpecificAddressesOverlapOnlyIfEqualAndMappedCountsAsIpv4) {
    EXPECT_EQ(overlap(bound("127.0.0.1"), bound("127.0.0.2")), Tristate::No);
    EXPECT_EQ(overlap(bound("::1"), bound("fd00::23")), Tristate::No);
    EXPECT_EQ(overlap(bound("127.0.0.1"), bound("::ffff:127.0.0.1")), Tristate::Yes);
    EXPECT_EQ(overlap(bound("::ffff:127.0.0.1"), bound("::")), Tristate::Yes);
    EXPECT_EQ(overlap(bound("::ffff:127.0.0.1"), bound(":: v6only")), Tristate::No);
}

TEST(PortsLinux, ReuseaddrHelpsOnBothSidesUnlessTheHolderListens) {
    const BindRequest fresh = socket("0.0.0.0 reuseaddr");
    EXPECT_EQ(linux_bind(fresh, std::vector{bound("0.0.0.0 reuseaddr")}).error, "EADDRINUSE");
    EXPECT_EQ(linux_bind(fresh, std::vector{bound("0.0.0.0 reuseaddr", State::TimeWait)}).outcome,
              Outcome::Ok);
    EXPECT_EQ(linux_bind(fresh, std::vector{bound("0.0.0.0", State::TimeWait)}).outcome, Outcome::Refused);
    EXPECT_EQ(linux_bind(socket("0.0.0.0"), std::vector{bound("0.0.0.0 reuseaddr", State::TimeWait)}).outcome,
              Outcome::Refused);
}

TEST(PortsLinux, AnOptionThatCannotBeReadMakesItDependOnlyWhereItMatters) {
    BoundSocket hidden = bound("127.0.0.1", State::TimeWait, 7);
    hidden.reuseaddr = hidden.reuseport = Tristate::Unknown;
    const BindVerdict depends = linux_bind(socket("127.0.0.1 reuseaddr"), std::vector{hidden});
    EXPECT_EQ(depends.outcome, Outcome::Depends);
    EXPECT_EQ(depends.doubt, Doubt::Option);
    EXPECT_EQ(depends.because, std::vector<std::size_t>{7});
    EXPECT_EQ(linux_bind(socket("127.0.0.1"), std::vector{hidden}).outcome, Outcome::Refused);
    EXPECT_EQ(linux_bind(socket("127.0.0.2 reuseaddr"), std::vector{hidden}).outcome, Outcome::Ok);
}

TEST(PortsLinux, ReuseportIsSharedByOneUserAndARefusalMayBeOverruled) {
    const std::vector<BoundSocket> bound_sockets{bound("0.0.0.0 reuseport")};
    EXPECT_EQ(linux_bind(socket("0.0.0.0 reuseport"), bound_sockets).outcome, Outcome::Ok);
    const BindVerdict other = linux_bind(socket(":: reuseport", Protocol::Tcp, 1001), bound_sockets);
    EXPECT_EQ(other.outcome, Outcome::Depends);
    EXPECT_EQ(other.doubt, Doubt::ReuseportCache);
}

TEST(PortsLinux, WhatTheBucketRemembersAdmitsOnlyADualWildcardPastListeners) {
    const auto outcome = [](std::string_view fresh, const std::vector<BoundSocket>& bound_sockets) {
        return linux_bind(socket(fresh), bound_sockets).outcome;
    };
    for (const std::string_view fresh : {"0.0.0.0 reuseport", "127.0.0.1 reuseport",
                                         "::ffff:127.0.0.1 reuseport", "::ffff:0.0.0.0 reuseport"})
        EXPECT_EQ(outcome(fresh, {bound("0.0.0.0")}), Outcome::Refused) << fresh;
    for (const std::string_view fresh : {":: v6only reuseport", "::1 reuseport"})
        EXPECT_EQ(outcome(fresh, {bound("::1")}), Outcome::Refused) << fresh;
    EXPECT_EQ(outcome(":: reuseport", {bound("0.0.0.0")}), Outcome::Depends);
    EXPECT_EQ(outcome(":: reuseport", {bound(":: v6only")}), Outcome::Depends);
    EXPECT_EQ(outcome(":: reuseport", {bound("::")}), Outcome::Refused);
    EXPECT_EQ(outcome(":: reuseport", {bound("0.0.0.0"), bound("::1", State::Listen, 1)}), Outcome::Refused);
    EXPECT_EQ(outcome("::", {bound("0.0.0.0")}), Outcome::Refused) << "without SO_REUSEPORT";
}

TEST(PortsLinux, OfHoldersThatDoNotListenOrAreOnADeviceTheBucketMayRememberMore) {
    BoundSocket on_two = bound("0.0.0.0");
    on_two.device = 2;
    EXPECT_EQ(linux_bind(socket("0.0.0.0 reuseport"), std::vector{on_two}).doubt, Doubt::ReuseportCache);
    const std::vector<BoundSocket> idle{bound("0.0.0.0", State::Bound)};
    EXPECT_EQ(linux_bind(socket("0.0.0.0 reuseport"), idle).doubt, Doubt::ReuseportCache);
    const std::vector<BoundSocket> both{bound("0.0.0.0", State::Bound), bound("0.0.0.0", State::Listen, 1)};
    EXPECT_EQ(linux_bind(socket("0.0.0.0 reuseport"), both).outcome, Outcome::Refused);
}

TEST(PortsLinux, EachHolderHasItsOwnDoubt) {
    BoundSocket hidden = bound("127.0.0.1", State::TimeWait, 0);
    hidden.reuseaddr = Tristate::Unknown;
    BoundSocket connected = bound("::1 reuseaddr", State::Established, 1);
    connected.connected = true;
    connected.v6only = Tristate::Unknown;
    connected.reuseaddr = Tristate::No;
    const BindVerdict verdict = linux_bind(socket("0.0.0.0 reuseaddr"), std::vector{hidden, connected});
    EXPECT_EQ(verdict.outcome, Outcome::Depends);
    EXPECT_EQ(verdict.because, (std::vector<std::size_t>{0, 1}));
    EXPECT_EQ(verdict.doubts, (std::vector{Doubt::Option, Doubt::V6Only}));
    connected.reuseaddr = Tristate::Unknown;
    EXPECT_EQ(linux_bind(socket("0.0.0.0 reuseaddr"), std::vector{connected}).doubts,
              std::vector{Doubt::Option})
        << "the reuse options are in doubt too";
    hidden.v6only = Tristate::Unknown;
    hidden.protocol = Protocol::Udp;
    EXPECT_EQ(linux_bind(socket("127.0.0.1 reuseaddr", Protocol::Udp), std::vector{hidden}).doubt,
              Doubt::Option);
}

TEST(PortsLinux, DevicesKeepSocketsApartOnlyIfBothHaveOne) {
    BindRequest on_two = socket("0.0.0.0");
    on_two.device = 2;
    BoundSocket on_three = bound("0.0.0.0");
    on_three.device = 3;
    EXPECT_EQ(linux_bind(on_two, std::vector{on_three}).outcome, Outcome::Ok);
    EXPECT_EQ(linux_bind(socket("0.0.0.0"), std::vector{on_three}).outcome, Outcome::Refused);
}

TEST(PortsLinux, HalfOpenConnectionsDoNotKeepThePort) {
    EXPECT_EQ(linux_bind(socket("0.0.0.0"), std::vector{bound("0.0.0.0", State::SynReceived)}).outcome,
              Outcome::Ok);
}

TEST(PortsLinux, AConnectedIpv6SocketThatWasDualKeepsTheIpv4WildcardOut) {
    BoundSocket was_dual = bound("::1", State::Established);
    was_dual.connected = true;
    was_dual.v6only = Tristate::No;
    EXPECT_EQ(linux_bind(socket("0.0.0.0"), std::vector{was_dual}).outcome, Outcome::Refused);
    EXPECT_EQ(linux_bind(socket("127.0.0.1"), std::vector{was_dual}).outcome, Outcome::Ok);
    was_dual.v6only = Tristate::Unknown;
    EXPECT_EQ(linux_bind(socket("0.0.0.0"), std::vector{was_dual}).doubt, Doubt::V6Only);
}

TEST(PortsLinux, UdpIsDecidedByTheFirstSocketThatCounts) {
    const auto udp = [](std::string_view text, std::size_t row) {
        return bound(text, State::Unknown, row, Protocol::Udp);
    };
    const BindRequest fresh = socket("0.0.0.0 reuseaddr reuseport", Protocol::Udp);
    const std::vector<BoundSocket> admits{udp("0.0.0.0 reuseport", 0), udp("127.0.0.1", 1)};
    const std::vector<BoundSocket> refuses{udp("127.0.0.1", 0), udp("0.0.0.0 reuseport", 1)};
    const std::vector<BoundSocket> skips{udp("127.0.0.1 reuseaddr", 0)};
    EXPECT_EQ(linux_bind(fresh, admits).outcome, Outcome::Ok);
    EXPECT_EQ(linux_bind(fresh, refuses).because, std::vector<std::size_t>{0});
    EXPECT_EQ(linux_bind(fresh, skips).outcome, Outcome::Ok);
}

TEST(PortsLinux, UdpOrderAcrossFamiliesIsNotKnown) {
    const std::vector<BoundSocket> bound_sockets{
        bound("127.0.0.1 reuseport", State::Unknown, 0, Protocol::Udp),
        bound("::", State::Unknown, 0, Protocol::Udp)};
    const BindVerdict verdict = linux_bind(socket("0.0.0.0 reuseport", Protocol::Udp), bound_sockets);
    EXPECT_EQ(verdict.outcome, Outcome::Depends);
    EXPECT_EQ(verdict.doubt, Doubt::Order);
}

} // namespace
} // namespace netstat46
