// Darwin's rules against what a real XNU stack did, row by row. tests/golden/ports/README.md explains the
// tables.
#include "bsd/port_rules.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "files.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

constexpr BsdKernel darwin{};

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, at);) parts.push_back(part);
    return parts;
}

std::vector<std::vector<std::string>> table(const std::string& name) {
    std::ifstream in(tests / "golden/ports" / name);
    std::vector<std::vector<std::string>> rows;
    for (std::string line; std::getline(in, line);) rows.push_back(split(line, '\t'));
    if (!rows.empty()) rows.erase(rows.begin());
    return rows;
}

Address address(const std::string& text) { return *parse_address(text); }

bool has(const std::string& options, const std::string& one) { return options == one || options == "both"; }

/// family, address, v6only, options; a user.
BindRequest request(const std::string& protocol, const std::vector<std::string>& socket, std::uint32_t uid) {
    BindRequest out;
    out.protocol = protocol == "tcp" ? Protocol::Tcp : Protocol::Udp;
    out.family = socket[0] == "inet" ? Family::Inet : Family::Inet6;
    out.address = address(socket[1]);
    out.port = 8888;
    out.v6only = socket[2] == "1";
    out.reuseaddr = has(socket[3], "reuseaddr");
    out.reuseport = has(socket[3], "reuseport");
    out.uid = uid;
    return out;
}

/// The same, bound. A connected socket has taken the loopback address of its family and serves nothing else.
BoundSocket bound(const BindRequest& bound, const std::string& state, std::size_t row) {
    BindRequest socket = bound;
    if (state == "connected" && is_unspecified(socket.address)) {
        socket.address = address(socket.family == Family::Inet ? "127.0.0.1" : "::1");
    }
    BoundSocket out = bound_socket(socket);
    out.connected = state == "connected";
    out.state = state == "listen" ? State::Listen : state == "connected" ? State::Established : State::Bound;
    out.row = row;
    return out;
}

std::string result(const BindVerdict& verdict) {
    EXPECT_NE(verdict.outcome, Outcome::Depends);
    return verdict.outcome == Outcome::Ok ? "ok" : std::string(verdict.error);
}

TEST(PortsBsd, EveryPairOfBindTruth) {
    const auto rows = table("bind-truth.tsv");
    ASSERT_GE(rows.size(), 11986U);
    for (const auto& row : rows) {
        const std::vector<std::string> old{row[1], row[2], row[3], row[4]};
        const std::vector<std::string> fresh{row[6], row[7], row[8], row[9]};
        const std::vector<BoundSocket> bound_sockets{bound(request(row[0], old, 501), row[5], 0)};
        const std::uint32_t uid = row[10] == "yes" ? 501 : row[10] == "no" ? 502 : 0;
        EXPECT_EQ(result(bsd_bind(darwin, request(row[0], fresh, uid), bound_sockets)), row[11])
            << testing::PrintToString(row);
    }
}

TEST(PortsBsd, EverySetOfBindSeveralTruth) {
    const auto rows = table("bind-several-truth.tsv");
    ASSERT_GE(rows.size(), 1452U);
    for (const auto& row : rows) {
        const std::vector<std::string> sockets = split(row[1], ';');
        std::vector<BoundSocket> bound_sockets;
        for (std::size_t i = sockets.size(); i-- > 0;) {
            const auto parts = split(sockets[i], '/');
            const auto uid = static_cast<std::uint32_t>(std::stoul(parts[5]));
            bound_sockets.push_back(bound(request(row[0], parts, uid), parts[4], bound_sockets.size()));
        }
        const auto parts = split(row[2], '/');
        const auto uid = static_cast<std::uint32_t>(std::stoul(parts[4]));
        EXPECT_EQ(result(bsd_bind(darwin, request(row[0], parts, uid), bound_sockets)), row[3])
            << testing::PrintToString(row);
    }
}

TEST(PortsBsd, EveryDestinationOfAnswerTruth) {
    const auto rows = table("answer-truth.tsv");
    ASSERT_GE(rows.size(), 3144U);
    for (const auto& row : rows) {
        const std::vector<std::string> sockets = split(row[1], ';');
        std::vector<BoundSocket> bound_sockets;
        for (std::size_t i = sockets.size(); i-- > 0;) {
            const std::string state = row[0] == "tcp" ? "listen" : "bound";
            bound_sockets.push_back(
                bound(request(row[0], split(sockets[i], '/'), 501), state, bound_sockets.size()));
        }
        const AnswerVerdict verdict = bsd_answer(darwin, address(row[2]), bound_sockets);
        ASSERT_LE(verdict.who.size(), 1U);
        const std::string nobody = row[0] == "tcp" ? "refused" : "none";
        const std::string who =
            verdict.who.empty() ? nobody : std::to_string(sockets.size() - verdict.who.front());
        EXPECT_EQ(who, row[3]) << testing::PrintToString(row);
    }
}

/// A socket as the text tables write it: `tcp46 *`, `tcp6 * V6ONLY`, `tcp6 ::1`, `tcp4 127.0.0.1`, `v6
/// ::ffff:127.0.0.1`.
BindRequest written(std::string text, const std::string& option, std::uint32_t uid) {
    const auto drop = [&](const std::string& word) {
        const std::size_t at = text.find(word);
        if (at == std::string::npos) return false;
        text.erase(at, word.size());
        return true;
    };
    const bool v6only = drop(" V6ONLY");
    const std::string family = text.substr(0, text.find(' '));
    std::string where = text.substr(family.size() + 1);
    where = where.substr(0, where.find(' '));
    const std::string inet = family == "tcp4" ? "inet" : "inet6";
    if (where == "*") where = inet == "inet" ? "0.0.0.0" : "::";
    return request("tcp", {inet, where, v6only ? "1" : "0", option}, uid);
}

std::string option_of(const std::string& text) {
    if (text.find("REUSEADDR") != std::string::npos) return "reuseaddr";
    return text.find("REUSEPORT") != std::string::npos ? "reuseport" : "none";
}

TEST(PortsBsd, EveryPairOfTheBindMatrix) {
    std::ifstream in(tests / "golden/ports/bind-matrix.txt");
    std::string option;
    std::uint32_t uid = 501;
    int compared = 0;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("-- ")) {
            option = option_of(line);
            uid = line.find("other user") == std::string::npos ? 501 : 502;
        }
        const std::size_t then = line.find("then ");
        const std::size_t colon = line.rfind(": ");
        if (then == std::string::npos || colon == std::string::npos) continue;
        const std::vector<BoundSocket> bound_sockets{
            bound(written(line.substr(0, then), option, 501), "listen", 0)};
        const BindRequest fresh = written(line.substr(then + 5, colon - then - 5), option, uid);
        EXPECT_EQ(result(bsd_bind(darwin, fresh, bound_sockets)), line.substr(colon + 2)) << line;
        ++compared;
    }
    EXPECT_EQ(compared, 216);
}

TEST(PortsBsd, EveryLineOfWhoAccepts) {
    std::ifstream in(tests / "golden/ports/who-accepts.txt");
    int compared = 0;
    for (std::string line; std::getline(in, line);) {
        const std::size_t then = line.find(" then ");
        const std::size_t connect = line.find("connect ");
        const std::size_t arrow = line.find("-> ");
        if (then == std::string::npos || arrow == std::string::npos) continue;
        const std::string option = option_of(line);
        const std::string second = line.substr(then + 6, line.find_first_of("(", then) - then - 6);
        const std::vector<BoundSocket> bound_sockets{
            bound(written(second + " ", option, 501), "listen", 0),
            bound(written(line.substr(0, then) + " ", option, 501), "listen", 1)};
        std::string to = line.substr(connect + 8, arrow - connect - 8);
        to.erase(to.find_last_not_of(' ') + 1);
        const AnswerVerdict verdict = bsd_answer(darwin, address(to), bound_sockets);
        ASSERT_EQ(verdict.who.size(), 1U) << line;
        EXPECT_EQ(verdict.who.front() == 1 ? "first socket" : "second socket", line.substr(arrow + 3))
            << line;
        ++compared;
    }
    EXPECT_EQ(compared, 21);
}

TEST(PortsBsd, ABoundSocketThatDoesNotListenRefusesForTheOneBehindIt) {
    const auto mute = bound(request("tcp", {"inet", "127.0.0.1", "-", "reuseaddr"}, 501), "bound", 0);
    const auto wide = bound(request("tcp", {"inet", "0.0.0.0", "-", "none"}, 501), "listen", 1);
    const AnswerVerdict verdict = bsd_answer(darwin, address("127.0.0.1"), std::vector{mute, wide});
    EXPECT_TRUE(verdict.who.empty());
    EXPECT_EQ(verdict.silent, std::vector<std::size_t>{0});
}

// FreeBSD's tests/sys/netinet/multicast.sh and every mDNS responder need this.
TEST(PortsBsd, AGroupIsSharedByThoseThatReuseTheAddressWhoeverTheyAre) {
    for (const BsdKernel& kernel : {darwin, BsdKernel{true, 14}}) {
        const auto outcome = [&](const char* held, const char* wanted, std::uint32_t uid) {
            const std::vector<BoundSocket> bound_sockets{
                bound(request("udp", {"inet", "224.0.0.251", "-", held}, 501), "bound", 0)};
            return result(
                bsd_bind(kernel, request("udp", {"inet", "224.0.0.251", "-", wanted}, uid), bound_sockets));
        };
        EXPECT_EQ(outcome("reuseaddr", "reuseaddr", 502), "ok");
        EXPECT_EQ(outcome("reuseaddr", "reuseport", 501), "ok");
        EXPECT_EQ(outcome("reuseaddr", "none", 501), "EADDRINUSE");
        EXPECT_EQ(outcome("none", "reuseaddr", 501), "EADDRINUSE");
    }
}

TEST(PortsBsd, EveryMatchingSocketGetsACopyOfABroadcastUpToOneThatDoesNotShare) {
    const auto udp = [](const char* where, const char* option, std::size_t row) {
        return bound(request("udp", {"inet", where, "-", option}, 501), "bound", row);
    };
    const Address everybody = address("255.255.255.255");
    const std::vector<BoundSocket> shared{udp("0.0.0.0", "reuseport", 0), udp("10.0.0.1", "reuseport", 1),
                                          udp("0.0.0.0", "none", 2), udp("0.0.0.0", "reuseport", 3)};
    const AnswerVerdict verdict = bsd_copies(darwin, everybody, shared);
    EXPECT_TRUE(verdict.copies);
    EXPECT_EQ(verdict.who, (std::vector<std::size_t>{0, 2}));
    EXPECT_EQ(verdict.doubt, Doubt::None);
    EXPECT_EQ(bsd_copies(darwin, address("224.0.0.251"), shared).doubt, Doubt::Membership);
}

// FreeBSD's tests/sys/netinet/so_reuseport_lb_test.c, and sys/netinet/in_pcb.c, in_pcblookup_lbgroup().
TEST(PortsFreeBsd, SocketsThatShareTheLoadComeFirst) {
    const auto listening = [](const char* where, bool balanced, std::size_t row) {
        BoundSocket out = bound(request("tcp", {"inet", where, "-", "none"}, 501), "listen", row);
        out.balanced = balanced;
        return out;
    };
    using Rows = std::vector<std::size_t>;
    const std::vector<BoundSocket> bound_sockets{
        listening("127.0.0.1", true, 0), listening("127.0.0.1", true, 1), listening("127.0.0.1", false, 2)};
    const AnswerVerdict verdict = bsd_answer({true, 14}, address("127.0.0.1"), bound_sockets);
    EXPECT_EQ(verdict.who, (Rows{0, 1}));
    EXPECT_EQ(verdict.doubt, Doubt::Group);
    const std::vector<BoundSocket> wide{listening("127.0.0.1", false, 0), listening("0.0.0.0", true, 1)};
    EXPECT_EQ(bsd_answer({true, 14}, address("127.0.0.1"), wide).who, Rows{1});
}

TEST(PortsFreeBsd, AnotherUserOnTheWildcardIsRefusedWhereDarwinAdmits) {
    const std::vector<BoundSocket> bound_sockets{
        bound(request("tcp", {"inet", "0.0.0.0", "-", "reuseaddr"}, 501), "listen", 0)};
    const BindRequest go = request("tcp", {"inet6", "::", "0", "reuseaddr"}, 502);
    EXPECT_EQ(result(bsd_bind({true, 14}, go, bound_sockets)), "EADDRINUSE");
    EXPECT_EQ(result(bsd_bind(darwin, go, bound_sockets)), "ok");
}

TEST(PortsFreeBsd, AConnectionOfAnotherUserDoesNotCountForTcp) {
    for (const auto* protocol : {"tcp", "udp"}) {
        const std::vector<BoundSocket> bound_sockets{
            bound(request(protocol, {"inet", "127.0.0.1", "-", "none"}, 501), "connected", 0)};
        const BindRequest fresh = request(protocol, {"inet", "127.0.0.1", "-", "reuseaddr"}, 502);
        EXPECT_EQ(result(bsd_bind({true, 14}, fresh, bound_sockets)),
                  std::string_view(protocol) == "tcp" ? "ok" : "EADDRINUSE");
    }
}

TEST(PortsFreeBsd, EqualWildcardsAreTheOldestOn13AndATieSince14) {
    const BindRequest any = request("tcp", {"inet", "0.0.0.0", "-", "reuseport"}, 501);
    const std::vector<BoundSocket> bound_sockets{bound(any, "listen", 0), bound(any, "listen", 1)};
    EXPECT_EQ(bsd_answer({true, 13}, address("127.0.0.1"), bound_sockets).who, std::vector<std::size_t>{1});
    const AnswerVerdict tie = bsd_answer({true, 14}, address("127.0.0.1"), bound_sockets);
    EXPECT_EQ(tie.who, (std::vector<std::size_t>{0, 1}));
    EXPECT_EQ(tie.doubt, Doubt::Order);
}

} // namespace
} // namespace netstat46
