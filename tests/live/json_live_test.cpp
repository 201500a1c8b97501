// The document and the selections beside each other over a zoo of sockets. What the kernel filters must be
// what the selection would have filtered, whatever the state of a socket.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>

#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

class JsonLive : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    }
};

/// The sockets of a document up to their state; queues and timers change from call to call.
std::vector<std::string> sockets_of(const Ran& ran) {
    EXPECT_EQ(ran.status, 0) << ran.error;
    std::vector<std::string> sockets;
    for (const std::string& line : lines_of(ran.out)) {
        if (!line.starts_with("{\"protocol\"")) continue;
        std::size_t end = line.size();
        for (const char* behind : {",\"recv_q\"", ",\"inode\"", ",\"owners\""})
            end = std::min(end, line.find(behind));
        std::string socket = line.substr(0, end);
        sockets.push_back(std::move(socket));
    }
    std::sort(sockets.begin(), sockets.end());
    return sockets;
}

/// What follows each `name` in `text`, up to any of `ends`.
std::vector<std::string> each_behind(const std::string& text, const std::string& name, const char* ends) {
    std::vector<std::string> values;
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
        at += name.size();
        values.push_back(text.substr(at, std::min(text.find_first_of(ends, at), text.size()) - at));
    }
    return values;
}

/// Every value of a member that occurs: of `"port":` or `"address":"`.
std::set<std::string> values_of(const std::vector<std::string>& sockets, const std::string& member) {
    std::set<std::string> values;
    for (const std::string& socket : sockets)
        for (std::string& value : each_behind(socket, member, "\",}")) values.insert(std::move(value));
    return values;
}

/// Those of `all` that `wanted` chooses. `all` is read again where the two differ, since connections go on
/// meanwhile.
template <class Wanted>
void expect_selected(const std::string& option, std::vector<std::string>& all, Wanted wanted) {
    std::vector<std::string> expected, selected;
    for (int attempt = 0; attempt < 3 && (attempt == 0 || selected != expected); ++attempt) {
        if (attempt != 0) all = sockets_of(ours("-an --json"));
        expected.clear();
        std::copy_if(all.begin(), all.end(), std::back_inserter(expected), wanted);
        selected = sockets_of(ours("-n --json " + option));
    }
    EXPECT_EQ(selected, expected) << option;
    const bool listed = std::any_of(expected.begin(), expected.end(), [](const std::string& socket) {
        return socket.find("\"state\":\"bound\"") == std::string::npos;
    });
    if (option == "--state=bound") return; // asked for by name they are listed
    EXPECT_EQ(ours("--quiet " + option).status, listed ? 0 : 1) << option << ": as the listing";
}

bool holds(const std::string& socket, const std::string& text) {
    return socket.find(text) != std::string::npos;
}

TEST_F(JsonLive, TheKernelsFilterAndOursAgreeOnEveryPortAddressAndState) {
    const Zoo zoo;
    std::vector<std::string> all = sockets_of(ours("-an --json"));
    ASSERT_GT(all.size(), 30U);
    for (const std::string& port : values_of(all, R"("port":)"))
        expect_selected("--port=" + port, all, [&](const std::string& socket) {
            return holds(socket, "\"port\":" + port + "}") || holds(socket, "\"port\":" + port + ",");
        });
    for (std::string address : values_of(all, R"("address":")")) {
        if (address.starts_with("::ffff:")) address.erase(0, 7);
        expect_selected("--address=" + address, all, [&](const std::string& socket) {
            return holds(socket, "\"" + address + "\"") || holds(socket, "\"::ffff:" + address + "\"");
        });
    }
    for (const std::string& state : values_of(all, R"("state":")"))
        expect_selected("--state=" + state, all, [&](const std::string& socket) {
            return holds(socket, "\"state\":\"" + state + "\"");
        });
}

TEST_F(JsonLive, ABoundSocketIsInTheDocumentAndInNoListing) {
    const Fd socket = open_socket(AF_INET, SOCK_STREAM);
    ASSERT_TRUE(bind_to(socket, {"127.0.0.1", 4646}));
    const std::string with_all = ours("-an --json").out;
    if (!holds(with_all, "4646")) GTEST_SKIP() << "this kernel does not tell bound sockets (Linux 6.8 does)";
    EXPECT_TRUE(holds(with_all, R"("port":4646},"foreign":{"address":"0.0.0.0","port":0},"state":"bound")"));
    EXPECT_FALSE(holds(ours("-n --json").out, "4646")) << "without -a";
    EXPECT_FALSE(holds(ours("-an").out, "4646"));
}

TEST_F(JsonLive, AJsonReaderReadsTheZoo) {
    const Zoo zoo;
    if (std::system("command -v jq >/dev/null 2>&1") != 0) GTEST_SKIP() << "jq is not installed";
    const std::string file = testing::TempDir() + "/netstat46-zoo.json";
    const Ran ran = ours("-a --json");
    std::ofstream(file, std::ios::binary) << ran.out;
    const std::string check =
        "jq -e '.problems == [] and (.sockets | all(.owners | type == \"array\")) and "
        "(.sockets | all((.owners | length > 0) or has(\"owner_unknown\")))' >/dev/null ";
    EXPECT_EQ(std::system((check + file).c_str()), 0) << ran.error;
    unlink(file.c_str());
}

TEST_F(JsonLive, QuietSaysNothingAndExitsByWhatMatched) {
    const Fd socket = open_socket(AF_INET6, SOCK_STREAM);
    ASSERT_TRUE(bind_to(socket, {"::1", 4647}));
    ASSERT_EQ(listen(socket.get(), 1), 0);
    const Ran found = ours("--quiet --port=4647");
    EXPECT_EQ(found.status, 0);
    EXPECT_EQ(found.out + found.error, "");
    const Ran none = ours("--quiet --port=4648");
    EXPECT_EQ(none.status, 1);
    EXPECT_EQ(none.out + none.error, "");
    EXPECT_EQ(ours("--quiet --replay=/nonexistent").status, 2) << "trouble is not a missing match";
    EXPECT_EQ(ours("--quiet --port=x").status, 3) << "usage";
}

TEST_F(JsonLive, NothingSelectedIsAHeadingAndNoFailure) {
    const Ran ran = ours("-tn --port=4649");
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(lines_of(ran.out).size(), 2U) << ran.out;
}

/// The socket's line of the document, or nothing.
std::string line_of(const std::string& document, std::uint64_t inode) {
    for (const std::string& line : lines_of(document))
        if (holds(line, ",\"inode\":" + std::to_string(inode) + ",")) return line;
    return {};
}

std::string peer_of(std::uint64_t inode) { return R"("peer":{"inode":)" + std::to_string(inode); }

bool tells_unix_peers(const std::string& document) { return holds(document, R"("peer":{"inode")"); }

TEST_F(JsonLive, UnixSocketsKnowTheirPeersLiveAndReplayed) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const Fd one(ends[0]), other(ends[1]);
    ASSERT_EQ(write(other.get(), "abc", 3), 3);
    const Zoo zoo;
    const std::string directory = zoo.directory() + "/peers";
    const std::string saved = ours("-an --json --save=" + directory).out;
    if (!tells_unix_peers(saved)) GTEST_SKIP() << "this kernel has no unix_diag";
    const std::string mine = line_of(saved, inode_of(one));
    // Of the owners, this process comes last where process ids have begun again.
    const std::size_t peer = mine.find(peer_of(inode_of(other)) + ",\"owners\":[");
    ASSERT_NE(peer, std::string::npos) << mine;
    EXPECT_TRUE(holds(mine.substr(peer), "{\"pid\":" + std::to_string(getpid()) + ",")) << mine;
    EXPECT_TRUE(holds(mine, R"("recv_q":3,"send_q":0)")) << mine;
    EXPECT_TRUE(holds(line_of(saved, inode_of(other)), peer_of(inode_of(one))));
    EXPECT_EQ(ours("-an --json --replay=" + directory).out, saved);
    EXPECT_TRUE(holds(line_of(ours("-an --json").out, inode_of(one)), peer_of(inode_of(other))));
    EXPECT_FALSE(tells_unix_peers(ours("-an --json --port=1").out));
}

std::optional<double> number(const std::vector<std::string>& values, std::size_t place = 0) {
    if (values.size() <= place || values[place].find_first_of("0123456789") != 0) return std::nullopt;
    return std::stod(values[place]);
}

/// The number after `name:` in what ss prints, or the one after the slash that follows; or nothing.
std::optional<double> ss_number(const std::string& row, const std::string& name, std::size_t place = 0) {
    const std::vector<std::string> value = each_behind(row, " " + name + ":", " \n");
    if (value.empty()) return std::nullopt;
    return number(each_behind("/" + value.front(), "/", "/"), place);
}

std::optional<double> our_number(const std::string& line, const std::string& name) {
    return number(each_behind(line, "\"" + name + "\":", ",}"));
}

TEST_F(JsonLive, TcpFactsAreThoseOfSs) {
    const char* ss = access("/usr/bin/ss", X_OK) == 0 ? "/usr/bin/ss" : "/bin/ss";
    if (access(ss, X_OK) != 0) GTEST_SKIP() << "ss is not installed";
    const Pair pair = connected_pair({"127.0.0.1", 4701}, {"127.0.0.1", 4702});
    ASSERT_EQ(write(pair.client.get(), "request", 7), 7);
    char answer[8];
    ASSERT_EQ(read(pair.server.get(), answer, sizeof answer), 7);
    ASSERT_EQ(write(pair.server.get(), "yes", 3), 3);
    const std::string theirs = run(ss, {"ss", "-tinOH", "sport", "=", ":4701"}).out;
    const std::string line = line_of(ours("-n --json --port=4702").out, inode_of(pair.client));
    struct Same {
        const char* ours;
        const char* theirs;
        double unit = 1;
        std::size_t place = 0;
    };
    for (const Same& same :
         {Same{"rtt_us", "rtt", 1000}, Same{"rttvar_us", "rtt", 1000, 1}, Same{"rto_us", "rto", 1000},
          Same{"snd_mss", "mss"}, Same{"rcv_mss", "rcvmss"}, Same{"pmtu", "pmtu"}, Same{"cwnd", "cwnd"},
          Same{"ssthresh", "ssthresh"}, Same{"bytes_sent", "bytes_sent"}, Same{"bytes_acked", "bytes_acked"},
          Same{"bytes_received", "bytes_received"}}) {
        const auto wanted = ss_number(theirs, same.theirs, same.place);
        const auto got = our_number(line, same.ours);
        EXPECT_EQ(got.has_value(), wanted.has_value()) << same.ours << "\n" << line << "\n" << theirs;
        if (got && wanted) {
            EXPECT_NEAR(*got, *wanted * same.unit, 1) << same.ours;
        }
    }
    EXPECT_EQ(our_number(line, "bytes_sent"), 7);
    EXPECT_EQ(our_number(line, "bytes_received"), 3);
    const std::vector<std::string> congestion = each_behind(line, "\"congestion\":\"", "\"");
    ASSERT_EQ(congestion.size(), 1U) << line;
    EXPECT_TRUE(holds(theirs, " " + congestion[0] + " ")) << theirs;
}

} // namespace
} // namespace netstat46::live
