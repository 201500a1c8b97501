// The live part against a kernel made of functions: tables that grow, shrink, refuse or do not exist.
#include <sys/socket.h>
#include <sys/sysctl.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "capture/decoders.hpp"
#include "kernel.hpp"
#include "openbsd/row.hpp"
#include "openbsd/wire.hpp"
#include "platform.hpp"

namespace netstat46 {
namespace {

struct FakeKernel : FakeInterfaces {
    std::set<int> routing_tables{0};
    int own_routing_table = 0;
    std::vector<int> counts; ///< elem_count of the questions for bytes
};

FakeKernel* kernel = nullptr;

constexpr std::size_t record = openbsd::kinfo_file::size;
constexpr const char* by_file = "kern.file.1.2";
constexpr const char* by_pid = "kern.file.2.-1";

std::vector<std::byte> files(std::size_t count) { return std::vector<std::byte>(count * record); }

class OpenBsdLive : public LivePart<FakeKernel> {
protected:
    void SetUp() override { kernel = &fake; }
    void TearDown() override { kernel = nullptr; }
};

TEST_F(OpenBsdLive, AllSocketsAreOneQuestionHoweverManyTablesAreAskedFor) {
    answers(by_file, files(3));
    const auto given = read(asking({tcp, udp, raw, unix_domain, {Protocol::Other}}));
    ASSERT_EQ(given.size(), 5U);
    EXPECT_EQ(given[0].interface, "kern.file.byfile.socket");
    EXPECT_EQ(given[4].table, 4U);
    EXPECT_EQ(given[4].bytes.size(), 3 * record);
    EXPECT_EQ(fake.asked[by_file], 1);
    EXPECT_TRUE(problems.empty());
}

TEST_F(OpenBsdLive, OwnersComeFirstThenWhatCannotBeToldApartThenSockets) {
    answers(by_file, files(1));
    answers(by_pid, files(2));
    Request request = asking({tcp});
    request.wanted.owners = true;
    const auto given = read(request);
    ASSERT_EQ(given.size(), 3U);
    EXPECT_EQ(given[0].interface, "kern.file.bypid");
    EXPECT_EQ(given[1].interface, "kern.file.byfile.socket");
    EXPECT_EQ(given[1].table, no_table);
    EXPECT_EQ(given[2].table, 0U);
    EXPECT_EQ(fake.asked[by_file], 1);
}

TEST_F(OpenBsdLive, ATableThatOutgrewItsRoomIsReadWhole) {
    answers(by_file, files(2000));
    fake.announced_less = 1900 * record;
    const auto given = read(asking({tcp}));
    ASSERT_EQ(given.size(), 1U);
    EXPECT_EQ(given[0].bytes.size(), 2000 * record);
    EXPECT_GT(fake.asked[by_file], 1);
    EXPECT_GE(fake.counts.back(), 2000);
}

TEST_F(OpenBsdLive, ATableThatShrankIsAsLongAsItIs) {
    fake.interfaces[by_file] = [](int call) { return Answer{files(call == 0 ? 50 : 3), 0}; };
    const auto given = read(asking({tcp}));
    ASSERT_EQ(given.size(), 1U);
    EXPECT_EQ(given[0].bytes.size(), 3 * record);
}

TEST_F(OpenBsdLive, ATableWithoutSocketsIsNothingWrong) {
    answers(by_file, {});
    EXPECT_EQ(read(asking({tcp})).size(), 1U);
    EXPECT_TRUE(problems.empty());
}

TEST_F(OpenBsdLive, ARefusedInterfaceIsSaidAndTheNextFollows) {
    refuses(by_pid, EPERM);
    answers(by_file, files(1));
    Request request = asking({tcp});
    request.wanted.owners = true;
    EXPECT_EQ(read(request).size(), 2U);
    EXPECT_EQ(problems, std::vector<std::string>{"kern.file.bypid: Operation not permitted"});
}

TEST_F(OpenBsdLive, AKernelWithOlderRecordsOrWithoutThemIsFatal) {
    refuses(by_file, EINVAL);
    EXPECT_THROW(read(asking({tcp})), std::runtime_error);
    EXPECT_EQ(problems, std::vector<std::string>{"kern.file.byfile.socket: Invalid argument"});
    refuses(by_file, EOPNOTSUPP);
    EXPECT_THROW(read(asking({tcp})), std::runtime_error);
}

TEST_F(OpenBsdLive, ACaptureAsksEveryInterfaceOnce) {
    answers(by_file, files(1));
    answers(by_pid, files(1));
    Request request;
    request.everything = request.wanted.owners = true;
    std::vector<std::string> given = names(request);
    std::erase(given, "portmap.tsv"); // if a portmapper runs here
    EXPECT_EQ(given, (std::vector<std::string>{"kern.file.bypid", "kern.file.byfile.socket"}));
    EXPECT_TRUE(problems.empty());
}

TEST_F(OpenBsdLive, TheHostKnowsItsRoutingTables) {
    fake.routing_tables = {0, 7, 255};
    fake.own_routing_table = 7;
    const HostFacts host = live_host();
    EXPECT_EQ(host.system, &openbsd_system);
    EXPECT_EQ(host.particulars.at("rtable"), "7");
    EXPECT_EQ(host.particulars.at("rtables"), "0 7 255");
    EXPECT_EQ(host.particulars.at("elem_size"), "632");
}

TEST_F(OpenBsdLive, ASetUserIdCopyHasGivenRights) {
    EXPECT_FALSE(has_given_rights());
    fake.set_user_id = true;
    EXPECT_TRUE(has_given_rights());
}

} // namespace
} // namespace netstat46

extern "C" int issetugid() { return netstat46::kernel->set_user_id ? 1 : 0; }
extern "C" int getrtable() { return netstat46::kernel->own_routing_table; }

extern "C" int sysctl(const int* name, unsigned count, void* old_value, size_t* old_size, void*, size_t) {
    using namespace netstat46;
    if (count != 6) return failed(EINVAL);
    if (name[0] == CTL_NET)
        return name[4] == NET_RT_TABLE && kernel->routing_tables.count(name[5]) != 0 ? 0 : failed(ENOENT);
    if (name[0] != CTL_KERN || name[1] != KERN_FILE || name[4] != static_cast<int>(record))
        return failed(EINVAL);
    if (old_value != nullptr) {
        kernel->counts.push_back(name[5]);
        if (static_cast<std::size_t>(name[5]) != *old_size / record) return failed(EINVAL);
    }
    return ask(*kernel, fmt::format("kern.file.{}.{}", name[2], name[3]).c_str(), old_value, old_size);
}
