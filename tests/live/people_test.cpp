// What people type, and what they read: forms of ports, both protocols, hints, pids.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

constexpr std::uint16_t port = 8888;

class People : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    }
};

bool says(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

/// What netstat46 prints on a terminal, both streams together.
std::string on_terminal(std::string_view options, const Way& way = {}) {
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) return "no terminal";
    const int end = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    Way there = way;
    there.out = end;
    const Ran ran = ours(options, there);
    close(end);
    std::string text(65536, '\0');
    const ssize_t size = read(terminal, text.data(), text.size());
    close(terminal);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    std::erase(text, '\r');
    return text + ran.error;
}

TEST_F(People, AskInEveryFormThatListingsHave) {
    const Fd listener = open_socket(AF_INET6, SOCK_STREAM);
    ASSERT_TRUE(bind_to(listener, {"::", port}) && listen(listener.get(), 4) == 0);
    const std::string usual = ours("-t --explain=8888").out;
    EXPECT_TRUE(says(usual, "Port 8888/tcp is held by 1 listening socket")) << usual;
    for (const char* form : {":8888", "*:8888", "any:8888", "*.8888", "8888/tcp", "tcp:8888"}) {
        EXPECT_EQ(ours(std::string("--explain=tcp:8888")).out, usual);
        EXPECT_EQ(ours(std::string("-t --explain=") + form).out, usual) << form;
        EXPECT_EQ(ours(std::string("-t --explain ") + form).out, usual) << form;
        EXPECT_EQ(ours(std::string("--can-bind=") + form).status, 1) << form;
        EXPECT_EQ(ours(std::string("--who-answers=") + form).status, 0) << form;
        EXPECT_EQ(ours(std::string("-n --port=") + form).out, ours("-n --port=8888/tcp").out) << form;
    }
    for (const char* form : {"[::1]:8888", "::1:8888", "::1.8888", "127.0.0.1:8888", "127.0.0.1.8888",
                             "localhost:8888", ":::8888"})
        EXPECT_EQ(ours(std::string("--who-answers=") + form).status, 0) << form;
    EXPECT_EQ(ours("--explain=8889,8888").status, 0);
    EXPECT_EQ(ours("--can-bind=8889").out, "tcp [::]:8889: works\n");
    EXPECT_EQ(ours("-4 --can-bind=8889").out, "tcp 0.0.0.0:8889: works\n");
    EXPECT_EQ(ours("-4 --explain=[::1]:8888").status, 2);
    EXPECT_TRUE(says(ours("--port=127.0.0.1:8888").error, "--address=127.0.0.1"));
}

TEST_F(People, HearOfUdpToo) {
    const Fd receiver = open_socket(AF_INET, SOCK_DGRAM);
    ASSERT_TRUE(bind_to(receiver, {"0.0.0.0", 53}));
    const Ran both = ours("--explain=53");
    EXPECT_EQ(both.status, 0) << "held";
    EXPECT_TRUE(both.out.starts_with("Port 53/udp is held by 1 receiving socket\n")) << both.out;
    EXPECT_TRUE(both.out.ends_with("\n\ntcp 53 is free\n")) << both.out;
    const Ran tcp = ours("-t --explain=53");
    EXPECT_EQ(tcp.status, 1);
    EXPECT_FALSE(says(tcp.out, "udp")) << tcp.out;
    EXPECT_EQ(ours("-u --explain=53").out, ours("--explain=53/udp").out);
    EXPECT_TRUE(ours("--explain=54").out.ends_with("\n\nudp 54 is free\n"));
    EXPECT_EQ(ours("-u --can-bind=53").status, 1);
    EXPECT_EQ(ours("--can-bind=53").status, 0) << "of TCP";
}

TEST_F(People, ReadAHintOnATerminalOnly) {
    for (const auto& [options, hint] : {std::pair{"8888", "did you mean --port=8888?"},
                                        {"-an -p tcp", "did you mean -t?"},
                                        {"-an -f inet", "did you mean -4?"},
                                        {"explain 8888", "did you mean --explain=8888?"}}) {
        EXPECT_TRUE(says(on_terminal(options), hint)) << options;
        EXPECT_FALSE(says(ours(options).error, "did you mean")) << options;
        EXPECT_FALSE(says(on_terminal(std::string("--classic ") + options), "did you mean")) << options;
    }
}

TEST_F(People, AreToldOfWhatDoesNotExist) {
    Holders holders;
    Fd listener = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(listener, {"127.0.0.1", port}) && listen(listener.get(), 4) == 0);
    holders.add("zoo1", {&listener});
    listener = Fd();
    const auto found = [](const std::string& pattern) {
        return lines(ours("-tln --command=" + pattern).out);
    };
    EXPECT_EQ(found("zoo1"), 3U);
    EXPECT_EQ(found("zoo*"), 3U);
    EXPECT_EQ(found("zo?[0-9]"), 3U);
    EXPECT_EQ(found("zoo"), 2U);
    EXPECT_EQ(
        found(ours("--pids -l --port=8888").out.substr(0, ours("--pids -l --port=8888").out.size() - 1) +
              "/zoo1"),
        3U);
    const std::string said = ours("-tln --command=zoo").error;
    EXPECT_TRUE(says(said, "--command: no process that holds a socket is called `zoo'")) << said;
    EXPECT_TRUE(says(said, "there is zoo1: write --command='*zoo*'")) << said;
    EXPECT_TRUE(says(ours("--pid=99999999").error, "there is no process 99999999"));
}

TEST_F(People, GetPidsForKill) {
    Holders holders;
    Fd listener = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(listener, {"127.0.0.1", port}) && listen(listener.get(), 4) == 0);
    holders.add("first", {&listener});
    holders.add("second", {&listener});
    listener = Fd();
    const Ran pids = ours("--pids -l --port=8888");
    EXPECT_EQ(pids.status, 0);
    const auto both = lines_of(pids.out);
    ASSERT_EQ(both.size(), 2U) << pids.out;
    EXPECT_LT(std::stoi(both[0]), std::stoi(both[1]));
    EXPECT_EQ(ours("--pids --port=8889").status, 1);
    EXPECT_EQ(ours("--pids --port=8889").out, "");
    EXPECT_EQ(ours("--pids --json").status, 3);
    const std::string explained = ours("--explain=8888").out;
    EXPECT_TRUE(says(explained, fmt::format("\n  {} ", both[0]))) << explained;
    EXPECT_TRUE(says(explained, fmt::format("\n  {} ", both[1]))) << explained;
}

TEST_F(People, SeeHowManyMoreProcessesHoldASocket) {
    Holders holders;
    Fd listener = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(listener, {"127.0.0.1", port}) && listen(listener.get(), 4) == 0);
    pid_t lowest = 0;
    for (int i = 0; i < 4; ++i) {
        const pid_t pid = holders.add("a_server_of_long_name", {&listener});
        lowest = lowest == 0 ? pid : std::min(lowest, pid);
    }
    listener = Fd();
    const auto cell = [](const std::string& out) {
        const std::string row = lines_of(out).at(2);
        const std::size_t at = row.find("LISTEN") + 12;
        return row.substr(at, row.find(' ', at) - at);
    };
    const std::string whole = fmt::format("{}/a_server_of_long_name", lowest);
    EXPECT_EQ(cell(ours("-tln").out), whole.substr(0, 17) + "+3");
    EXPECT_EQ(cell(ours("-tlnW").out), whole + "+3");
    EXPECT_EQ(cell(ours("-tlnp --classic").out), whole.substr(0, 19));
    EXPECT_EQ(lines(ours("-tln --command=" + whole.substr(0, 17) + "+3").out), 3U) << "as it is printed";
}

/// Output that a program reads along, not a file.
std::string piped(std::string_view options) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
    Way way;
    way.out = ends[1];
    ours(options, way);
    close(ends[1]);
    std::string text(65536, '\0');
    const ssize_t size = read(ends[0], text.data(), text.size());
    close(ends[0]);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return text;
}

TEST_F(People, GetNamesWithoutBlanksInAPipeUnlessOwnersWereAskedFor) {
    Holders holders;
    Fd listener = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(listener, {"127.0.0.1", port}) && listen(listener.get(), 4) == 0);
    holders.add("ng: a b", {&listener});
    listener = Fd();
    EXPECT_TRUE(says(piped("-tln"), "/ng__a_b ")) << piped("-tln");
    for (const char* options : {"-tlnp", "-tlnW", "-tlnp --classic"})
        EXPECT_TRUE(says(piped(options), "/ng: a b ")) << options;
    EXPECT_TRUE(says(ours("-tln").out, "/ng: a b ")) << "in a file";
    EXPECT_TRUE(says(on_terminal("-tln"), "/ng: a b "));
    EXPECT_EQ(lines(ours("-tln --command=ng__a_b").out), 3U) << "as it is printed";
}

TEST_F(People, GetRowsThatFitTheTerminal) {
    Fd listener = open_socket(AF_INET6, SOCK_STREAM);
    ASSERT_TRUE(bind_to(listener, {"::1", port}) && listen(listener.get(), 4) == 0);
    const auto widest = [](const std::string& text) {
        std::size_t most = 0;
        for (const std::string& line : lines_of(text)) most = std::max(most, line.size());
        return most;
    };
    const std::string wide = ours("-tln").out;
    EXPECT_EQ(on_terminal("-tln --color=never", {.environment = {"COLUMNS=200"}}), wide);
    for (const std::size_t columns : {100, 80, 60}) {
        const std::string fitted =
            on_terminal("-tln --color=never", {.environment = {fmt::format("COLUMNS={}", columns)}});
        EXPECT_LE(widest(fitted), columns) << fitted;
        EXPECT_FALSE(says(fitted, "Recv-Q")) << fitted;
        EXPECT_TRUE(says(fitted, ":8888 ")) << "ports stay whole" << fitted;
        EXPECT_TRUE(says(fitted, "V6ONLY")) << fitted;
    }
    for (const char* options : {"-tlnW", "--classic -tln"})
        EXPECT_EQ(on_terminal(options, {.environment = {"COLUMNS=60"}}), ours(options).out) << options;
    EXPECT_EQ(ours("-tln", {.environment = {"COLUMNS=60"}}).out, wide) << "a file";
}

TEST_F(People, SeeAConnectionFromBothEnds) {
    Fd listener = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(listener, {"127.0.0.1", port}) && listen(listener.get(), 4) == 0);
    const Pair pair = connected_pair({"127.0.0.1", 7001}, {"127.0.0.1", port});
    ASSERT_EQ(write(pair.client.get(), "hello", 5), 5);
    const Ran told = ours("--explain=127.0.0.1:7001-127.0.0.1:8888");
    EXPECT_EQ(told.status, 0);
    EXPECT_TRUE(told.out.starts_with("Connection 127.0.0.1:7001-127.0.0.1:8888: both ends are here\n"))
        << told.out;
    EXPECT_TRUE(says(told.out, "\nAt 127.0.0.1:7001\n")) << told.out;
    EXPECT_TRUE(says(told.out, "round trip time")) << told.out;
    EXPECT_TRUE(says(told.out, "not read yet            5 bytes")) << told.out;
    for (const std::string& line : lines_of(told.out)) EXPECT_LE(line.size(), 80U) << line;
    EXPECT_EQ(ours("--explain=127.0.0.1:8888-127.0.0.1:7001").status, 0);
    EXPECT_EQ(ours("--explain=127.0.0.1:8888-127.0.0.1:7002").status, 1);
    EXPECT_TRUE(says(ours("--json --explain=127.0.0.1:7001-127.0.0.1:8888").out, "\"ends\":[{"));
}

TEST_F(People, SeeWhoHoldsAUnixPath) {
    const std::string name = "netstat46-people-test"; // abstract: of this namespace
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    name.copy(where.sun_path + 1, name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const Fd listener = open_socket(AF_UNIX, SOCK_STREAM);
    ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&where), size), 0);
    ASSERT_EQ(listen(listener.get(), 4), 0);
    const Fd client = open_socket(AF_UNIX, SOCK_STREAM);
    ASSERT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&where), size), 0);
    const Fd server(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const Ran told = ours("--explain=unix:@" + name);
    EXPECT_EQ(told.status, 0);
    EXPECT_TRUE(told.out.starts_with("Unix path @" + name + " is held by 2 sockets\n")) << told.out;
    EXPECT_TRUE(says(told.out, fmt::format("pid {}", getpid()))) << told.out;
    EXPECT_EQ(ours("--explain=unix:/nowhere").status, 1);
}

TEST_F(People, GetColourOnATerminalOnly) {
    Fd listener = open_socket(AF_INET6, SOCK_STREAM);
    ASSERT_TRUE(bind_to(listener, {"::", port}) && listen(listener.get(), 4) == 0);
    const Way wide{.environment = {"COLUMNS=200"}};
    EXPECT_TRUE(says(on_terminal("-tln", wide), "\x1b[32mLISTEN     \x1b[0m")) << on_terminal("-tln", wide);
    EXPECT_TRUE(says(on_terminal("-tln", wide), "\x1b[33mno\x1b[0m"));
    for (const char* options : {"-tln --color=never", "--classic -tln", "--json -tln"})
        EXPECT_FALSE(says(on_terminal(options, wide), "\x1b")) << options;
    EXPECT_FALSE(says(on_terminal("-tln", {.environment = {"NO_COLOR=1"}}), "\x1b"));
    EXPECT_FALSE(says(ours("-tln").out, "\x1b"));
    EXPECT_TRUE(says(ours("-tln --color=always").out, "\x1b[32mLISTEN"));
    EXPECT_TRUE(says(ours("--can-bind=8888 --color=always").out, "\x1b[31mrefused\x1b[0m (address in use)"));
    std::string without = ours("-tln --color=always").out;
    for (const char* code : {"\x1b[32m", "\x1b[33m", "\x1b[0m"})
        for (std::size_t at = without.find(code); at != std::string::npos; at = without.find(code))
            without.erase(at, std::string_view(code).size());
    EXPECT_EQ(without, ours("-tln").out) << "only the colour differs";
}

TEST_F(People, AreToldHowLongTimeWaitStays) {
    {
        Pair over = connected_pair({"127.0.0.1", 7001}, {"127.0.0.1", port});
        over.client = Fd(); // closes first, and so waits
        over.server = Fd();
    }
    const Ran told = ours("--explain=7001");
    EXPECT_TRUE(says(told.out, "1 connection in TIME_WAIT: closed, and kept so that late packets"))
        << told.out;
    EXPECT_TRUE(says(told.out, " s more")) << told.out;
    for (const std::string& line : lines_of(told.out)) EXPECT_LE(line.size(), 80U) << line;
}

/// Every cure that is shown, tried: the kernel takes what the rules promise.
TEST_F(People, GetCuresThatHelp) {
    Fd listener = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(listener, {"127.0.0.1", port}) && listen(listener.get(), 4) == 0);
    const Ran refused = ours("--can-bind=8888");
    EXPECT_EQ(refused.status, 1);
    ASSERT_TRUE(says(refused.out, "use tcp6 ([::] with V6ONLY) or bind ::1 only")) << refused.out;
    EXPECT_FALSE(says(refused.out, "SO_REUSEADDR")) << "never helps against a listener";
    const int on = 1;
    {
        const Fd v6only = open_socket(AF_INET6, SOCK_STREAM);
        ASSERT_EQ(setsockopt(v6only.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), 0);
        EXPECT_TRUE(bind_to(v6only, {"::", port}) && listen(v6only.get(), 4) == 0);
    }
    {
        const Fd loopback = open_socket(AF_INET6, SOCK_STREAM);
        EXPECT_TRUE(bind_to(loopback, {"::1", port}) && listen(loopback.get(), 4) == 0);
    }
    listener = Fd(); // as if it had been stopped
    const Fd dual = open_socket(AF_INET6, SOCK_STREAM);
    EXPECT_TRUE(bind_to(dual, {"::", port}) && listen(dual.get(), 4) == 0);
}

TEST_F(People, MayRepeatAQuestion) {
    const Ran ran = ours("-c --explain=8888", {.seconds = 2.5});
    EXPECT_EQ(ran.status, 128 + 9) << "it ends when it is ended";
    std::size_t times = 0;
    for (std::size_t at = ran.out.find("Port 8888"); at != std::string::npos;
         at = ran.out.find("Port 8888", at + 1))
        ++times;
    EXPECT_GE(times, 2U) << ran.out;
    EXPECT_EQ(ours("-c --quiet --explain=8888").status, 2);
}

} // namespace
} // namespace netstat46::live
