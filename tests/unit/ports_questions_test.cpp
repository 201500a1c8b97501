#include "ports/questions.hpp"

#include <gtest/gtest.h>

#include "darwin/row.hpp"
#include "freebsd/row.hpp"
#include "linux/row.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

BindRequest request(std::string_view address, std::uint16_t port, std::optional<std::uint32_t> uid = 1000) {
    BindRequest out;
    out.address = *parse_address(address);
    out.family = out.address.family;
    out.port = port;
    out.uid = uid;
    return out;
}

BoundSocket listening(std::string_view address, std::uint32_t uid) {
    BoundSocket out = bound_socket(request(address, 8888, uid));
    out.reuseaddr = Tristate::Yes;
    return out;
}

PortHost host(const System* os) {
    PortHost out;
    out.rules = os->port_rules;
    return out;
}

std::string_view error(const PortHost& host, const BindRequest& request) {
    return can_bind(host, request, {}).verdict.error;
}

TEST(CanBind, LowPortsArePrivileged) {
    EXPECT_EQ(error(host(&linux_system), request("0.0.0.0", 80)), "EACCES");
    EXPECT_EQ(error(host(&linux_system), request("0.0.0.0", 80, 0)), "");
    EXPECT_EQ(error(host(&freebsd_system), request("0.0.0.0", 1023)), "EACCES");
    EXPECT_EQ(error(host(&freebsd_system), request("0.0.0.0", 1024)), "");
}

TEST(CanBind, LinuxPrivilegedPortsBeginWhereTheSysctlSays) {
    PortHost open = host(&linux_system);
    open.first_unprivileged = 80;
    EXPECT_EQ(error(open, request("0.0.0.0", 80)), "");
    EXPECT_EQ(error(open, request("0.0.0.0", 79)), "EACCES");
    open.may_bind_low = [](std::uint32_t uid) { return uid == 1000; };
    EXPECT_EQ(error(open, request("0.0.0.0", 79)), "");
}

TEST(CanBind, LinuxAsksForThePrivilegeBeforeItLooksAtAnIpv6Address) {
    PortHost away = host(&linux_system);
    away.is_local = [](const Address&) { return std::optional(false); };
    EXPECT_EQ(error(away, request("2001:db8::1", 80)), "EACCES");
    EXPECT_EQ(error(away, request("2001:db8::1", 80, 0)), "EADDRNOTAVAIL");
    EXPECT_EQ(error(away, request("203.0.113.1", 80)), "EADDRNOTAVAIL");
    EXPECT_EQ(error(away, request("fe80::1", 80)), "EACCES");
    EXPECT_EQ(error(away, request("fe80::1", 8080)), "EINVAL") << "without an interface";
    EXPECT_EQ(error(host(&linux_system), request("ff05::1", 8080)), "EINVAL") << "no TCP to a group";
}

TEST(CanBind, LinuxBindsALinkLocalAddressToItsInterface) {
    BoundSocket elsewhere = listening("::", 1000);
    elsewhere.device = 7;
    EXPECT_EQ(can_bind(host(&linux_system), request("fe80::1%1", 8888), {&elsewhere, 1}).verdict.outcome,
              Outcome::Ok);
    elsewhere.device = 1;
    EXPECT_EQ(can_bind(host(&linux_system), request("fe80::1%1", 8888), {&elsewhere, 1}).verdict.outcome,
              Outcome::Refused);
}

TEST(CanBind, DarwinGuardsLowPortsOnSpecificAddressesOnly) {
    EXPECT_EQ(error(host(&darwin_system), request("0.0.0.0", 80)), "");
    EXPECT_EQ(error(host(&darwin_system), request("::", 80)), "");
    EXPECT_EQ(error(host(&darwin_system), request("127.0.0.1", 80)), "EACCES");
}

TEST(CanBind, DarwinKeepsSomePortsForItself) {
    const BindAnswer kept = can_bind(host(&darwin_system), request("0.0.0.0", 62742), {});
    EXPECT_EQ(kept.verdict.error, "EADDRINUSE");
    EXPECT_TRUE(kept.verdict.because.empty());
    EXPECT_EQ(error(host(&darwin_system), request("0.0.0.0", 55555)), "EADDRINUSE");
    BindRequest udp = request("0.0.0.0", 55555);
    udp.protocol = Protocol::Udp;
    EXPECT_EQ(error(host(&darwin_system), udp), "");
    EXPECT_EQ(error(host(&linux_system), request("0.0.0.0", 55555)), "");
}

TEST(CanBind, AnAddressThatIsNotLocalIsNotAvailable) {
    PortHost known = host(&linux_system);
    known.is_local = [](const Address& address) -> std::optional<bool> { return is_loopback(address); };
    EXPECT_EQ(error(known, request("10.0.0.1", 8888)), "EADDRNOTAVAIL");
    EXPECT_EQ(error(known, request("127.0.0.1", 8888)), "");
    EXPECT_EQ(error(known, request("0.0.0.0", 8888)), "");
}

TEST(CanBind, WhereAddressesAreNotKnownItSaysThatItAssumesOne) {
    EXPECT_TRUE(can_bind(host(&darwin_system), request("10.0.0.1", 8888), {}).assumes_local);
    EXPECT_FALSE(can_bind(host(&darwin_system), request("0.0.0.0", 8888), {}).assumes_local);
    const std::vector<BoundSocket> bound_sockets{listening("10.0.0.1", 1000)};
    EXPECT_FALSE(can_bind(host(&darwin_system), request("10.0.0.1", 8888), bound_sockets)
                     .assumes_local); // refused anyhow
}

TEST(CanBind, ImpossibleAddressesAreInvalid) {
    BindRequest mapped = request("::ffff:127.0.0.1", 8888);
    mapped.v6only = true;
    EXPECT_EQ(error(host(&linux_system), mapped), "EINVAL");
    EXPECT_EQ(error(host(&linux_system), request("fe80::1", 8888)), "EINVAL");
    BindRequest scoped = request("fe80::1", 8888);
    scoped.address.scope = 2;
    EXPECT_EQ(error(host(&linux_system), scoped), "");
}

TEST(CanBind, WithoutAUserTheVerdictIsForAllOfThem) {
    const std::vector<BoundSocket> bound_sockets{listening("::1", 501)};
    BindRequest go = request("::", 8888, std::nullopt);
    go.reuseaddr = true;
    const BindAnswer answer = can_bind(host(&darwin_system), go, bound_sockets);
    EXPECT_EQ(answer.verdict.outcome, Outcome::Depends);
    EXPECT_EQ(answer.verdict.doubt, Doubt::User);
    ASSERT_EQ(answer.by_user.size(), 2U);
    EXPECT_EQ(answer.by_user[0].users, (std::vector<std::uint32_t>{0, 501}));
    EXPECT_EQ(answer.by_user[0].verdict.outcome, Outcome::Ok);
    EXPECT_TRUE(answer.by_user[1].everybody_else);
    EXPECT_EQ(answer.by_user[1].verdict.because, std::vector<std::size_t>{0});
}

TEST(CanBind, IfAllUsersFareAlikeNoneNeedBeNamed) {
    const std::vector<BoundSocket> bound_sockets{listening("0.0.0.0", 501)};
    const BindAnswer answer =
        can_bind(host(&linux_system), request("0.0.0.0", 8888, std::nullopt), bound_sockets);
    EXPECT_EQ(answer.verdict.outcome, Outcome::Refused);
    EXPECT_TRUE(answer.by_user.empty());
}

TEST(Questions, ANatRuleComesBeforeEverySocket) {
    PortHost natted = host(&linux_system);
    natted.nat =
        parse_nat_rules("# ipv4\n:PREROUTING -\n-A PREROUTING -p tcp --dport 8888 -j DNAT --to 1.2.3.4\n");
    const std::vector<BoundSocket> bound_sockets{listening("0.0.0.0", 1000)};
    const auto who = [&](const char* to) {
        return who_answers(natted, Protocol::Tcp, *parse_address(to), 8888, bound_sockets).intercepted_by;
    };
    EXPECT_NE(who("192.168.1.23"), "");
    EXPECT_EQ(who("127.0.0.1"), "");
    EXPECT_NE(can_bind(natted, request("0.0.0.0", 8888), {}).intercepted_by, "");
    EXPECT_EQ(can_bind(natted, request("127.0.0.1", 8888), {}).intercepted_by, "");
    EXPECT_EQ(can_bind(natted, request("::1", 8888), {}).intercepted_by, "");
}

TEST(WhoAnswers, AWildcardDestinationIsTheHostItself) {
    const std::vector<BoundSocket> bound_sockets{listening("127.0.0.1", 1000)};
    const auto who = [&](const char* to) {
        return who_answers(host(&linux_system), Protocol::Tcp, *parse_address(to), 8888, bound_sockets)
            .verdict.who;
    };
    EXPECT_EQ(who("0.0.0.0").size(), 1U);
    EXPECT_EQ(who("::ffff:127.0.0.1").size(), 1U);
    EXPECT_EQ(who("::").size(), 0U);
}

TEST(WhoAnswers, TcpDoesNotConnectToMany) {
    PortHost own = host(&linux_system);
    own.addresses = {{*parse_address("10.1.0.1"), 2, 24, {}}};
    const std::vector<BoundSocket> bound_sockets{listening("0.0.0.0", 1000)};
    for (const char* to : {"224.0.0.1", "255.255.255.255", "10.1.0.255", "ff02::1", "::ffff:224.0.0.1"}) {
        const WhoAnswer answer = who_answers(own, Protocol::Tcp, *parse_address(to), 8888, bound_sockets);
        EXPECT_TRUE(answer.unconnectable) << to;
        EXPECT_TRUE(answer.verdict.who.empty()) << to;
        EXPECT_EQ(answer.verdict.doubt, Doubt::None) << to;
    }
}

TEST(CanBind, WhatIsMeantForManyNeedsNoInterface) {
    PortHost own = host(&linux_system);
    own.is_local = [](const Address&) { return false; };
    BindRequest group = request("224.0.0.251", 5353);
    group.protocol = Protocol::Udp;
    EXPECT_EQ(error(own, group), "");
    EXPECT_EQ(error(own, request("255.255.255.255", 5353)), "");
    EXPECT_EQ(error(host(&linux_system), request("ff02::1", 5353)), "EINVAL");
    own.rules = freebsd_system.port_rules;
    EXPECT_EQ(error(own, group), "");
    EXPECT_EQ(error(own, request("255.255.255.255", 5353)), "EADDRNOTAVAIL");
}

TEST(Questions, TheMajorNumberIsTheRelease) {
    EXPECT_EQ(major_of("14.5-RELEASE"), 14);
    EXPECT_EQ(major_of(""), 0);
}

} // namespace
} // namespace netstat46
