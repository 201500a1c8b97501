#include "linux/owners_way.hpp"

#include <gtest/gtest.h>

namespace netstat46 {
namespace {

/// A host of that size, as root.
OwnersFacts host(std::uint64_t processes, std::uint64_t files, unsigned threads = 2) {
    OwnersFacts facts;
    facts.may_walk = true;
    facts.processes = processes;
    facts.files = files;
    facts.threads = threads;
    return facts;
}

TEST(OwnersWay, IsTheWalkWhereDescriptorsAreMany) {
    EXPECT_EQ(owners_way(host(200, 3000)), OwnersWay::Walk);
    EXPECT_EQ(owners_way(host(3000, 60000)), OwnersWay::Walk);
    EXPECT_EQ(owners_way(host(1000, 500)), OwnersWay::Walk) << "of many processes each costs a little";
}

TEST(OwnersWay, IsTheLinksWhereLoadingTheWalkWouldTakeLonger) {
    EXPECT_EQ(owners_way(host(80, 300)), OwnersWay::Proc);
    EXPECT_EQ(owners_way(host(0, 0)), OwnersWay::Proc) << "nothing is known";
}

TEST(OwnersWay, IsTheLinksRatherWhereMoreThreadsReadThem) {
    EXPECT_EQ(owners_way(host(100, 800, 1)), OwnersWay::Walk);
    EXPECT_EQ(owners_way(host(100, 800, 4)), OwnersWay::Proc);
    EXPECT_EQ(owners_way(host(200, 10000, 64)), OwnersWay::Walk) << "64 are not 64 times as fast";
}

TEST(OwnersWay, IsTheWalkHoweverSmallTheHostWhereSocketsAreMany) {
    OwnersFacts facts = host(10, 30);
    facts.many_sockets = true;
    EXPECT_EQ(owners_way(facts), OwnersWay::Walk);
}

TEST(OwnersWay, IsTheLinksWhereNoWalkIsAllowed) {
    OwnersFacts facts = host(5000, 1000000);
    facts.may_walk = false;
    facts.many_sockets = true;
    EXPECT_EQ(owners_way(facts), OwnersWay::Proc);
}

} // namespace
} // namespace netstat46
