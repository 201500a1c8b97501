// OpenBSD's rules for ports, as its sources were read: nobody measured them.
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "openbsd/port_rules.hpp"
#include "ports/questions.hpp"
#include "ports_sockets.hpp"

namespace netstat46 {
namespace {

PortHost openbsd() {
    PortHost host;
    host.rules = &openbsd_port_rules;
    return host;
}

/// One whose options nobody can read, unless `options` says them.
BoundSocket holder(std::string_view text, bool options_known = true) {
    BoundSocket out = bound(text);
    out.v6only = Tristate::Yes;
    set_reach(out);
    if (!options_known) out.reuseaddr = out.reuseport = Tristate::Unknown;
    return out;
}

BindVerdict binds(const BoundSocket& there, std::string_view newcomer, std::uint32_t uid = 1000) {
    return can_bind(
               openbsd(),
               [&] {
                   BindRequest request = socket(newcomer, Protocol::Tcp, uid);
                   request.port = 8888;
                   return request;
               }(),
               std::vector{there})
        .verdict;
}

/// `refused`, `ok`, `depends`.
std::string_view word(const BindVerdict& verdict) {
    return verdict.outcome == Outcome::Ok        ? "ok"
           : verdict.outcome == Outcome::Refused ? "refused"
                                                 : "depends";
}

struct Line {
    std::string_view holder, newcomer;
    std::string_view none, reuseaddr, reuseport, both;
};

/// The table of same users: options of the newcomer, and of both.
constexpr Line lines[] = {
    {"192.0.2.1", "192.0.2.1", "refused", "refused", "refused", "ok"},
    {"0.0.0.0", "0.0.0.0", "refused", "refused", "refused", "ok"},
    {"::1", "::1", "refused", "refused", "refused", "ok"},
    {"0.0.0.0", "192.0.2.1", "refused", "ok", "ok", "ok"},
    {"192.0.2.1", "0.0.0.0", "refused", "ok", "ok", "ok"},
    {"::", "::1", "refused", "ok", "ok", "ok"},
    {"0.0.0.0", "::", "ok", "ok", "ok", "ok"},
    {"::", "0.0.0.0", "ok", "ok", "ok", "ok"},
    {"192.0.2.2", "192.0.2.1", "ok", "ok", "ok", "ok"},
};

TEST(OpenBsdBind, HolderAndNewcomerOfOneUser) {
    for (const Line& line : lines) {
        const std::string newcomer(line.newcomer);
        const BoundSocket plain = holder(line.holder),
                          shares = holder(std::string(line.holder) + " reuseport");
        EXPECT_EQ(word(binds(plain, newcomer)), line.none) << line.holder << ' ' << newcomer;
        EXPECT_EQ(word(binds(plain, newcomer + " reuseaddr")), line.reuseaddr)
            << line.holder << ' ' << newcomer;
        EXPECT_EQ(word(binds(plain, newcomer + " reuseport")), line.reuseport)
            << line.holder << ' ' << newcomer;
        EXPECT_EQ(word(binds(shares, newcomer + " reuseport")), line.both) << line.holder << ' ' << newcomer;
    }
}

TEST(OpenBsdBind, AConnectionIsInTheWayOfWhoSetsNothing) {
    BoundSocket connection = holder("192.0.2.1");
    connection.connected = true;
    connection.state = State::Established;
    for (const char* newcomer : {"192.0.2.1", "0.0.0.0"}) {
        EXPECT_EQ(word(binds(connection, newcomer)), "refused");
        EXPECT_EQ(word(binds(connection, std::string(newcomer) + " reuseaddr")), "ok");
    }
}

TEST(OpenBsdBind, OptionsOfTheHolderCannotBeRead) {
    const BoundSocket there = holder("0.0.0.0", false);
    EXPECT_EQ(word(binds(there, "0.0.0.0")), "refused");
    EXPECT_EQ(word(binds(there, "0.0.0.0 reuseaddr")), "refused");
    const BindVerdict verdict = binds(there, "0.0.0.0 reuseport");
    EXPECT_EQ(word(verdict), "depends");
    EXPECT_EQ(verdict.doubts, std::vector{Doubt::Option});
    EXPECT_EQ(word(binds(there, "192.0.2.1 reuseport")), "ok");
}

TEST(OpenBsdBind, AnotherUserIsRefusedWhateverTheOptions) {
    for (const Line& line : lines) {
        const BoundSocket there = holder(std::string(line.holder) + " reuseport");
        EXPECT_EQ(word(binds(there, std::string(line.newcomer) + " reuseport", 1001)), line.none)
            << line.holder;
        EXPECT_EQ(word(binds(there, std::string(line.newcomer) + " reuseport", 0)), "ok") << line.holder;
    }
}

TEST(OpenBsdBind, WhoseASocketIsThatNobodyHoldsIsNotKnown) {
    BoundSocket gone = holder("192.0.2.1");
    gone.connected = true;
    gone.state = State::TimeWait;
    gone.uid.reset();
    const BindVerdict verdict = binds(gone, "0.0.0.0 reuseaddr");
    EXPECT_EQ(word(verdict), "depends");
    EXPECT_EQ(verdict.doubts, std::vector{Doubt::HolderUser});
    EXPECT_EQ(word(binds(gone, "0.0.0.0")), "refused");
    EXPECT_EQ(word(binds(gone, "0.0.0.0 reuseaddr", 0)), "ok");
}

TEST(OpenBsdBind, OnlyOnesOwnRoutingDomainCounts) {
    BoundSocket elsewhere = holder("0.0.0.0");
    elsewhere.routing_table = 7;
    const BindVerdict verdict = binds(elsewhere, "0.0.0.0");
    EXPECT_EQ(word(verdict), "depends");
    EXPECT_EQ(verdict.doubt, Doubt::RoutingDomain);
}

TEST(OpenBsdBind, HoldersWinOverPrivilege) {
    const auto error = [](std::vector<BoundSocket> there, std::uint16_t port, std::uint32_t uid) {
        BindRequest request = socket("0.0.0.0", Protocol::Tcp, uid);
        request.port = port;
        return can_bind(openbsd(), request, there).verdict.error;
    };
    EXPECT_EQ(error({}, 80, 1000), "EACCES");
    EXPECT_EQ(error({}, 80, 0), "");
    EXPECT_EQ(error({}, 2049, 1000), "EACCES");
    EXPECT_EQ(error({holder("0.0.0.0")}, 80, 1000), "EADDRINUSE");
}

TEST(OpenBsdBind, NoSocketIsDualStack) {
    BindRequest mapped = socket("::ffff:192.0.2.1");
    mapped.port = 8888;
    EXPECT_EQ(can_bind(openbsd(), mapped, {}).verdict.error, "EADDRNOTAVAIL");
    EXPECT_EQ(word(binds(holder("0.0.0.0"), "::")), "ok");
}

TEST(OpenBsdBind, GroupsAreSharedByEitherOption) {
    const auto udp = [](const BoundSocket& there, std::string_view newcomer, std::uint32_t uid) {
        BindRequest request = socket(newcomer, Protocol::Udp, uid);
        request.port = 8888;
        return word(can_bind(openbsd(), request, std::vector{there}).verdict);
    };
    EXPECT_EQ(udp(holder("224.0.0.251 reuseaddr"), "224.0.0.251 reuseport", 1001), "ok");
    EXPECT_EQ(udp(holder("224.0.0.251"), "224.0.0.251 reuseport", 1001), "refused");
    EXPECT_EQ(udp(holder("224.0.0.251", false), "224.0.0.251 reuseport", 1001), "depends");
}

/// docker holds 0.0.0.0:8888 and [::1]:8888, with no option set.
TEST(OpenBsdStory, GoAndDocker) {
    const auto wants = [](std::string_view newcomer, std::uint32_t uid) {
        std::vector<BoundSocket> docker{holder("::1", false), holder("0.0.0.0", false)};
        docker[1].row = 1;
        BindRequest request = socket(newcomer, Protocol::Tcp, uid);
        request.port = 8888;
        return can_bind(openbsd(), request, docker).verdict;
    };
    const std::vector<std::size_t> inet6{0}, inet{1};
    EXPECT_EQ(word(wants("0.0.0.0 reuseaddr", 1000)), "refused") << "Go's :8888";
    EXPECT_EQ(wants("0.0.0.0 reuseaddr", 1000).because, inet);
    EXPECT_EQ(word(wants(":: reuseaddr", 1000)), "ok") << "Go's [::]:8888";
    EXPECT_EQ(word(wants(":: reuseaddr", 0)), "ok");
    EXPECT_EQ(word(wants(":: reuseaddr", 1001)), "refused");
    EXPECT_EQ(wants(":: reuseaddr", 1001).because, inet6);
    EXPECT_EQ(word(wants("::", 1000)), "refused") << "without SO_REUSEADDR";
    EXPECT_EQ(wants("::", 1000).because, inet6);
}

AnswerVerdict answers(std::vector<BoundSocket> there, std::string_view destination) {
    for (std::size_t row = 0; row < there.size(); ++row) there[row].row = row;
    return who_answers(openbsd(), Protocol::Tcp, *parse_address(destination), 8888, there).verdict;
}

TEST(OpenBsdAnswer, TheExactAddressThenTheWildcardOfTheSameFamily) {
    const std::vector<BoundSocket> there{holder("::"), holder("0.0.0.0"), holder("::1")};
    EXPECT_EQ(answers(there, "::1").who, std::vector<std::size_t>{2});
    EXPECT_EQ(answers(there, "2001:db8::1").who, std::vector<std::size_t>{0});
    EXPECT_EQ(answers(there, "127.0.0.1").who, std::vector<std::size_t>{1});
    EXPECT_TRUE(answers({holder("::")}, "127.0.0.1").who.empty());
}

TEST(OpenBsdAnswer, OfSeveralTheOneBoundLastGetsAllWhichCannotBeSeen) {
    const AnswerVerdict verdict = answers({holder("0.0.0.0"), holder("0.0.0.0")}, "127.0.0.1");
    EXPECT_EQ(verdict.who.size(), 2U);
    EXPECT_EQ(verdict.doubt, Doubt::Order);
}

TEST(OpenBsdAnswer, ASocketThatDoesNotListenShadowsAWildcard) {
    BoundSocket silent = holder("127.0.0.1");
    silent.state = State::Bound;
    const AnswerVerdict verdict = answers({holder("0.0.0.0"), silent}, "127.0.0.1");
    EXPECT_TRUE(verdict.who.empty());
    EXPECT_EQ(verdict.silent, std::vector<std::size_t>{1});
}

} // namespace
} // namespace netstat46
