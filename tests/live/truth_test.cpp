// What the listing says of sockets beside what their holders and the kernel say of them.
#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <set>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "listing.hpp"
#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

class Truth : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    }
};

struct RandomSocket {
    Fd fd;
    std::string what;
    bool listed = true;
    std::string v6only; ///< wanted
};

std::string option_of(const Fd& socket) {
    int value = -1;
    socklen_t length = sizeof value;
    if (getsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &value, &length) != 0) return "-";
    return value != 0 ? "yes" : "no";
}

/// TCP or UDP, bound to something, then listening, connected or neither; nothing if the kernel refused.
RandomSocket random_socket(std::mt19937& random) {
    const auto one_of = [&](auto... choices) {
        const std::array all{choices...};
        return all[random() % all.size()];
    };
    const std::string address = one_of("0.0.0.0", "127.0.0.1", "::", "::", "::1", "::ffff:127.0.0.1",
                                       "::ffff:0.0.0.0", "2001:db8::1");
    const int type = one_of(SOCK_STREAM, SOCK_DGRAM);
    const Name name{address, 0};
    RandomSocket out;
    out.fd = open_socket(family_of(name), type);
    out.what = address + (type == SOCK_STREAM ? " tcp" : " udp");
    if (family_of(name) == AF_INET6 && random() % 3 != 0)
        set_option(out.fd, IPPROTO_IPV6, IPV6_V6ONLY, one_of(0, 1));
    if (!bind_to(out.fd, name)) return {};
    if (random() % 4 == 0) { // connected
        const bool mapped = address.starts_with("::ffff:");
        const Name to{family_of(name) == AF_INET ? "127.0.0.1" : mapped ? "::ffff:127.0.0.1" : "::1", 9999};
        if (!connect_to(out.fd, to)) return {};
        out.what += " connected";
        out.v6only = "-";
        return out;
    }
    if (type == SOCK_STREAM) {
        out.listed = random() % 4 != 0;
        if (out.listed) listen(out.fd.get(), 4);
    }
    out.v6only = option_of(out.fd);
    return out;
}

TEST_F(Truth, V6OnlyIsWhatGetsockoptSays) {
    for (const unsigned seed : {1U, 2U, 3U}) {
        std::mt19937 random(seed);
        const Fd peer = open_socket(AF_INET6, SOCK_STREAM); // whom TCP clients connect to
        set_option(peer, IPPROTO_IPV6, IPV6_V6ONLY, 0);
        ASSERT_TRUE(bind_to(peer, {"::", 9999}) && listen(peer.get(), 100) == 0);
        Holders bound_sockets;
        std::vector<RandomSocket> sockets;
        for (int i = 0; i < 150; ++i) {
            RandomSocket socket = random_socket(random);
            if (!socket.fd) continue;
            if (random() % 5 == 0) bound_sockets.add("holder", {&socket.fd});
            sockets.push_back(std::move(socket));
        }
        ASSERT_GT(sockets.size(), 80U);
        std::map<std::string, ListedSocket> rows;
        for (const ListedSocket& row : internet_rows(ours("-ane").out)) rows.emplace(row.inode, row);
        std::map<std::string, int> seen;
        for (const RandomSocket& socket : sockets) {
            const auto row = rows.find(std::to_string(inode_of(socket.fd)));
            ASSERT_EQ(row != rows.end(), socket.listed) << socket.what;
            if (!socket.listed) continue;
            EXPECT_EQ(row->second.v6only, socket.v6only) << socket.what << "\n" << row->second.line;
            ++seen[socket.v6only];
        }
        EXPECT_GT(seen["yes"], 5);
        EXPECT_GT(seen["no"], 5);
        EXPECT_GT(seen["-"], 5);
    }
}

TEST_F(Truth, ConnectedSocketsHaveNoV6Only) {
    const Zoo zoo;
    std::set<std::string> dashed;
    for (const ListedSocket& row : internet_rows(ours("-ane").out)) {
        const bool inet6 = row.protocol.ends_with("6");
        const bool connected = !row.foreign.ends_with(":*") || (row.protocol == "raw6" && row.state == "1");
        if (!inet6 || connected) {
            EXPECT_EQ(row.v6only, "-") << row.line;
            dashed.insert(row.state);
        } else if (row.protocol == "raw6") {
            EXPECT_TRUE(row.v6only == "?" || row.v6only == "yes" || row.v6only == "no") << row.line;
        } else {
            EXPECT_TRUE(row.v6only == "yes" || row.v6only == "no") << row.line;
        }
    }
    EXPECT_TRUE(dashed.contains("SYN_RECV") && dashed.contains("TIME_WAIT"));
}

TEST_F(Truth, AMappedAddressThatIsNotConnectedIsNotV6Only) {
    std::vector<Fd> sockets;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
        sockets.push_back(open_socket(AF_INET6, type));
        ASSERT_TRUE(bind_to(sockets.back(), {"::ffff:127.0.0.1", 8888}));
        if (type == SOCK_STREAM) listen(sockets.back().get(), 1);
    }
    const auto rows = internet_rows(ours("-ane").out);
    ASSERT_EQ(rows.size(), 2U);
    for (const ListedSocket& row : rows) EXPECT_EQ(row.v6only, "no") << row.line;
}

TEST_F(Truth, EveryStateAppears) {
    const Zoo zoo;
    std::set<std::string> states;
    for (const ListedSocket& row : internet_rows(ours("-ane").out)) states.insert(row.state);
    for (const char* state : {"SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
                              "CLOSE_WAIT", "LAST_ACK", "CLOSING", "LISTEN"})
        EXPECT_TRUE(states.contains(state)) << state;
}

/// The processes that hold a socket, by their links in /proc.
std::set<pid_t> bound_sockets_of(const std::string& inode) {
    namespace fs = std::filesystem;
    std::set<pid_t> pids;
    std::error_code error;
    for (const fs::directory_entry& process : fs::directory_iterator("/proc")) {
        const pid_t pid = std::atoi(process.path().filename().c_str());
        if (pid == 0) continue;
        for (auto fd = fs::directory_iterator(process.path() / "fd", error); fd != fs::directory_iterator();
             fd.increment(error))
            if (fs::read_symlink(fd->path(), error) == "socket:[" + inode + "]") pids.insert(pid);
    }
    return pids;
}

TEST_F(Truth, TheOwnerShownIsTheLowestProcessThatHoldsTheSocket) {
    if (geteuid() != 0) GTEST_SKIP() << "not root: not every holder can be seen";
    const Zoo zoo;
    int owned = 0;
    for (const ListedSocket& row : internet_rows(ours("-ane").out)) {
        const std::set<pid_t> bound_sockets =
            row.inode == "0" ? std::set<pid_t>{} : bound_sockets_of(row.inode);
        if (bound_sockets.empty()) {
            EXPECT_EQ(row.program, "-") << row.line;
        } else {
            EXPECT_EQ(std::atoi(row.program.c_str()), *bound_sockets.begin()) << row.line;
            ++owned;
        }
    }
    EXPECT_GT(owned, 60);
}

std::string without_trailing_blanks(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

/// A row without its last word.
std::string without_v6only(const std::string& line) {
    return without_trailing_blanks(line.substr(0, line.rfind(' ') + 1));
}

TEST_F(Truth, WithoutItsColumnTheListingIsTheClassicOneWithOwners) {
    const Zoo zoo;
    // Linux 7.2 has none any more.
    const bool has_udplite = access("/proc/net/udplite", F_OK) == 0;
    const std::string no_udplite = "netstat: no support for `AF INET (udplite)' on this system.\n";
    for (const char* options : {"", "-n", "-an", "-ane", "-tuan", "-tln", "-uan", "-wan", "-Uan", "-xan",
                                "-4an", "-6an", "-ae", "-l", "-an -A inet6", "-anp", "-tulpn"}) {
        const Ran classic = ours(std::string("--classic -p ") + options),
                  own = ours(std::string("-p ") + options);
        EXPECT_EQ(own.status, classic.status);
        EXPECT_EQ(own.error, has_udplite || options != std::string_view("-Uan") ? "" : no_udplite) << options;
        const auto want = lines_of(classic.out), have = lines_of(without_counts(own.out));
        ASSERT_EQ(want.size(), have.size()) << options;
        for (std::size_t i = 0; i < want.size(); ++i) {
            const bool native_line = want[i].starts_with("Active ") || want[i].starts_with("unix") ||
                                     want[i].starts_with("Proto RefCnt");
            EXPECT_EQ(native_line ? have[i] : without_v6only(have[i]),
                      native_line ? want[i] : without_trailing_blanks(want[i]))
                << options;
        }
    }
}

TEST_F(Truth, TheColumnStandsUnderItsTitleAndEndsTheLine) {
    const Zoo zoo;
    for (const char* options : {"-an", "-ane", "-aneo", "-ano", "-tuan", "-tln"}) {
        const std::string listing = ours(options).out, header = internet_header(listing);
        ASSERT_TRUE(header.ends_with(" V6ONLY")) << options;
        const std::size_t column = header.size() - 6;
        int aligned = 0, rows = 0;
        for (const ListedSocket& row : internet_rows(listing)) {
            ++rows;
            EXPECT_FALSE(row.line.ends_with(" ")) << row.line;
            const std::vector<std::string> words = words_of(row.line);
            EXPECT_TRUE(std::set<std::string>({"yes", "no", "-", "?"}).contains(words.back())) << row.line;
            const std::size_t moved =
                std::max<std::size_t>(words[1].size(), 6) + std::max<std::size_t>(words[2].size(), 6) - 12;
            aligned += row.line.rfind(' ') + 1 == column + moved ? 1 : 0;
        }
        EXPECT_EQ(aligned, rows) << options;
    }
}

TEST_F(Truth, WideShowsProgramNamesWholeAndNoArguments) {
    const Zoo zoo;
    const std::string wide = ours("-anW").out, narrow = ours("-an").out;
    EXPECT_NE(wide.find("/a-name-longer-than-nineteen-characters "), std::string::npos);
    EXPECT_EQ(narrow.find("a-name-longer-than-nineteen-characters"), std::string::npos);
    EXPECT_NE(wide.find("/absolute "), std::string::npos);
    EXPECT_EQ(wide.find("/usr/sbin/absolute"), std::string::npos);
    EXPECT_EQ(wide.find(hold_word), std::string::npos);
    EXPECT_EQ(ours("--classic -anpW").out.find("a-name-longer-than-nineteen-characters"), std::string::npos);
}

TEST_F(Truth, NoControlCharacterComesThrough) {
    const Zoo zoo;
    for (const char* options : {"-an", "-a", "-anW", "-anpeoW --classic", "-xa"})
        for (const char c : ours(options).out)
            EXPECT_TRUE(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) << options;
}

TEST_F(Truth, PortsSelectLocalAndForeignAndImplyAll) {
    const Zoo zoo;
    struct Case {
        const char* options;
        std::function<bool(unsigned)> wanted;
    };
    const Case cases[] = {
        {"--port=8888", [](unsigned port) { return port == 8888; }},
        {"--port=8888,9001", [](unsigned port) { return port == 8888 || port == 9001; }},
        {"--port=8000-9010", [](unsigned port) { return port >= 8000 && port <= 9010; }},
        {"--port=http,domain", [](unsigned port) { return port == 80 || port == 53; }},
        {"--port=22,7000-7010,65535",
         [](unsigned port) { return port == 22 || (port >= 7000 && port <= 7010) || port == 65535; }},
        {"--port=1-65535", [](unsigned port) { return port >= 1; }},
        {"--port=3", [](unsigned port) { return port == 3; }},
    };
    for (const Case& test : cases) {
        std::set<std::string> want, have;
        for (const ListedSocket& row : internet_rows(ours("-ane").out))
            if (row.protocol.substr(0, 3) != "raw" &&
                (test.wanted(port_of(row.local)) || test.wanted(port_of(row.foreign))))
                want.insert(row.line);
        for (const ListedSocket& row : internet_rows(ours(std::string("-ne ") + test.options).out))
            if (row.protocol.substr(0, 3) != "raw") have.insert(row.line);
        EXPECT_EQ(want, have) << test.options;
    }
    for (const ListedSocket& row : internet_rows(ours("-lne --port=9001-9027").out))
        EXPECT_TRUE(row.foreign.ends_with(":*")) << "-l still means listeners: " << row.line;
}

} // namespace
} // namespace netstat46::live
