#include "ports/target.hpp"

#include <gtest/gtest.h>

#include "record/address.hpp"

namespace netstat46 {
namespace {

Names services() {
    Names names;
    names.ports = [](std::string_view service) {
        return service == "http" ? std::vector<std::uint16_t>{80} : std::vector<std::uint16_t>{};
    };
    return names;
}

TEST(PortTarget, IsAPortAloneOrWithProtocolAndAddress) {
    const Names names = services();
    EXPECT_EQ(parse_port_target("8888", names)->port, 8888);
    EXPECT_EQ(parse_port_target("8888", names)->protocol, Protocol::Tcp);
    EXPECT_FALSE(parse_port_target("8888", names)->address);
    EXPECT_EQ(parse_port_target("udp:53", names)->protocol, Protocol::Udp);
    EXPECT_EQ(parse_port_target("tcp:http", names)->port, 80);
    const auto full = parse_port_target("udp:[::1]:53", names);
    ASSERT_TRUE(full);
    EXPECT_EQ(full->protocol, Protocol::Udp);
    EXPECT_EQ(full->address, parse_address("::1"));
    EXPECT_EQ(parse_port_target("127.0.0.1:80", names)->address, parse_address("127.0.0.1"));
}

TEST(PortTarget, AScopeIsAnInterfacesNumberOrName) {
    Names names = services();
    EXPECT_EQ(parse_port_target("[fe80::1%3]:80", names)->address, parse_address("fe80::1%3"));
    EXPECT_FALSE(parse_port_target("[fe80::1%eth0]:80", names)) << "no interface is known";
    names.interface_index = [](std::string_view name) {
        return name == "eth0" ? std::optional<std::uint32_t>(3) : std::nullopt;
    };
    EXPECT_EQ(parse_port_target("[fe80::1%eth0]:80", names)->address, parse_address("fe80::1%3"));
    for (const char* text : {"[fe80::1%eth1]:80", "[fe80::1%]:80", "[%eth0]:80", "127.0.0.1%eth0:80"})
        EXPECT_FALSE(parse_port_target(text, names)) << text;
}

TEST(PortTarget, StarIsTheIpv6Wildcard) {
    EXPECT_EQ(parse_port_target("*:80", services())->address, parse_address("::"));
}

TEST(PortTarget, RefusesWhatItCannotMean) {
    for (const char* text :
         {"", "0", "70000", "-1", "80-90", "nosuch", "foo:80", "::1:80", "[::1]", "[127.0.0.1]:80",
          "1.2.3:80", "sctp:80", "tcp:", "80,v6only", "127.0.0.1:", "[]:80", "+80", "8 0"})
        EXPECT_FALSE(parse_port_target(text, services())) << text;
}

TEST(BindRequest, IsATargetWithOptions) {
    const auto request = parse_bind_request("udp:[::]:53,v6only,reuseaddr,reuseport,uid=501", services());
    ASSERT_TRUE(request);
    EXPECT_EQ(request->protocol, Protocol::Udp);
    EXPECT_EQ(request->family, Family::Inet6);
    EXPECT_TRUE(request->v6only && request->reuseaddr && request->reuseport);
    EXPECT_EQ(request->uid, 501U);
    EXPECT_FALSE(parse_bind_request("*:53", services())->uid);
    EXPECT_FALSE(parse_bind_request("*:53", services())->v6only);
}

TEST(BindRequest, NeedsAnAddressAndKnownOptions) {
    for (const char* text :
         {"8888", "foo", "0.0.0.0:80,v6only", "*:80,", "*:80,reuse", "*:80,uid=", "*:80,uid=-1",
          "*:80,uid=me", "*:80,uid=1,uid=2", "*:80,v6only,,reuseaddr", ",v6only"})
        EXPECT_FALSE(parse_bind_request(text, services())) << text;
}

TEST(PortTarget, IsWrittenAsItIsRead) {
    EXPECT_EQ(written(*parse_address("127.0.0.1"), 80), "127.0.0.1:80");
    EXPECT_EQ(written(*parse_address("::1"), 80), "[::1]:80");
}

} // namespace
} // namespace netstat46
