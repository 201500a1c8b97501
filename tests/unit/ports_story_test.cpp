// docker holds port 8888: 0.0.0.0 and then [::1], both with SO_REUSEADDR. Then somebody else wants it.
#include "bsd/port_rules.hpp"
#include "linux/port_rules.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "files.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

constexpr BsdKernel darwin{};
constexpr BsdKernel freebsd{true, 14};
constexpr std::uint32_t docker = 501, another = 502;

BindRequest socket(std::string_view address, bool v6only, bool reuseaddr, std::uint32_t uid) {
    BindRequest out;
    out.address = *parse_address(address);
    out.family = out.address.family;
    out.port = 8888;
    out.v6only = v6only;
    out.reuseaddr = reuseaddr;
    out.uid = uid;
    return out;
}

BoundSocket listening(const BindRequest& socket, std::size_t row) {
    BoundSocket out = bound_socket(socket);
    out.row = row;
    return out;
}

constexpr std::size_t tcp6 = 0, tcp4 = 1, request = 2; ///< rows

std::vector<BoundSocket> docker_sockets(bool v6only) {
    return {listening(socket("::1", v6only, true, docker), tcp6),
            listening(socket("0.0.0.0", false, true, docker), tcp4)};
}

struct Program {
    std::string_view name, address;
    bool v6only, reuseaddr;
};
constexpr Program python{"Python", "0.0.0.0", false, false};
constexpr Program go{"Go tcp", "::", false, true};
constexpr Program go4{"Go tcp4", "0.0.0.0", false, true};
constexpr Program go6{"Go tcp6", "::", true, true};
constexpr Program node{"Node", "::", false, true};
constexpr Program careless{"[::] without SO_REUSEADDR", "::", false, false};

BindRequest of(const Program& program, std::uint32_t uid) {
    return socket(program.address, program.v6only, program.reuseaddr, uid);
}

using Rows = std::vector<std::size_t>;

TEST(PortsStory, LinuxRefusesEverybody) {
    for (const std::uint32_t uid : {docker, another}) {
        EXPECT_EQ(linux_bind(of(go, uid), docker_sockets(false)).because, (Rows{tcp6, tcp4}));
        EXPECT_EQ(linux_bind(of(node, uid), docker_sockets(false)).because, (Rows{tcp6, tcp4}));
        EXPECT_EQ(linux_bind(of(careless, uid), docker_sockets(false)).because, (Rows{tcp6, tcp4}));
        EXPECT_EQ(linux_bind(of(python, uid), docker_sockets(false)).because, (Rows{tcp4}));
        EXPECT_EQ(linux_bind(of(go4, uid), docker_sockets(false)).because, (Rows{tcp4}));
        EXPECT_EQ(linux_bind(of(go6, uid), docker_sockets(false)).because, (Rows{tcp6}));
    }
}

TEST(PortsStory, LinuxAnswersAsDockerAndNobodyOnTheLan) {
    const auto bound_sockets = docker_sockets(true);
    EXPECT_EQ(linux_answer(*parse_address("127.0.0.1"), bound_sockets).who, Rows{tcp4});
    EXPECT_EQ(linux_answer(*parse_address("192.168.1.23"), bound_sockets).who, Rows{tcp4});
    EXPECT_EQ(linux_answer(*parse_address("::1"), bound_sockets).who, Rows{tcp6});
    EXPECT_EQ(linux_answer(*parse_address("fd00::23"), bound_sockets).who, Rows{});
}

/// tests/golden/ports/story.tsv: what the XNU stack did.
TEST(PortsStory, DarwinDoesWhatWasMeasured) {
    const std::map<std::string, Program> programs{
        {"a", python}, {"b", go}, {"c", go4}, {"d", go6}, {"e", node}};
    std::ifstream in(tests / "golden/ports/story.tsv");
    std::string line;
    std::getline(in, line);
    int compared = 0;
    while (std::getline(in, line)) {
        std::vector<std::string> cells;
        std::istringstream row(line);
        for (std::string cell; std::getline(row, cell, '\t');) cells.push_back(cell);
        std::vector<BoundSocket> bound_sockets = docker_sockets(cells[0] == "1");
        if (cells[1] != "-") {
            const BindRequest fresh = of(programs.at(cells[1]), cells[6] == "yes" ? docker : another);
            const BindVerdict verdict = bsd_bind(darwin, fresh, bound_sockets);
            EXPECT_EQ(verdict.outcome == Outcome::Ok ? "ok" : verdict.error, cells[7]) << line;
            if (verdict.outcome == Outcome::Ok)
                bound_sockets.insert(bound_sockets.begin(), listening(fresh, request));
        }
        const char* destinations[] = {"127.0.0.1", "192.168.1.23", "::1", "fd00::23"};
        for (std::size_t i = 0; i < 4; ++i) {
            const Rows who = bsd_answer(darwin, *parse_address(destinations[i]), bound_sockets).who;
            const char* names[] = {"docker tcp6", "docker tcp4", "newcomer"};
            EXPECT_EQ(who.empty() ? "refused" : names[who.front()], cells[9 + i]) << line;
        }
        ++compared;
    }
    EXPECT_EQ(compared, 22);
}

TEST(PortsStory, DarwinSaysBecauseOfWhom) {
    EXPECT_EQ(bsd_bind(darwin, of(go, another), docker_sockets(false)).because, Rows{tcp6});
    EXPECT_EQ(bsd_bind(darwin, of(careless, docker), docker_sockets(false)).because, Rows{tcp6});
    EXPECT_EQ(bsd_bind(darwin, of(python, docker), docker_sockets(false)).because, Rows{tcp4});
}

TEST(PortsStory, FreeBsdAdmitsGoForTheSameUserOnly) {
    EXPECT_EQ(bsd_bind(freebsd, of(go, docker), docker_sockets(false)).outcome, Outcome::Ok);
    EXPECT_EQ(bsd_bind(freebsd, of(node, docker), docker_sockets(false)).outcome, Outcome::Ok);
    EXPECT_EQ(bsd_bind(freebsd, of(go6, docker), docker_sockets(false)).outcome, Outcome::Ok);
    EXPECT_EQ(bsd_bind(freebsd, of(go, another), docker_sockets(false)).outcome, Outcome::Refused);
    EXPECT_EQ(bsd_bind(freebsd, of(go4, docker), docker_sockets(false)).because, Rows{tcp4});
    EXPECT_EQ(bsd_bind(freebsd, of(careless, docker), docker_sockets(false)).because, Rows{tcp6});

    auto bound_sockets = docker_sockets(false);
    bound_sockets.insert(bound_sockets.begin(), listening(of(go, docker), request));
    EXPECT_EQ(bsd_answer(freebsd, *parse_address("127.0.0.1"), bound_sockets).who, Rows{tcp4});
    EXPECT_EQ(bsd_answer(freebsd, *parse_address("192.168.1.23"), bound_sockets).who, Rows{tcp4});
    EXPECT_EQ(bsd_answer(freebsd, *parse_address("::1"), bound_sockets).who, Rows{tcp6});
    EXPECT_EQ(bsd_answer(freebsd, *parse_address("fd00::23"), bound_sockets).who, Rows{request});
}

} // namespace
} // namespace netstat46
