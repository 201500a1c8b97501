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

/// What a list of one item asks for; nothing where it is not one.
std::optional<WrittenPort> one(std::string_view text, const Names& names = services()) {
    const auto all = parse_ports_asked(text, names);
    return all.size() == 1 ? std::optional(all.front()) : std::nullopt;
}

TEST(PortTarget, IsAPortAloneInEveryFormThatListingsHave) {
    for (const char* text : {"8888", ":8888", "*:8888", "any:8888", "*.8888", "any.8888"}) {
        const auto port = one(text);
        ASSERT_TRUE(port) << text;
        EXPECT_EQ(port->port, 8888) << text;
        EXPECT_FALSE(port->protocol || port->address) << text;
    }
    EXPECT_EQ(one("http")->port, 80);
}

TEST(PortTarget, HasAProtocolBeforeOrBehind) {
    for (const char* text : {"udp:53", "53/udp", "udp::53", "*:53/udp"}) {
        ASSERT_TRUE(one(text)) << text;
        EXPECT_EQ(one(text)->protocol, Protocol::Udp) << text;
        EXPECT_EQ(one(text)->port, 53) << text;
    }
    EXPECT_EQ(one("tcp:http")->port, 80);
    EXPECT_EQ(one("tcp:http")->protocol, Protocol::Tcp);
    EXPECT_FALSE(one("udp:53/tcp"));
}

TEST(PortTarget, HasAnAddressBehindAColonOrADot) {
    const std::pair<const char*, const char*> forms[] = {{"127.0.0.1:80", "127.0.0.1"},
                                                         {"127.0.0.1.80", "127.0.0.1"},
                                                         {"[::1]:80", "::1"},
                                                         {"::1:80", "::1"},
                                                         {"::1.80", "::1"},
                                                         {"[::1].80", "::1"},
                                                         {":::80", "::"},
                                                         {"::.80", "::"},
                                                         {"[::]:80", "::"},
                                                         {"0.0.0.0:80", "0.0.0.0"},
                                                         {"::ffff:1.2.3.4:80", "::ffff:1.2.3.4"},
                                                         {"fe80::1%3:80", "fe80::1%3"},
                                                         {"fe80::1%3.80", "fe80::1%3"},
                                                         {"udp:[::1]:80", "::1"},
                                                         {"127.0.0.1:http", "127.0.0.1"}};
    for (const auto& [text, address] : forms) {
        ASSERT_TRUE(one(text)) << text;
        EXPECT_EQ(one(text)->address, parse_address(address)) << text;
        EXPECT_EQ(one(text)->port, 80) << text;
    }
}

TEST(PortTarget, AHostsNameStandsForEachOfItsAddresses) {
    Names names = services();
    names.addresses = [](std::string_view host) {
        return host == "localhost" ? std::vector{*parse_address("127.0.0.1"), *parse_address("::1")}
                                   : std::vector<Address>{};
    };
    for (const char* text : {"localhost:80", "localhost.80", "localhost:http"}) {
        const auto all = parse_ports_asked(text, names);
        ASSERT_EQ(all.size(), 2U) << text;
        EXPECT_EQ(all[1].address, parse_address("::1"));
        EXPECT_EQ(all[1].port, 80);
    }
    EXPECT_TRUE(parse_ports_asked("nowhere:80", names).empty());
}

TEST(PortTarget, SeveralStandBehindCommas) {
    const auto all = parse_ports_asked("80,udp:53,[::1]:443", services());
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].port, 80);
    EXPECT_EQ(all[1].protocol, Protocol::Udp);
    EXPECT_EQ(all[2].address, parse_address("::1"));
}

TEST(PortTarget, AScopeIsAnInterfacesNumberOrName) {
    Names names = services();
    EXPECT_EQ(one("[fe80::1%3]:80", names)->address, parse_address("fe80::1%3"));
    EXPECT_FALSE(one("[fe80::1%eth0]:80", names)) << "no interface is known";
    names.interface_index = [](std::string_view name) {
        return name == "eth0" ? std::optional<std::uint32_t>(3) : std::nullopt;
    };
    EXPECT_EQ(one("[fe80::1%eth0]:80", names)->address, parse_address("fe80::1%3"));
    for (const char* text : {"[fe80::1%eth1]:80", "[fe80::1%]:80", "[%eth0]:80", "127.0.0.1%eth0:80"})
        EXPECT_FALSE(one(text, names)) << text;
}

TEST(PortTarget, RefusesWhatItCannotMean) {
    for (const char* text : {"",          "0",          "70000",
                             "-1",        "80-90",      "nosuch",
                             "foo:80",    "[::1]",      "[127.0.0.1]:80",
                             "1.2.3:80",  "sctp:80",    "tcp:",
                             "80,v6only", "127.0.0.1:", "[]:80",
                             "+80",       "8 0",        "127.0.0.1",
                             "::8888",    "::1",        "80,",
                             ",80",       "80/sctp",    "/udp",
                             "fe80::1%lo"})
        EXPECT_TRUE(parse_ports_asked(text, services()).empty()) << text;
}

/// The first socket that a value of --can-bind asks about.
std::optional<BindRequest> bind_of(std::string_view text) {
    const auto binds = parse_binds_asked(text, services());
    if (!binds) return std::nullopt;
    const WrittenPort& port = binds->ports.front();
    return bind_request({port.protocol.value_or(Protocol::Tcp), port.address, port.port}, binds->options);
}

TEST(BindRequest, IsATargetWithOptions) {
    const auto request = bind_of("udp:[::]:53,v6only,reuseaddr,reuseport,uid=501");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->protocol, Protocol::Udp);
    EXPECT_EQ(request->family, Family::Inet6);
    EXPECT_TRUE(request->v6only && request->reuseaddr && request->reuseport);
    EXPECT_EQ(request->uid, 501U);
    EXPECT_EQ(parse_binds_asked("80,443,reuseaddr", services())->ports.size(), 2U);
}

TEST(BindRequest, OfAnyAddressIsDualStack) {
    for (const char* text : {"53", "*:53", ":53", "any:53"}) {
        const auto request = bind_of(text);
        ASSERT_TRUE(request) << text;
        EXPECT_EQ(request->address, parse_address("::"));
        EXPECT_FALSE(request->v6only || request->uid);
    }
    PortTarget target{Protocol::Tcp, {}, 80};
    target.inet6 = false;
    EXPECT_EQ(bind_request(target, {})->address, parse_address("0.0.0.0"));
    target = {Protocol::Tcp, {}, 80, false, true};
    EXPECT_TRUE(bind_request(target, {})->v6only);
}

TEST(BindRequest, NeedsAPortAndKnownOptions) {
    for (const char* text :
         {"foo", "0.0.0.0:80,v6only", "*:80,", "*:80,reuse", "*:80,uid=", "*:80,uid=-1", "*:80,uid=me",
          "*:80,uid=1,uid=2", "*:80,v6only,,reuseaddr", ",v6only", "*:80,v6only,81"})
        EXPECT_FALSE(bind_of(text)) << text;
}

TEST(PortTarget, IsWrittenAsItIsRead) {
    EXPECT_EQ(written(*parse_address("127.0.0.1"), 80), "127.0.0.1:80");
    EXPECT_EQ(written(*parse_address("::1"), 80), "[::1]:80");
}

} // namespace
} // namespace netstat46
