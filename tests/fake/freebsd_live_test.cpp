// The live part against a kernel made of functions: tables that grow, shrink, change, refuse or do not exist.
#include <sys/sysctl.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "capture/decoders.hpp"
#include "freebsd/row.hpp"
#include "freebsd/wire.hpp"
#include "kernel.hpp"
#include "platform.hpp"

namespace netstat46 {
namespace {

FakeInterfaces* kernel = nullptr;

std::vector<std::byte> list(std::uint64_t generation, std::uint64_t trailing_generation,
                            std::size_t records = 0) {
    std::vector<std::byte> bytes(2 * freebsd::gen::inet_size + records * freebsd::xtcpcb::size);
    const auto write = [&](std::size_t at, std::uint64_t value) {
        std::memcpy(bytes.data() + at, &value, sizeof value);
    };
    const std::size_t trailer = bytes.size() - freebsd::gen::inet_size;
    write(freebsd::gen::length, freebsd::gen::inet_size);
    write(freebsd::gen::generation, generation);
    write(trailer + freebsd::gen::length, freebsd::gen::inet_size);
    write(trailer + freebsd::gen::generation, trailing_generation);
    return bytes;
}

class FreeBsdLive : public LivePart<FakeInterfaces> {
protected:
    void SetUp() override { kernel = &fake; }
    void TearDown() override { kernel = nullptr; }
};

TEST_F(FreeBsdLive, OwnersComeFirstThenSocketsInTheOrderOfTheTables) {
    answers("kern.file", std::vector<std::byte>(128));
    answers("kern.proc.proc", std::vector<std::byte>(1088));
    answers("net.inet.tcp.pcblist", list(1, 1));
    answers("net.inet.udp.pcblist", list(1, 1));
    Request request = asking({udp, tcp});
    request.wanted.owners = true;
    EXPECT_EQ(names(request), (std::vector<std::string>{"kern.file", "kern.proc.proc", "net.inet.udp.pcblist",
                                                        "net.inet.tcp.pcblist"}));
    EXPECT_TRUE(problems.empty());
}

TEST_F(FreeBsdLive, UnixIsThreeInterfacesOfOneTable) {
    for (const char* name :
         {"net.local.stream.pcblist", "net.local.dgram.pcblist", "net.local.seqpacket.pcblist"})
        answers(name, list(1, 1));
    const auto given = read(asking({tcp, unix_domain}));
    ASSERT_EQ(given.size(), 3U);
    EXPECT_EQ(given[0].interface, "net.local.stream.pcblist");
    EXPECT_EQ(given[2].table, 1U);
}

TEST_F(FreeBsdLive, ATableThatGrewSinceItsSizeWasAskedIsReadWhole) {
    answers("net.inet.tcp.pcblist", list(1, 1, 1000));
    fake.announced_less = 700000;
    const auto given = read(asking({tcp}));
    ASSERT_EQ(given.size(), 1U);
    EXPECT_EQ(given[0].bytes.size(), 2 * 64U + 1000 * 744U);
    EXPECT_GT(fake.asked["net.inet.tcp.pcblist"], 1);
}

TEST_F(FreeBsdLive, ATableThatShrankIsAsLongAsItIs) {
    fake.interfaces["net.inet.tcp.pcblist"] = [](int call) {
        return Answer{list(1, 1, call == 0 ? 50 : 3), 0};
    };
    const auto given = read(asking({tcp}));
    ASSERT_EQ(given.size(), 1U);
    EXPECT_EQ(given[0].bytes.size(), 2 * 64U + 3 * 744U);
}

TEST_F(FreeBsdLive, WhileTheGenerationChangesItIsReadAgain) {
    fake.interfaces["net.inet.tcp.pcblist"] = [](int call) { return Answer{list(7, call < 3 ? 8 : 7), 0}; };
    EXPECT_EQ(read(asking({tcp})).size(), 1U);
    EXPECT_EQ(fake.asked["net.inet.tcp.pcblist"], 3);
}

TEST_F(FreeBsdLive, AGenerationThatNeverSettlesIsReadFiveTimes) {
    answers("net.inet.tcp.pcblist", list(7, 8));
    EXPECT_EQ(read(asking({tcp})).size(), 1U);
    EXPECT_EQ(fake.asked["net.inet.tcp.pcblist"], 5);
    EXPECT_TRUE(problems.empty());
}

TEST_F(FreeBsdLive, AnInterfaceThatDoesNotExistIsLeftOut) {
    answers("net.inet.tcp.pcblist", list(1, 1));
    EXPECT_EQ(read(asking({udplite, tcp})).size(), 1U);
    EXPECT_TRUE(problems.empty());
    EXPECT_TRUE(read(asking({udplite})).empty());
}

TEST_F(FreeBsdLive, ARefusedInterfaceIsReportedAndTheNextFollows) {
    refuses("kern.file", EPERM);
    answers("net.inet.tcp.pcblist", list(1, 1));
    Request request = asking({tcp});
    request.wanted.owners = true;
    EXPECT_EQ(read(request).size(), 1U);
    EXPECT_EQ(problems, std::vector<std::string>{"kern.file: Operation not permitted"});
}

TEST_F(FreeBsdLive, AnEmptyAnswerIsReported) {
    answers("net.inet.tcp.pcblist", {});
    answers("net.inet.udp.pcblist", list(1, 1));
    EXPECT_EQ(read(asking({tcp, udp})).size(), 1U);
    EXPECT_EQ(problems, std::vector<std::string>{"net.inet.tcp.pcblist: empty answer"});
}

TEST_F(FreeBsdLive, NothingAtAllIsFatal) {
    refuses("net.inet.tcp.pcblist", EPERM);
    EXPECT_THROW(read(asking({tcp})), std::runtime_error);
}

TEST_F(FreeBsdLive, AnInterfaceAskedAgainAtOnceIsNotReadAgain) {
    answers("net.inet.raw.pcblist", list(1, 1));
    const auto given = read(asking({raw, raw, raw}));
    ASSERT_EQ(given.size(), 3U);
    EXPECT_EQ(given[2].table, 2U);
    EXPECT_EQ(fake.asked["net.inet.raw.pcblist"], 1);
}

TEST_F(FreeBsdLive, ACaptureAsksEveryInterfaceOnce) {
    for (const DecoderEntry& entry : freebsd_decoders())
        if (!entry.interface.ends_with('*')) answers(std::string(entry.interface), list(1, 1));
    Request request;
    request.everything = true;
    EXPECT_EQ(read(request).size(), 9U);
    EXPECT_TRUE(problems.empty());
}

TEST(FreeBsdHost, ReportsWhoItIs) {
    const HostFacts host = live_host();
    EXPECT_EQ(host.system, &freebsd_system);
    EXPECT_FALSE(host.release.empty());
    EXPECT_EQ(host.time.size(), std::string("2000-01-01T00:00:00Z").size());
}

TEST_F(FreeBsdLive, ASetUserIdCopyHasGivenRights) {
    EXPECT_FALSE(has_given_rights());
    fake.set_user_id = true;
    EXPECT_TRUE(has_given_rights());
}

} // namespace
} // namespace netstat46

extern "C" int issetugid() { return netstat46::kernel->set_user_id ? 1 : 0; }

extern "C" int sysctlbyname(const char* name, void* old_value, size_t* old_size, const void*, size_t) {
    return netstat46::ask(*netstat46::kernel, name, old_value, old_size);
}
