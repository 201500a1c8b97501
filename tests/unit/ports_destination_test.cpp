#include "ports/destination.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "record/address.hpp"

namespace netstat46 {
namespace {

Address address(std::string_view text) { return *parse_address(text); }

const std::vector<HostAddress> own{
    {address("127.0.0.1"), 1, 8, {}},  {address("::1"), 1, 128, {}},
    {address("127.9.9.9"), 3, 32, {}}, {address("10.1.0.1"), 2, 24, address("10.1.0.255")},
    {address("10.2.0.1"), 4, 24, {}},  {address("10.3.0.1"), 5, 31, {}},
    {address("10.4.0.1"), 6, 24, {}},  {address("10.4.0.1"), 7, 24, {}},
    {address("10.5.0.1"), 1, 16, {}},  {address("fe80::77%2"), 2, 64, {}},
};

using Interfaces = std::optional<std::set<std::uint32_t>>;

Interfaces arrival(std::string_view text) { return arrival_interfaces(address(text), own); }

Interfaces only(std::uint32_t interface) { return std::set<std::uint32_t>{interface}; }

TEST(Destination, AnAddressOfTheHostComesInWhereItIsHeld) {
    EXPECT_EQ(arrival("127.0.0.1"), only(1));
    EXPECT_EQ(arrival("127.8.8.8"), only(1)) << "all of 127/8 is lo's";
    EXPECT_EQ(arrival("127.9.9.9"), only(3)) << "but for what another interface holds";
    EXPECT_EQ(arrival("10.1.0.1"), only(2));
    EXPECT_EQ(arrival("::1"), only(1));
    EXPECT_EQ(arrival("10.5.7.7"), only(1)) << "a whole network on lo is local";
    EXPECT_EQ(arrival("10.4.0.1"), (std::set<std::uint32_t>{6, 7})) << "held twice";
    EXPECT_EQ(arrival("10.1.0.2"), std::nullopt);
    EXPECT_EQ(arrival("192.0.2.46"), std::nullopt);
}

TEST(Destination, ALinkLocalAddressSaysItself) {
    EXPECT_EQ(arrival("fe80::77%9"), only(9));
    EXPECT_EQ(arrival("fe80::77"), only(2)) << "only one interface holds it";
}

TEST(Destination, AnOlderCaptureDoesNotTellTheInterface) {
    const std::vector<HostAddress> old{{address("127.0.0.1"), 0, 0, {}}, {address("10.1.0.1"), 0, 0, {}}};
    EXPECT_EQ(arrival_interfaces(address("10.1.0.1"), old), std::nullopt);
    EXPECT_EQ(arrival_interfaces(address("127.0.0.1"), old), only(1));
    EXPECT_EQ(cast_of(address("10.1.0.255"), old), Cast::Unicast);
}

TEST(Destination, BroadcastAddressesAreThoseOfTheHostsNetworks) {
    for (const char* text :
         {"255.255.255.255", "10.1.0.255", "10.2.0.255", "127.255.255.255", "10.5.255.255"})
        EXPECT_EQ(cast_of(address(text), own), Cast::Broadcast) << text;
    for (const char* text : {"10.1.0.1", "10.1.1.255", "10.3.0.1", "10.3.0.0", "127.9.9.9", "::1"})
        EXPECT_EQ(cast_of(address(text), own), Cast::Unicast) << text;
    for (const char* text : {"224.0.0.1", "239.255.255.255", "ff02::1"})
        EXPECT_EQ(cast_of(address(text), own), Cast::Multicast) << text;
    EXPECT_EQ(arrival("10.1.0.255"), only(2));
    EXPECT_EQ(arrival("255.255.255.255"), std::nullopt);
    EXPECT_EQ(arrival("224.0.0.1"), std::nullopt);
    EXPECT_EQ(arrival("ff02::1%2"), only(2));
}

} // namespace
} // namespace netstat46
