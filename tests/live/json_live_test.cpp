// The document and the selections beside each other over a zoo of sockets. What the kernel filters must be
// what the selection would have filtered, whatever the state of a socket.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <regex>
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

/// Every value of a member that occurs: of `"port":` or `"address":"`.
std::set<std::string> values_of(const std::vector<std::string>& sockets, const std::string& pattern) {
    const std::regex member(pattern);
    std::set<std::string> values;
    for (const std::string& socket : sockets)
        for (std::sregex_iterator at(socket.begin(), socket.end(), member), end; at != end; ++at)
            values.insert((*at)[1]);
    return values;
}

template <class Wanted>
void expect_selected(const std::string& option, const std::vector<std::string>& all, Wanted wanted) {
    std::vector<std::string> expected;
    std::copy_if(all.begin(), all.end(), std::back_inserter(expected), wanted);
    EXPECT_EQ(sockets_of(ours("-n --json " + option)), expected) << option;
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
    const std::vector<std::string> all = sockets_of(ours("-an --json"));
    ASSERT_GT(all.size(), 30U);
    for (const std::string& port : values_of(all, R"re("port":([0-9]+))re"))
        expect_selected("--port=" + port, all, [&](const std::string& socket) {
            return holds(socket, "\"port\":" + port + "}") || holds(socket, "\"port\":" + port + ",");
        });
    for (std::string address : values_of(all, R"re("address":"([^"]*)")re")) {
        if (address.starts_with("::ffff:")) address.erase(0, 7);
        expect_selected("--address=" + address, all, [&](const std::string& socket) {
            return holds(socket, "\"" + address + "\"") || holds(socket, "\"::ffff:" + address + "\"");
        });
    }
    for (const std::string& state : values_of(all, R"re("state":"([^"]*)")re"))
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

} // namespace
} // namespace netstat46::live
