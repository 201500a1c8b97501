// The sort of OpenBSD's libc: it sorts, and what it does with a comparison that is not an order is its own.
#include "openbsd/sort.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "openbsd/facts.hpp"
#include "openbsd/wire.hpp"

namespace netstat46 {
namespace {

/// Records whose queue is their value, and whose key stands for their place before.
struct Records {
    std::vector<SocketRecord> all;
    std::vector<const SocketRecord*> order;

    explicit Records(const std::vector<unsigned>& values) : all(values.size()) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            all[i].recv_q = values[i];
            all[i].owner_key = i;
            order.push_back(&all[i]);
        }
    }
};

int by_value(const SocketRecord& a, const SocketRecord& b) {
    return a.recv_q < b.recv_q ? -1 : a.recv_q > b.recv_q ? 1 : 0;
}

bool is_sorted(const Records& records) {
    return std::is_sorted(records.order.begin(), records.order.end(),
                          [](const SocketRecord* a, const SocketRecord* b) { return by_value(*a, *b) < 0; });
}

/// Nothing is lost or doubled.
bool is_permutation(const Records& records) {
    std::vector<bool> seen(records.all.size());
    for (const SocketRecord* socket : records.order) seen[socket->owner_key] = true;
    return records.order.size() == records.all.size() &&
           std::find(seen.begin(), seen.end(), false) == seen.end();
}

TEST(OpenBsdSort, SortsWhateverTheSizeAndTheRepeats) {
    std::mt19937 random(46); // NOLINT: the same each time
    for (std::size_t size = 0; size < 400; ++size)
        for (const unsigned kinds : {1U, 2U, 5U, 100000U}) {
            std::vector<unsigned> values(size);
            for (unsigned& value : values) value = random() % kinds;
            Records records(values);
            openbsd::libc_sort(records.order, by_value);
            ASSERT_TRUE(is_sorted(records) && is_permutation(records)) << size << " of " << kinds;
        }
}

TEST(OpenBsdSort, TenThousandThatAreSortedAlreadyOrBackwards) {
    std::vector<unsigned> values(10000);
    std::iota(values.begin(), values.end(), 0U);
    for (int turn = 0; turn < 2; ++turn) {
        Records records(values);
        openbsd::libc_sort(records.order, by_value);
        EXPECT_TRUE(is_sorted(records) && is_permutation(records));
        std::reverse(values.begin(), values.end());
    }
}

/// McIlroy's adversary: decides values only when they are compared, so that every partition is as bad as it
/// can be.
TEST(OpenBsdSort, AnAdversaryReachesTheHeapSortAndNothingIsLost) {
    constexpr std::size_t size = 2000;
    std::vector<unsigned> values(size, size);
    std::size_t solid = 0, candidate = 0, compared = 0;
    Records records(std::vector<unsigned>(size, 0));
    openbsd::libc_sort(records.order, [&](const SocketRecord& a, const SocketRecord& b) {
        ++compared;
        const std::size_t x = a.owner_key, y = b.owner_key;
        if (values[x] == size && values[y] == size)
            values[x == candidate ? x : y] = static_cast<unsigned>(solid++);
        if (values[x] == size)
            candidate = x;
        else if (values[y] == size)
            candidate = y;
        return values[x] < values[y] ? -1 : values[x] > values[y] ? 1 : 0;
    });
    EXPECT_TRUE(is_permutation(records));
    EXPECT_LT(compared, size * 200U) << "not quadratic";
    for (std::size_t i = 1; i < size; ++i)
        ASSERT_LE(values[records.order[i - 1]->owner_key], values[records.order[i]->owner_key]);
}

TEST(OpenBsdSort, WhatComparesBothWaysRoundAlikeEnds) {
    for (std::size_t size = 0; size < 300; ++size)
        for (const int always : {-1, 0, 1}) {
            Records records(std::vector<unsigned>(size, 0));
            openbsd::libc_sort(records.order,
                               [always](const SocketRecord&, const SocketRecord&) { return always; });
            ASSERT_TRUE(is_permutation(records)) << size << ' ' << always;
        }
}

// ---- The comparison

SocketRecord file(std::uint32_t family, std::uint32_t type, std::uint32_t protocol, std::uint32_t port = 0,
                  std::uint32_t ip_protocol = 0) {
    SocketRecord socket;
    auto& facts = socket.own.make<OpenBsdFacts>();
    facts.family = family;
    facts.type = type;
    facts.protocol = protocol;
    facts.foreign_port = port;
    facts.ip_protocol = ip_protocol;
    return socket;
}

TEST(OpenBsdCompare, FamiliesAreNoOrder) {
    const SocketRecord inet = file(2, 1, 6), inet6 = file(24, 1, 6), local = file(1, 1, 0),
                       route = file(17, 3, 0), key = file(30, 3, 2);
    EXPECT_EQ(openbsd::compare_files(inet, inet6), -1);
    EXPECT_EQ(openbsd::compare_files(inet6, inet), 1);
    EXPECT_EQ(openbsd::compare_files(local, inet6), 1);
    EXPECT_EQ(openbsd::compare_files(inet6, local), -1);
    EXPECT_EQ(openbsd::compare_files(inet6, route), 1);
    EXPECT_EQ(openbsd::compare_files(route, inet6), 1);
    EXPECT_EQ(openbsd::compare_files(route, key), 1);
    EXPECT_EQ(openbsd::compare_files(key, key), 0);
}

TEST(OpenBsdCompare, PortsAreComparedAsTheFieldHoldsThem) {
    const auto loaded = [](unsigned port) { return (port & 0xffU) << 8U | port >> 8U; };
    const SocketRecord https = file(2, 1, 6, loaded(443)), www = file(2, 1, 6, loaded(80));
    EXPECT_EQ(openbsd::compare_files(https, www), -1);
    EXPECT_EQ(openbsd::compare_files(file(2, 1, 6, loaded(179)), file(2, 1, 6, loaded(51515))), -1);
    EXPECT_EQ(openbsd::compare_files(file(2, 1, 6, 0x10000), https), -1) << "stray high bits count";
    EXPECT_EQ(openbsd::compare_files(file(2, 3, 1, 0, 1), file(2, 1, 6)), -1) << "raw icmp before tcp";
    EXPECT_EQ(openbsd::compare_files(file(2, 3, 255, 0, 89), file(2, 3, 255, 0, 17)), -1);
}

TEST(OpenBsdCompare, UnixSocketsGoByType) {
    for (const auto& [first, second] : {std::pair{3, 1}, {1, 2}, {2, 4}, {4, 5}, {0, 3}})
        EXPECT_EQ(openbsd::compare_files(file(1, static_cast<unsigned>(first), 0),
                                         file(1, static_cast<unsigned>(second), 0)),
                  -1)
            << first << second;
}

TEST(OpenBsdCompare, AnotherSystemsSocketsAreComparedByWhatTheyWouldBe) {
    SocketRecord tcp, udp;
    tcp.family = udp.family = Family::Inet;
    udp.protocol = Protocol::Udp;
    EXPECT_EQ(openbsd::compare_files(tcp, udp), -1);
    SocketRecord https = tcp, www = tcp;
    https.foreign.port = 443;
    www.foreign.port = 80;
    EXPECT_EQ(openbsd::compare_files(https, www), -1);
}

} // namespace
} // namespace netstat46
