// Host names asked for many at a time, of resolvers that count, hang or know nothing.
#include "posix/host_lookup.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <latch>
#include <map>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "record/address.hpp"

namespace netstat46 {
namespace {

using namespace std::chrono_literals;

Address address(std::string_view text) { return parse_address(text).value(); }

std::string text_of(const Address& address) {
    Text text;
    put_address(text, address);
    return fmt::to_string(text);
}

/// 10.0.0.1 and so on.
std::vector<Address> addresses(std::uint8_t count) {
    std::vector<Address> many;
    for (std::uint8_t i = 1; i <= count; ++i) many.push_back({Family::Inet, {10, 0, 0, i}, 0});
    return many;
}

/// What a resolver was asked. Shared with it, since it may outlive the test.
struct Asked {
    std::mutex mutex;
    std::map<std::string, int> times;

    void note(const Address& address) {
        const std::lock_guard lock(mutex);
        ++times[text_of(address)];
    }

    std::map<std::string, int> so_far() {
        const std::lock_guard lock(mutex);
        return times;
    }
};

/// Questions about 10.0.0.250 and higher hang until it is opened.
struct Gate {
    std::latch latch{1};
    Asked asked;

    AskHost ask_host(const std::shared_ptr<Gate>& self) {
        return [self](const Address& address) {
            self->asked.note(address);
            if (address.bytes[3] >= 250) self->latch.wait();
            return "h" + std::to_string(address.bytes[3]);
        };
    }
};

const Address silent{Family::Inet, {10, 0, 0, 250}, 0}, silent_too{Family::Inet, {10, 0, 0, 251}, 0};

std::string name_in_the_end(HostLookup& hosts, const Address& address) {
    while (hosts.name(address).empty()) std::this_thread::sleep_for(1ms);
    return std::string(hosts.name(address));
}

TEST(HostLookup, AsksForEachAddressOnce) {
    const auto asked = std::make_shared<Asked>();
    HostLookup hosts([asked](const Address& address) {
        asked->note(address);
        return text_of(address) == "10.0.0.2" ? "" : "name of " + text_of(address);
    });
    const std::vector<Address> twice{address("10.0.0.1"), address("10.0.0.2"), address("10.0.0.1")};
    hosts.prefetch(twice);
    hosts.prefetch(twice);
    EXPECT_EQ(hosts.name(address("10.0.0.1")), "name of 10.0.0.1");
    EXPECT_EQ(hosts.name(address("10.0.0.2")), "") << "it has no name, which is an answer too";
    EXPECT_EQ(hosts.name(address("10.0.0.3")), "name of 10.0.0.3") << "not prefetched: asked for then";
    EXPECT_EQ(asked->so_far(),
              (std::map<std::string, int>{{"10.0.0.1", 1}, {"10.0.0.2", 1}, {"10.0.0.3", 1}}));
}

TEST(HostLookup, TakesFamiliesAndScopesApart) {
    HostLookup hosts([](const Address& address) {
        return std::string(address.family == Family::Inet ? "v4" : "v6") + "/" +
               std::to_string(address.scope);
    });
    const std::vector<Address> three{address("127.0.0.1"), address("::ffff:127.0.0.1"), address("fe80::1%2"),
                                     address("fe80::1%3")};
    hosts.prefetch(three);
    EXPECT_EQ(hosts.name(three[0]), "v4/0");
    EXPECT_EQ(hosts.name(three[1]), "v6/0");
    EXPECT_EQ(hosts.name(three[2]), "v6/2");
    EXPECT_EQ(hosts.name(three[3]), "v6/3");
}

TEST(HostLookup, AsksAsManyAtATimeAsTheBoundAllows) {
    struct Crowd {
        std::mutex mutex;
        std::condition_variable changed;
        int inside = 0, most = 0, answered = 0;
    };
    constexpr int threads = 8, hosts_count = 100;
    const auto crowd = std::make_shared<Crowd>();
    HostLookup hosts(
        [crowd](const Address& address) { // nobody leaves until the first eight are together
            std::unique_lock lock(crowd->mutex);
            crowd->most = std::max(crowd->most, ++crowd->inside);
            crowd->changed.notify_all();
            crowd->changed.wait(lock, [&] { return crowd->most >= threads; });
            --crowd->inside;
            ++crowd->answered;
            return text_of(address);
        },
        {threads, 60s});
    const std::vector<Address> many = addresses(hosts_count);
    hosts.prefetch(many);
    for (const Address& one : many) EXPECT_EQ(hosts.name(one), text_of(one));
    EXPECT_EQ(crowd->most, threads);
    EXPECT_EQ(crowd->answered, hosts_count);
}

TEST(HostLookup, ASilentHostKeepsItsNumberAndTheOthersTheirNames) {
    const auto gate = std::make_shared<Gate>();
    HostLookup hosts(gate->ask_host(gate), {4, 1s});
    std::vector<Address> all = addresses(20);
    all.insert(all.begin(), silent);
    hosts.prefetch(all);
    EXPECT_EQ(hosts.name(silent), "");
    for (const Address& one : addresses(20)) EXPECT_NE(hosts.name(one), "");

    const std::vector<Address> later = addresses(30);
    hosts.prefetch(later);
    EXPECT_EQ(hosts.name(later.back()), "h30") << "half of the wait was left for later ones";

    gate->latch.count_down();
    EXPECT_EQ(name_in_the_end(hosts, silent), "h250") << "an answer that comes late";
    EXPECT_EQ(gate->asked.so_far()["10.0.0.250"], 1);
}

TEST(HostLookup, WhatWasNotAskedInTimeNeverIs) {
    const auto gate = std::make_shared<Gate>();
    HostLookup hosts(gate->ask_host(gate), {1, 1s});
    const std::vector<Address> both{silent, address("10.0.0.1")};
    hosts.prefetch(both); // the only thread hangs in the first
    EXPECT_EQ(hosts.name(both[1]), "");
    gate->latch.count_down();
    EXPECT_EQ(name_in_the_end(hosts, silent), "h250");
    hosts.prefetch(both);
    EXPECT_EQ(hosts.name(both[1]), "");
    EXPECT_EQ(gate->asked.so_far(), (std::map<std::string, int>{{"10.0.0.250", 1}}));
    hosts.prefetch(addresses(2));
    EXPECT_EQ(hosts.name(address("10.0.0.2")), "h2") << "there was some wait left for a new one";
}

TEST(HostLookup, NobodyIsAskedOnceTheWaitIsUsedUp) {
    const auto gate = std::make_shared<Gate>();
    HostLookup hosts(gate->ask_host(gate), {4, 80ms});
    hosts.prefetch({&silent, 1}); // 40 ms of 80
    hosts.prefetch({&silent_too, 1});
    EXPECT_EQ(hosts.name(address("10.0.0.1")), "");
    gate->latch.count_down();
    const auto asked = gate->asked.so_far();
    EXPECT_EQ(asked.count("10.0.0.251") + asked.count("10.0.0.1"), 0U);
}

TEST(HostLookup, WaitIsWonBackBetweenRepeatedListings) {
    const auto gate = std::make_shared<Gate>();
    HostLookup hosts(gate->ask_host(gate), {4, 240ms});
    const Address third{Family::Inet, {10, 0, 0, 252}, 0};
    for (const Address& one : {silent, silent_too, third}) hosts.prefetch({&one, 1}); // leaves 30 ms of 240
    std::this_thread::sleep_for(1s);
    const Address later = address("10.0.0.1");
    hosts.prefetch({&later, 1});
    // A thread asks, which has to get a processor first.
    for (int i = 0; i < 1000 && gate->asked.so_far().count("10.0.0.1") == 0; ++i)
        std::this_thread::sleep_for(10ms);
    EXPECT_EQ(gate->asked.so_far().count("10.0.0.1"), 1U);
    gate->latch.count_down();
}

TEST(HostLookup, AsksItselfWhereNoThreadMayBe) {
    HostLookup hosts([](const Address& address) { return "name of " + text_of(address); }, {0, 60s});
    const std::vector<Address> many = addresses(100);
    hosts.prefetch(many);
    for (const Address& one : many) EXPECT_EQ(hosts.name(one), "name of " + text_of(one));

    const auto asked = std::make_shared<Asked>();
    HostLookup slow(
        [asked](const Address& address) {
            asked->note(address);
            std::this_thread::sleep_for(20ms);
            return std::string("late");
        },
        {0, 200ms});
    slow.prefetch(many);
    EXPECT_EQ(slow.name(many.front()), "late");
    EXPECT_EQ(slow.name(many.back()), "") << "the wait has its bound";
    EXPECT_LT(asked->so_far().size(), 20U);
}

TEST(HostLookup, ThrowsWhatAResolverThrows) {
    for (const std::size_t threads : {0, 1, 4}) {
        HostLookup hosts([](const Address&) -> std::string { throw std::bad_alloc(); }, {threads, 60s});
        EXPECT_THROW(hosts.prefetch(addresses(20)), std::bad_alloc) << threads;
    }
}

TEST(HostLookup, EndsWhileQuestionsHang) {
    const auto gate = std::make_shared<Gate>();
    {
        HostLookup hosts(gate->ask_host(gate), {4, 200ms});
        hosts.prefetch({&silent, 1});
    }
    EXPECT_LE(gate->asked.so_far().size(), 1U);
    gate->latch.count_down(); // the thread ends after it
}

} // namespace
} // namespace netstat46
