#include "linux/live_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace netstat46 {
namespace {

using Strings = Pool<std::string>;

bool never() { return false; }

std::vector<std::string> results_of(Strings& pool) {
    std::vector<std::string> results;
    while (auto result = pool.next()) results.push_back(*result);
    return results;
}

std::vector<std::string> numbers(std::size_t count) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(std::to_string(i));
    return all;
}

TEST(LinuxLivePool, GivesResultsInOrderHoweverManyThreadsWork) {
    for (const unsigned threads : {0U, 1U, 2U, 5U}) {
        Strings pool(
            1000, threads,
            [](std::size_t task) {
                if (task % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                return std::to_string(task);
            },
            never);
        EXPECT_EQ(results_of(pool), numbers(1000)) << threads << " threads";
    }
}

TEST(LinuxLivePool, WaitsUntilResultsAreTakenWhereTheyAreLarge) {
    constexpr std::size_t size = std::size_t{300} * 1024;
    std::atomic<std::size_t> begun = 0, taken = 0, most = 0;
    Strings pool(
        50, 3,
        [&](std::size_t) {
            const std::size_t waiting = ++begun - taken;
            most = std::max(most.load(), waiting);
            return std::string(size, 'x');
        },
        never);
    while (pool.next()) ++taken;
    EXPECT_EQ(taken, 50U);
    EXPECT_LE(most, 10U);
}

TEST(LinuxLivePool, BeginsNothingMoreOnceItIsEnough) {
    std::atomic<std::size_t> begun = 0;
    Strings pool(
        1000, 3, [&](std::size_t task) { return ++begun, std::to_string(task); },
        [&] { return begun >= 10; });
    const std::vector<std::string> results = results_of(pool);
    EXPECT_GE(results.size(), 10U);
    EXPECT_LE(results.size(), 13U);
    EXPECT_EQ(results, numbers(results.size())) << "what has begun is finished";
}

TEST(LinuxLivePool, ThrowsWhatATaskThrows) {
    for (const unsigned threads : {1U, 4U}) {
        Strings pool(
            100, threads,
            [](std::size_t task) -> std::string {
                if (task == 40) throw std::runtime_error("forty");
                return "x";
            },
            never);
        EXPECT_THROW(results_of(pool), std::runtime_error) << threads << " threads";
    }
}

TEST(LinuxLivePool, EndsWhereNobodyTakesItsResults) {
    std::atomic<int> working = 0;
    for (int i = 0; i < 50; ++i) {
        Strings pool(
            100, 4,
            [&](std::size_t) {
                ++working;
                std::this_thread::sleep_for(std::chrono::microseconds(100));
                --working;
                return std::string(1024, 'x');
            },
            never);
        if (i % 2 == 0) pool.next();
    }
    EXPECT_EQ(working, 0);
}

TEST(LinuxLivePool, OfNothingGivesNothing) {
    Strings pool(
        0, 4, [](std::size_t) { return std::string(); }, never);
    EXPECT_FALSE(pool.next());
}

int forty_six() { return 46; }
int no_result() { throw std::runtime_error("none"); }

TEST(LinuxLivePool, WorksAhead) {
    const auto result = begin_now(forty_six);
    EXPECT_EQ(result(), 46);
    EXPECT_EQ(result(), 46) << "it may be asked again";
    EXPECT_THROW(begin_now(no_result)(), std::runtime_error);
}

} // namespace
} // namespace netstat46
