// A dump whose kernel misbehaves: what Dump asks again, what it gives up, what it says.
#include <cerrno>
#include <cstring>
#include <deque>
#include <limits>

#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <gtest/gtest.h>

#include "linux/live_netlink.hpp"

namespace netstat46 {
namespace {

using Block = std::vector<std::byte>;

/// One netlink message: a header and `body` bytes of 0x5a, or an errno.
Block message(std::uint16_t type, std::uint16_t flags, std::int32_t error, std::size_t body = 4) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + body);
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    Block block(sizeof header + body, std::byte{0x5a});
    std::memcpy(block.data(), &header, sizeof header);
    if (body >= sizeof error) std::memcpy(block.data() + sizeof header, &error, sizeof error);
    return block;
}

Block socket_message(std::uint16_t flags = 0) { return message(SOCK_DIAG_BY_FAMILY, flags, 0, 72); }
Block done(std::int32_t error = 0) { return message(NLMSG_DONE, 0, error); }

Block operator+(Block first, const Block& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

/// What one recv(2) gives: a block or an errno.
struct Answer {
    Block block;
    int error = 0;
};

/// A kernel that answers each request with the next of these conversations.
struct FakeKernel {
    std::deque<std::deque<Answer>> conversations;
    std::deque<Answer> current;
    int requests = 0;
    int send_error = 0;
};

struct Outcome {
    Block bytes;
    DumpResult result;
    std::vector<std::string> problems;
    bool fails = false; ///< one of the problems makes the listing incomplete
};

Outcome dump(FakeKernel& kernel) {
    NetlinkCalls calls;
    calls.send = [&kernel](std::span<const std::byte> request) -> ssize_t {
        ++kernel.requests;
        if (kernel.send_error != 0) {
            errno = kernel.send_error;
            return -1;
        }
        kernel.current = {};
        if (!kernel.conversations.empty()) {
            kernel.current = std::move(kernel.conversations.front());
            kernel.conversations.pop_front();
        }
        return static_cast<ssize_t>(request.size());
    };
    calls.receive = [&kernel](std::span<std::byte> buffer) -> ssize_t {
        if (kernel.current.empty()) return 0;
        const Answer answer = std::move(kernel.current.front());
        kernel.current.pop_front();
        if (answer.error != 0) {
            errno = answer.error;
            return -1;
        }
        EXPECT_LE(answer.block.size(), buffer.size());
        std::memcpy(buffer.data(), answer.block.data(), answer.block.size());
        return static_cast<ssize_t>(answer.block.size());
    };
    Outcome outcome;
    Dump dump(calls, {}, "sock_diag.inet.tcp", [&outcome](const Problem& problem) {
        outcome.problems.push_back(problem.text);
        outcome.fails = outcome.fails || problem.fails;
    });
    for (int block = 0; block < 1000; ++block) {
        const std::span<const std::byte> bytes = dump.next();
        outcome.result = dump.result();
        if (bytes.empty()) return outcome;
        outcome.bytes.insert(outcome.bytes.end(), bytes.begin(), bytes.end());
    }
    ADD_FAILURE() << "it does not end";
    return outcome;
}

TEST(NetlinkDump, GivesTheBytesAsTheyCame) {
    FakeKernel kernel{{{{socket_message() + socket_message()}, {socket_message()}, {done()}}}, {}};
    const Outcome outcome = dump(kernel);
    EXPECT_EQ(outcome.bytes, socket_message() + socket_message() + socket_message() + done());
    EXPECT_EQ(outcome.result.end, DumpEnd::Done);
    EXPECT_TRUE(outcome.problems.empty());
    EXPECT_EQ(kernel.requests, 1);
}

TEST(NetlinkDump, EndsWhereDoneFollowsInTheSameBlock) {
    FakeKernel kernel{{{{socket_message() + done()}, {socket_message()}}}, {}};
    EXPECT_EQ(dump(kernel).bytes, socket_message() + done());
}

TEST(NetlinkDump, AsksAgainAfterAnInterruptedDump) {
    FakeKernel kernel{
        {{{socket_message()}, {socket_message(NLM_F_DUMP_INTR)}, {done()}}, {{socket_message()}, {done()}}},
        {}};
    const Outcome outcome = dump(kernel);
    EXPECT_EQ(outcome.bytes, socket_message() + done()) << "nothing of the first answer";
    EXPECT_EQ(kernel.requests, 2);
    EXPECT_TRUE(outcome.problems.empty());
}

TEST(NetlinkDump, NoticesTheInterruptionOnTheLastMessageToo) {
    FakeKernel kernel{{{{socket_message()}, {message(NLMSG_DONE, NLM_F_DUMP_INTR, 0)}}, {{done()}}}, {}};
    EXPECT_EQ(dump(kernel).bytes, done());
    EXPECT_EQ(kernel.requests, 2);
}

TEST(NetlinkDump, TakesTheLastOfThreeInterruptedDumpsAndSaysSoOnce) {
    const std::deque<Answer> interrupted{
        {socket_message(NLM_F_DUMP_INTR)}, {socket_message(NLM_F_DUMP_INTR)}, {done()}};
    FakeKernel kernel{{interrupted, interrupted, interrupted, {{done()}}}, {}};
    const Outcome outcome = dump(kernel);
    EXPECT_EQ(kernel.requests, dump_attempts);
    EXPECT_EQ(outcome.bytes, socket_message(NLM_F_DUMP_INTR) + socket_message(NLM_F_DUMP_INTR) + done());
    EXPECT_EQ(outcome.result.end, DumpEnd::Done);
    ASSERT_EQ(outcome.problems.size(), 1U);
    EXPECT_NE(outcome.problems[0].find("sock_diag.inet.tcp"), std::string::npos);
    EXPECT_FALSE(outcome.fails) << "what was read is listed, and the status stays 0";
}

TEST(NetlinkDump, AsksAgainWhenTheKernelLostMessages) {
    FakeKernel kernel{{{{socket_message()}, {{}, ENOBUFS}}, {{socket_message()}, {done()}}}, {}};
    const Outcome outcome = dump(kernel);
    EXPECT_EQ(outcome.bytes, socket_message() + done());
    EXPECT_EQ(kernel.requests, 2);
    EXPECT_TRUE(outcome.problems.empty());
}

TEST(NetlinkDump, IsRefusedWhenMessagesAreLostEveryTime) {
    const std::deque<Answer> lossy{{socket_message()}, {{}, ENOBUFS}};
    FakeKernel kernel{{lossy, lossy, lossy, lossy}, {}};
    const Outcome outcome = dump(kernel);
    EXPECT_EQ(kernel.requests, dump_attempts);
    EXPECT_EQ(outcome.result.end, DumpEnd::Refused);
    EXPECT_EQ(outcome.result.error, ENOBUFS);
    EXPECT_TRUE(outcome.bytes.empty()) << "so that /proc/net stands in";
}

TEST(NetlinkDump, KnowsAMissingHandlerByDoneWithENOENT) {
    FakeKernel kernel{{{{done(-ENOENT)}}}, {}};
    const Outcome outcome = dump(kernel);
    EXPECT_EQ(outcome.result.end, DumpEnd::NoHandler);
    EXPECT_TRUE(outcome.bytes.empty()) << "so that /proc/net stands in";
    EXPECT_TRUE(outcome.problems.empty());
    EXPECT_EQ(kernel.requests, 1);
}

TEST(NetlinkDump, KnowsAMissingHandlerByAnErrorToo) {
    FakeKernel kernel{{{{message(NLMSG_ERROR, 0, -ENOENT, 20)}}}, {}};
    EXPECT_EQ(dump(kernel).result.end, DumpEnd::NoHandler);
}

TEST(NetlinkDump, ARefusalCarriesItsReason) {
    FakeKernel kernel{{{{message(NLMSG_ERROR, 0, -EPERM, 20)}}}, {}};
    const Outcome outcome = dump(kernel);
    EXPECT_EQ(outcome.result.end, DumpEnd::Refused);
    EXPECT_EQ(outcome.result.error, EPERM);
    EXPECT_TRUE(outcome.bytes.empty());
}

/// Found by tests/fuzz/linux_dump.cpp: not every number has a negative.
TEST(NetlinkDump, AnEndWhoseNumberIsNoErrnoIsABadMessage) {
    for (const std::int32_t code : {std::numeric_limits<std::int32_t>::min(), -4096, 1})
        for (const std::uint16_t type : {NLMSG_DONE, NLMSG_ERROR}) {
            FakeKernel kernel{{{{message(type, 0, code, 20)}}}, {}};
            const Outcome outcome = dump(kernel);
            EXPECT_EQ(outcome.result.end, DumpEnd::Refused) << code;
            EXPECT_EQ(outcome.result.error, EBADMSG) << code;
        }
}

TEST(NetlinkDump, SoDoesASocketThatCannotBeMade) {
    FakeKernel kernel;
    kernel.send_error = EPERM;
    const Outcome outcome = dump(kernel);
    EXPECT_EQ(outcome.result.end, DumpEnd::Refused);
    EXPECT_EQ(outcome.result.error, EPERM);
}

TEST(NetlinkDump, AnAnswerThatBreaksOffBeforeAnythingWasHandedOutIsRefused) {
    FakeKernel kernel{{{{socket_message()}}}, {}}; // then end of file
    EXPECT_EQ(dump(kernel).result.end, DumpEnd::Refused);
}

/// More than is held back: some of it has been handed out when the rest goes wrong.
std::deque<Answer> long_conversation() {
    std::deque<Answer> answers;
    const Block large = message(SOCK_DIAG_BY_FAMILY, 0, 0, 32 * 1024);
    for (std::size_t bytes = 0; bytes < held_back + 4 * large.size(); bytes += large.size())
        answers.push_back({large});
    return answers;
}

TEST(NetlinkDump, ALongAnswerIsHandedOutAsItComes) {
    std::deque<Answer> answers = long_conversation();
    answers.push_back({done()});
    FakeKernel kernel{{answers}, {}};
    const Outcome outcome = dump(kernel);
    EXPECT_GT(outcome.bytes.size(), held_back);
    EXPECT_EQ(outcome.result.end, DumpEnd::Done);
    EXPECT_TRUE(outcome.problems.empty());
}

TEST(NetlinkDump, ABreakInTheMiddleOfALongAnswerIsReported) {
    std::deque<Answer> answers = long_conversation();
    answers.push_back({{}, ENOBUFS});
    FakeKernel kernel{{answers, {{done()}}}, {}};
    const Outcome outcome = dump(kernel);
    EXPECT_EQ(kernel.requests, 1) << "what has been printed cannot be asked again";
    EXPECT_GT(outcome.bytes.size(), held_back);
    ASSERT_EQ(outcome.problems.size(), 1U);
    EXPECT_TRUE(outcome.fails) << "sockets are missing";
}

TEST(NetlinkDump, AnInterruptionOfALongAnswerIsReportedOnce) {
    std::deque<Answer> answers = long_conversation();
    for (int i = 0; i < 3; ++i) answers.push_back({socket_message(NLM_F_DUMP_INTR)});
    answers.push_back({done()});
    FakeKernel kernel{{answers}, {}};
    const Outcome outcome = dump(kernel);
    EXPECT_EQ(kernel.requests, 1);
    ASSERT_EQ(outcome.problems.size(), 1U);
    EXPECT_FALSE(outcome.fails);
}

TEST(NetlinkDump, HeadersOfImpossibleLengthEndInFiniteTime) {
    for (const std::uint32_t length : {0U, 4U, 15U, 0xffffffffU}) {
        Block block = socket_message();
        std::memcpy(block.data(), &length, sizeof length);
        FakeKernel kernel{{{{block}, {done()}}}, {}};
        EXPECT_EQ(dump(kernel).bytes, block + done()) << "bytes are for the decoder to judge";
    }
}

} // namespace
} // namespace netstat46
