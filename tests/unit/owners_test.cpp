// Who holds which socket: the table.
#include "record/owners.hpp"

#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace netstat46 {
namespace {

TEST(Owners, OfASocketThatNobodyHoldsThereAreNone) {
    Owners owners;
    EXPECT_TRUE(owners.empty());
    EXPECT_FALSE(owners.lowest(7));
    EXPECT_TRUE(owners.all(7).empty());
    owners.add(8, {1, 3});
    EXPECT_FALSE(owners.lowest(7));
    EXPECT_FALSE(owners.empty());
}

TEST(Owners, KnowsEveryProcessThatHoldsASocket) {
    Owners owners;
    EXPECT_FALSE(owners.has_owner(0));
    owners.add(8, {1, 3});
    owners.add(8, {7, 4});
    EXPECT_TRUE(owners.has_owner(1) && owners.has_owner(7));
    EXPECT_FALSE(owners.has_owner(0) || owners.has_owner(3));
}

TEST(Owners, KeyZeroIsNoSocket) {
    Owners owners;
    owners.add(0, {1, 3});
    EXPECT_TRUE(owners.empty());
    EXPECT_FALSE(owners.lowest(0));
}

TEST(Owners, TheLowestPidAndDescriptorComeFirstInWhateverOrderTheyAreFound) {
    Owners owners;
    owners.add(42, {600, 12});
    owners.add(42, {7, 30});
    owners.add(42, {7, 4});
    owners.add(42, {600, 12});
    EXPECT_EQ(owners.lowest(42), (Owner{7, 4}));
    EXPECT_EQ(owners.all(42), (std::vector<Owner>{{7, 4}, {7, 30}, {600, 12}}));
}

TEST(Owners, ADescriptorThatIsNotReportedStaysSo) {
    Owners owners;
    owners.add(42, {600, -1});
    EXPECT_EQ(owners.lowest(42), (Owner{600, -1}));
}

TEST(Owners, EveryKeyIsFoundAgainWhateverTheKeysAre) {
    std::mt19937_64 random(46);
    std::vector<std::uint64_t> keys;
    for (std::uint64_t i = 1; i <= 5000; ++i) {
        keys.push_back(i);                                  // inodes in sequence
        keys.push_back(0xfffff800'00000000ULL + i * 0x3c8); // kernel addresses
        keys.push_back(0xffffffff'ffffffffULL - i);         // the end of the range
        keys.push_back(random() | 1ULL << 40);              // anything
    }
    Owners owners;
    for (std::size_t i = 0; i < keys.size(); ++i) owners.add(keys[i], {static_cast<std::int32_t>(i), 3});
    for (std::size_t i = 0; i < keys.size(); ++i)
        ASSERT_EQ(owners.lowest(keys[i]), (Owner{static_cast<std::int32_t>(i), 3})) << keys[i];
    EXPECT_FALSE(owners.lowest(5001));
}

TEST(Owners, ASocketOfVeryManyHoldersIsReadInTheirNumber) {
    Owners owners;
    constexpr std::int32_t many = 200000;
    for (std::int32_t fd = many; fd > 0; --fd) owners.add(7, {1, fd});
    for (std::int32_t fd = many; fd > 0; --fd) owners.add(7, {1, fd});
    const std::vector<Owner> found = owners.all(7);
    ASSERT_EQ(found.size(), static_cast<std::size_t>(many));
    EXPECT_EQ(found.front(), (Owner{1, 1}));
    EXPECT_EQ(found.back(), (Owner{1, many}));
}

} // namespace
} // namespace netstat46
