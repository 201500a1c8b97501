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
Newcomer newcomer(const std::string& protocol, const std::vector<std::string>& socket, std::uint32_t uid) {
    Newcomer out;
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
PortHolder holder(const Newcomer& bound, const std::string& state, std::size_t row) {
    Newcomer socket = bound;
    if (state == "connected" && is_unspecified(socket.address)) {
        socket.address = address(socket.family == Family::Inet ? "127.0.0.1" : "::1");
    }
    PortHolder out = holder_of(socket);
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
        const std::vector<PortHolder> holders{holder(newcomer(row[0], old, 501), row[5], 0)};
        const std::uint32_t uid = row[10] == "yes" ? 501 : row[10] == "no" ? 502 : 0;
        EXPECT_EQ(result(bsd_bind(darwin, newcomer(row[0], fresh, uid), holders)), row[11])
            << testing::PrintToString(row);
    }
}

TEST(PortsBsd, EverySetOfBindSeveralTruth) {
    const auto rows = table("bind-several-truth.tsv");
    ASSERT_GE(rows.size(), 1452U);
    for (const auto& row : rows) {
        const std::vector<std::string> sockets = split(row[1], ';');
        std::vector<PortHolder> holders;
        for (std::size_t i = sockets.size(); i-- > 0;) {
            const auto parts = split(sockets[i], '/');
            const auto uid = static_cast<std::uint32_t>(std::stoul(parts[5]));
            holders.push_back(holder(newcomer(row[0], parts, uid), parts[4], holders.size()));
        }
        const auto parts = split(row[2], '/');
        const auto uid = static_cast<std::uint32_t>(std::stoul(parts[4]));
        EXPECT_EQ(result(bsd_bind(darwin, newcomer(row[0], parts, uid), holders)), row[3])
            << testing::PrintToString(row);
    }
}

TEST(PortsBsd, EveryDestinationOfAnswerTruth) {
    const auto rows = table("answer-truth.tsv");
    ASSERT_GE(rows.size(), 3144U);
    for (const auto& row : rows) {
        const std::vector<std::string> sockets = split(row[1], ';');
        std::vector<PortHolder> holders;
        for (std::size_t i = sockets.size(); i-- > 0;) {
            const std::string state = row[0] == "tcp" ? "listen" : "bound";
            holders.push_back(holder(newcomer(row[0], split(sockets[i], '/'), 501), state, holders.size()));
        }
        const AnswerVerdict verdict = bsd_answer(darwin, address(row[2]), holders);
        ASSERT_LE(verdict.who.size(), 1U);
        const std::string nobody = row[0] == "tcp" ? "refused" : "none";
        const std::string who =
            verdict.who.empty() ? nobody : std::to_string(sockets.size() - verdict.who.front());
        EXPECT_EQ(who, row[3]) << testing::PrintToString(row);
    }
}

/// A socket as the text tables write it: `tcp46 *`, `tcp6 * V6ONLY`, `tcp6 ::1`, `tcp4 127.0.0.1`, `v6
/// ::ffff:127.0.0.1`.
Newcomer written(std::string text, const std::string& option, std::uint32_t uid) {
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
    return newcomer("tcp", {inet, where, v6only ? "1" : "0", option}, uid);
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
        const std::vector<PortHolder> holders{
            holder(written(line.substr(0, then), option, 501), "listen", 0)};
        const Newcomer fresh = written(line.substr(then + 5, colon - then - 5), option, uid);
        EXPECT_EQ(result(bsd_bind(darwin, fresh, holders)), line.substr(colon + 2)) << line;
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
        const std::vector<PortHolder> holders{
            holder(written(second + " ", option, 501), "listen", 0),
            holder(written(line.substr(0, then) + " ", option, 501), "listen", 1)};
        std::string to = line.substr(connect + 8, arrow - connect - 8);
        to.erase(to.find_last_not_of(' ') + 1);
        const AnswerVerdict verdict = bsd_answer(darwin, address(to), holders);
        ASSERT_EQ(verdict.who.size(), 1U) << line;
        EXPECT_EQ(verdict.who.front() == 1 ? "first socket" : "second socket", line.substr(arrow + 3))
            << line;
        ++compared;
    }
    EXPECT_EQ(compared, 21);
}

TEST(PortsBsd, ABoundSocketThatDoesNotListenRefusesForTheOneBehindIt) {
    const auto mute = holder(newcomer("tcp", {"inet", "127.0.0.1", "-", "reuseaddr"}, 501), "bound", 0);
    const auto wide = holder(newcomer("tcp", {"inet", "0.0.0.0", "-", "none"}, 501), "listen", 1);
    const AnswerVerdict verdict = bsd_answer(darwin, address("127.0.0.1"), std::vector{mute, wide});
    EXPECT_TRUE(verdict.who.empty());
    EXPECT_EQ(verdict.silent, std::vector<std::size_t>{0});
}

// FreeBSD's tests/sys/netinet/multicast.sh and every mDNS responder need this.
TEST(PortsBsd, AGroupIsSharedByThoseThatReuseTheAddressWhoeverTheyAre) {
    for (const BsdKernel& kernel : {darwin, BsdKernel{true, 14}}) {
        const auto outcome = [&](const char* held, const char* wanted, std::uint32_t uid) {
            const std::vector<PortHolder> holders{
                holder(newcomer("udp", {"inet", "224.0.0.251", "-", held}, 501), "bound", 0)};
            return result(
                bsd_bind(kernel, newcomer("udp", {"inet", "224.0.0.251", "-", wanted}, uid), holders));
        };
        EXPECT_EQ(outcome("reuseaddr", "reuseaddr", 502), "ok");
        EXPECT_EQ(outcome("reuseaddr", "reuseport", 501), "ok");
        EXPECT_EQ(outcome("reuseaddr", "none", 501), "EADDRINUSE");
        EXPECT_EQ(outcome("none", "reuseaddr", 501), "EADDRINUSE");
    }
}

TEST(PortsBsd, EveryMatchingSocketGetsACopyOfABroadcastUpToOneThatDoesNotShare) {
    const auto bound = [](const char* where, const char* option, std::size_t row) {
        return holder(newcomer("udp", {"inet", where, "-", option}, 501), "bound", row);
    };
    const Address everybody = address("255.255.255.255");
    const std::vector<PortHolder> shared{bound("0.0.0.0", "reuseport", 0), bound("10.0.0.1", "reuseport", 1),
                                         bound("0.0.0.0", "none", 2), bound("0.0.0.0", "reuseport", 3)};
    const AnswerVerdict verdict = bsd_copies(darwin, everybody, shared);
    EXPECT_TRUE(verdict.copies);
    EXPECT_EQ(verdict.who, (std::vector<std::size_t>{0, 2}));
    EXPECT_EQ(verdict.doubt, Doubt::None);
    EXPECT_EQ(bsd_copies(darwin, address("224.0.0.251"), shared).doubt, Doubt::Membership);
}

// FreeBSD's tests/sys/netinet/so_reuseport_lb_test.c, and sys/netinet/in_pcb.c, in_pcblookup_lbgroup().
TEST(PortsFreeBsd, SocketsThatShareTheLoadComeFirst) {
    const auto listening = [](const char* where, bool balanced, std::size_t row) {
        PortHolder out = holder(newcomer("tcp", {"inet", where, "-", "none"}, 501), "listen", row);
        out.balanced = balanced;
        return out;
    };
    using Rows = std::vector<std::size_t>;
    const std::vector<PortHolder> holders{listening("127.0.0.1", true, 0), listening("127.0.0.1", true, 1),
                                          listening("127.0.0.1", false, 2)};
    const AnswerVerdict verdict = bsd_answer({true, 14}, address("127.0.0.1"), holders);
    EXPECT_EQ(verdict.who, (Rows{0, 1}));
    EXPECT_EQ(verdict.doubt, Doubt::Group);
    const std::vector<PortHolder> wide{listening("127.0.0.1", false, 0), listening("0.0.0.0", true, 1)};
    EXPECT_EQ(bsd_answer({true, 14}, address("127.0.0.1"), wide).who, Rows{1});
}

TEST(PortsFreeBsd, AnotherUserOnTheWildcardIsRefusedWhereDarwinAdmits) {
    const std::vector<PortHolder> holders{
        holder(newcomer("tcp", {"inet", "0.0.0.0", "-", "reuseaddr"}, 501), "listen", 0)};
    const Newcomer go = newcomer("tcp", {"inet6", "::", "0", "reuseaddr"}, 502);
    EXPECT_EQ(result(bsd_bind({true, 14}, go, holders)), "EADDRINUSE");
    EXPECT_EQ(result(bsd_bind(darwin, go, holders)), "ok");
}

TEST(PortsFreeBsd, AConnectionOfAnotherUserDoesNotCountForTcp) {
    for (const auto* protocol : {"tcp", "udp"}) {
        const std::vector<PortHolder> holders{
            holder(newcomer(protocol, {"inet", "127.0.0.1", "-", "none"}, 501), "connected", 0)};
        const Newcomer fresh = newcomer(protocol, {"inet", "127.0.0.1", "-", "reuseaddr"}, 502);
        EXPECT_EQ(result(bsd_bind({true, 14}, fresh, holders)),
                  std::string_view(protocol) == "tcp" ? "ok" : "EADDRINUSE");
    }
}

TEST(PortsFreeBsd, EqualWildcardsAreTheOldestOn13AndATieSince14) {
    const Newcomer any = newcomer("tcp", {"inet", "0.0.0.0", "-", "reuseport"}, 501);
    const std::vector<PortHolder> holders{holder(any, "listen", 0), holder(any, "listen", 1)};
    EXPECT_EQ(bsd_answer({true, 13}, address("127.0.0.1"), holders).who, std::vector<std::size_t>{1});
    const AnswerVerdict tie = bsd_answer({true, 14}, address("127.0.0.1"), holders);
    EXPECT_EQ(tie.who, (std::vector<std::size_t>{0, 1}));
    EXPECT_EQ(tie.doubt, Doubt::Order);
}

} // namespace
} // namespace netstat46
