// What becomes of the bytes that a walk over the kernel's table gives: whole, cut, broken off or partial.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "linux/live_tcp_walk.hpp"
#include "linux/wire.hpp"

namespace netstat46 {
namespace {

constexpr Table tcp{Protocol::Tcp, true, true};
constexpr std::size_t enough = 100'000; ///< bytes, for whatever waits here

BlockReader nothing_else(std::uint8_t /*family*/, bool /*listening*/) { return nullptr; }

void no_problem(const Problem& problem) { ADD_FAILURE() << problem.text; }

/// A record of one family whose local port is `port`; the rest is 0.
std::string record(std::uint8_t family, std::uint16_t port) {
    using namespace linux_wire;
    std::string bytes(family == af_inet ? walked_inet_size : walked_inet6_size, '\0');
    bytes[walked_family] = static_cast<char>(family);
    std::memcpy(bytes.data() + walked_local_port, &port, sizeof port);
    return bytes;
}

struct Outcome {
    std::map<std::string, std::string> bytes; ///< by interface
    std::vector<std::string> problems;
    int walks = 0;
};

/// What walks give: `answer` in pieces of `piece` bytes, then `error`.
struct Given {
    std::string answer;
    std::size_t piece;
    int error = 0;
    std::size_t most_held = 1000;
    std::size_t partial_at = std::string::npos; ///< at this byte the walk proves partial, and goes on
};

Walk walk_of(const Given& given) {
    return [&given, at = std::size_t{0}, partial = false](std::span<std::byte> room) mutable -> ssize_t {
        errno = partial_walk;
        if (at >= given.partial_at && !std::exchange(partial, true)) return -1;
        const std::string_view rest = std::string_view(given.answer).substr(at);
        const std::size_t size = std::min({rest.size(), given.piece, room.size()});
        errno = given.error;
        if (size == 0 && given.error != 0) return -1;
        std::memcpy(room.data(), rest.data(), size);
        at += size;
        return static_cast<ssize_t>(size);
    };
}

/// The outcome of a walk that is made for each of `given`, in turn. What sock_diag gives is one byte, `4` or
/// `6`.
Outcome walk_over(const std::vector<Given>& given) {
    Outcome outcome;
    const NewWalk walk = [&] { return walk_of(given[outcome.walks++ % given.size()]); };
    const auto sock_diag = [](std::uint8_t family, bool listening) -> BlockReader {
        if (listening) return nullptr;
        return [family, done = false]() mutable -> std::optional<RawBlock> {
            static constexpr std::string_view digits = "46";
            if (std::exchange(done, true)) return std::nullopt;
            const auto digit =
                std::as_bytes(std::span(digits)).subspan(family == linux_wire::af_inet6 ? 1 : 0, 1);
            return RawBlock{"sock_diag", digit, 0, 0};
        };
    };
    const BlockReader next = walk_tcp(
        walk, tcp, 0, sock_diag,
        [&](const Problem& problem) {
            EXPECT_TRUE(problem.fails);
            outcome.problems.push_back(problem.text);
        },
        given.front().most_held);
    while (const auto block = next ? next() : std::nullopt) {
        std::string& bytes = outcome.bytes[std::string(block->interface)];
        EXPECT_EQ(block->offset, bytes.size());
        bytes.append(reinterpret_cast<const char*>(block->bytes.data()), block->bytes.size());
    }
    return outcome;
}

Outcome walk_over(const Given& given) { return walk_over(std::vector{given}); }

using linux_wire::af_inet;
using linux_wire::af_inet6;
using ByInterface = std::map<std::string, std::string>;

const std::string mixed =
    record(af_inet6, 1) + record(af_inet, 2) + record(af_inet, 3) + record(af_inet6, 4) + record(af_inet, 5);
const ByInterface sorted{{"bpf_iter.inet.tcp", record(af_inet, 2) + record(af_inet, 3) + record(af_inet, 5)},
                         {"bpf_iter.inet6.tcp", record(af_inet6, 1) + record(af_inet6, 4)}};

TEST(TcpWalk, GivesOneFamilyAfterTheOtherWhereverTheKernelCuts) {
    for (std::size_t piece = 1; piece <= mixed.size(); ++piece) {
        const Outcome outcome = walk_over({mixed, piece});
        EXPECT_EQ(outcome.bytes, sorted) << "in pieces of " << piece;
        EXPECT_EQ(outcome.walks, 1);
    }
}

TEST(TcpWalk, WalksAgainWhereTooManyWouldWait) {
    const Outcome outcome = walk_over({mixed, 100, 0, 10});
    EXPECT_EQ(outcome.bytes, sorted);
    EXPECT_EQ(outcome.walks, 2);
}

TEST(TcpWalk, GivesEveryWordOfWhatWaited) {
    std::mt19937 random(46);
    std::string all;
    std::vector<std::uint32_t> words(std::size_t{linux_wire::walked_inet6_size} / 4);
    for (int i = 0; i < 3000; ++i) {
        for (std::uint32_t& word : words)
            if (random() % (1 + static_cast<unsigned>(i) % 7) == 0) word = random();
        std::string one(std::size_t{linux_wire::walked_inet6_size}, '\0');
        std::memcpy(one.data(), words.data(), one.size());
        one[linux_wire::walked_family] = static_cast<char>(af_inet6);
        all += one;
    }
    const Outcome outcome = walk_over({all, 7000, 0, 2 * all.size()});
    EXPECT_EQ(outcome.bytes, (ByInterface{{"bpf_iter.inet.tcp", ""}, {"bpf_iter.inet6.tcp", all}}));
    EXPECT_EQ(outcome.walks, 1);
}

std::string many_records(std::uint8_t family) {
    std::string all;
    for (std::uint16_t port = 1; port <= 3000; ++port) all += record(family, port);
    return all;
}

const std::string fours = many_records(af_inet), sixes = many_records(af_inet6);
constexpr std::size_t held = 1000 * 1000;
constexpr const char* partial =
    "bpf_iter.inet.tcp: sockets that share a place in the kernel's table are too many, or "
    "changed each time they were read; some may be missing or doubled";

bool gives_fours_and_then_sock_diag(const Outcome& outcome) { // without a megabyte of differences
    return outcome.bytes == ByInterface{{"bpf_iter.inet.tcp", fours}, {"sock_diag", "6"}};
}

TEST(TcpWalk, ThatBreaksOffOrProvesPartialBeforeAnythingWasGivenIsNotMade) {
    for (const Given& given : {Given{mixed, 100, ENOMEM}, Given{fours, 7000, 0, held, 50000},
                               Given{mixed, 100, 0, held, 0}, Given{mixed, 100, 0, held, mixed.size()}}) {
        const Outcome outcome = walk_over(given);
        EXPECT_EQ(outcome.bytes, ByInterface{});
        EXPECT_EQ(outcome.problems, std::vector<std::string>{});
    }
}

TEST(TcpWalk, SaysWhyItBrokeOffAndGivesWhatCame) {
    const Outcome outcome = walk_over({fours + sixes, 7000, ENOMEM, held});
    EXPECT_TRUE(gives_fours_and_then_sock_diag(outcome));
    EXPECT_EQ(outcome.problems,
              std::vector<std::string>{"bpf_iter.inet.tcp: read failed midway: Cannot allocate memory"});
}

TEST(TcpWalk, SaysThatItIsPartialAndGivesAllThatCame) {
    for (const std::size_t at : {std::size_t{70000}, fours.size(), fours.size() + sixes.size()}) {
        const Outcome outcome = walk_over({fours + sixes, 7000, 0, held, at});
        EXPECT_TRUE(gives_fours_and_then_sock_diag(outcome)) << at;
        EXPECT_EQ(outcome.problems, std::vector<std::string>{partial});
    }
}

TEST(TcpWalk, OfTheSecondFamilyGivesWayToSockDiag) {
    const Given first{fours + sixes, 7000, 0, 10};
    for (const Given& second : {Given{sixes, 7000, 0, 10, 100}, Given{"", 100, ENOMEM}}) {
        const Outcome outcome = walk_over(std::vector{first, second});
        EXPECT_TRUE(gives_fours_and_then_sock_diag(outcome));
        EXPECT_EQ(outcome.problems, std::vector<std::string>{});
    }
}

TEST(TcpWalk, CannotBeginWhereItsFirstBytesCannotBeHad) {
    const NewWalk none = []() -> Walk { return nullptr; };
    const NewWalk broken = []() -> Walk { return [](std::span<std::byte>) { return ssize_t{-1}; }; };
    errno = ENOMEM;
    EXPECT_FALSE(walk_tcp(none, tcp, 0, nothing_else, no_problem, enough));
    EXPECT_FALSE(walk_tcp(broken, tcp, 0, nothing_else, no_problem, enough));
    EXPECT_FALSE(begun(none));
    EXPECT_FALSE(begun(nullptr));
}

TEST(TcpWalk, IsThereWhenNoSocketIs) {
    EXPECT_EQ(walk_over({"", 100}).bytes,
              (ByInterface{{"bpf_iter.inet.tcp", ""}, {"bpf_iter.inet6.tcp", ""}}));
}

TEST(TcpWalk, EndsAtWhatItDoesNotKnow) {
    const Outcome outcome = walk_over({fours + std::string(200000, '\x7f'), 5000});
    EXPECT_TRUE(gives_fours_and_then_sock_diag(outcome));
    EXPECT_EQ(outcome.problems,
              std::vector<std::string>{"bpf_iter.inet.tcp: read failed midway: Bad message"});
}

} // namespace
} // namespace netstat46
