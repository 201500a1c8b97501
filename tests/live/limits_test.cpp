// Too little memory, too few descriptors, no threads: everything is listed, or a message says what went
// wrong, and never does a signal end the run.
#include <string>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "listing.hpp"
#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

/// Questions are about the port of Sockets.
constexpr const char* option_sets[] = {"-an",
                                       "-lt",
                                       "-ae",
                                       "--classic -anp",
                                       "--json -an",
                                       "--quiet -an",
                                       "--quiet --port=9",
                                       "--explain=4000",
                                       "--who-answers=127.0.0.1:4000",
                                       "--can-bind=0.0.0.0:4000"};

/// Every how many steps options are tried: questions run other programs, which takes long.
int stride(std::string_view options) { return answers(options) && !options.starts_with("--quiet") ? 6 : 1; }

/// What does not differ from run to run.
std::string shown(const Ran& ran) { return timers_masked(json_masked(ran.out)); }

/// A listener on port 4000 and connections to it, and sockets of other kinds, none of which changes as time
/// goes by.
class Sockets {
public:
    explicit Sockets(std::size_t connections) {
        keep(open_socket(AF_INET, SOCK_STREAM));
        bind_to(held_.back(), {"127.0.0.1", 4000});
        const int listener = held_.back().get();
        listen(listener, 16);
        for (const int family : {AF_INET, AF_INET6}) {
            keep(open_socket(family, SOCK_DGRAM));
            keep(open_socket(family, SOCK_RAW, IPPROTO_TCP));
            bind_to(held_[held_.size() - 2], {family == AF_INET ? "127.0.0.1" : "::1", 4001});
        }
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0)
            for (const int end : pair) keep(Fd(end));
        for (; connections > 0; --connections) {
            keep(open_socket(AF_INET, SOCK_STREAM));
            if (!connect_to(held_.back(), {"127.0.0.1", 4000})) return;
            keep(Fd(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)));
        }
        whole_ = static_cast<bool>(held_.back());
    }

    /// All could be made.
    [[nodiscard]] bool whole() const { return whole_; }

private:
    void keep(Fd socket) { held_.push_back(std::move(socket)); }

    std::vector<Fd> held_;
    bool whole_ = false;
};

class Limits : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
        if (instrumented()) GTEST_SKIP() << "the checkers of an instrumented build need more";
    }

    static bool instrumented() {
        const Ran ran = ours("-V", {.in_child = [] { limit(RLIMIT_AS, rlim_t{300} << 20); }});
        return ran.error.find("Sanitizer") != std::string::npos;
    }

    /// What `options` give under a limit is what they usually give, or a message and a status that says so.
    static void holds(const char* options, const Ran& usual, const Ran& ran, const std::string& where) {
        if (ran.error.find("while loading shared libraries") != std::string::npos) return;
        if (ran.status == usual.status && ran.error == usual.error &&
            first_difference(shown(ran), shown(usual)).empty())
            return;
        EXPECT_EQ(ran.status, answers(options) ? 2 : 1) << options << where << ran.error;
        EXPECT_TRUE(ran.error.starts_with("netstat46: ")) << options << where << ran.error;
    }
};

TEST_F(Limits, OfMemory) {
    const Sockets sockets(100);
    std::vector<std::size_t> sizes; // in KiB; below 8 MiB the loader and the C library begin to fail
    for (std::size_t size = 8; size < 24; ++size) sizes.push_back(size * 1024);
    for (std::size_t size = 24; size <= 300; size += 23) sizes.push_back(size * 1024);
    for (const char* options : option_sets) {
        const Ran usual = ours(options);
        for (std::size_t step = 0; step < sizes.size(); step += stride(options)) {
            const std::size_t size = sizes[step];
            const Ran ran = ours(options, {.in_child = [size] { limit(RLIMIT_AS, size * 1024); }});
            if (size < 6144 && ran.out.empty() && ran.error.empty())
                continue; // the kernel could not even load it
            holds(options, usual, ran, fmt::format(" with {} KiB: ", size));
        }
    }
}

TEST_F(Limits, OfMemoryWhileACaptureIsMadeAndListed) {
    const Sockets sockets(100);
    const Zoo zoo;
    const std::string usual = zoo.directory() + "/usual";
    const Ran listed = ours("--save=" + usual + " -ant");
    ASSERT_EQ(listed.status, 0) << listed.error;
    for (std::size_t size = 6; size < 24; ++size) {
        const Way way{.in_child = [size] { limit(RLIMIT_AS, size << 20); }};
        const std::string capture = fmt::format("{}/{}", zoo.directory(), size);
        const Ran saved = ours("--save=" + capture + " -ant", way);
        EXPECT_TRUE(saved.status == 0 || saved.status == 1) << size << saved.error;
        EXPECT_EQ(saved.status == 0, saved.error.empty()) << size << saved.error;
        const Ran replayed = ours("--replay=" + usual + " -ant", way);
        EXPECT_TRUE(replayed.status == 1 || replayed.out == listed.out) << size;
        EXPECT_EQ(replayed.status == 0, replayed.error.empty()) << size << replayed.error;
    }
}

TEST_F(Limits, OfDescriptors) {
    const Sockets sockets(100);
    for (const char* options : option_sets) {
        const Ran usual = ours(options);
        for (rlim_t most = 3; most <= 45; most += most < 6 ? 1 : stride(options)) {
            const Ran ran = ours(options, {.in_child = [most] { limit(RLIMIT_NOFILE, most); }});
            const std::string where = fmt::format(" with {} descriptors: ", most);
            holds(options, usual, ran, where);
            if (most < 5) continue; // pidfd_getfd(2) needs two besides the standard ones
            EXPECT_EQ(ran.status, usual.status) << options << where << ran.error;
            EXPECT_EQ(ran.error, usual.error) << options << where;
            EXPECT_EQ(first_difference(shown(ran), shown(usual)), "") << options << where;
        }
    }
}

/// Most descriptors are taken already; those that are left decide, not the limit.
TEST_F(Limits, OfDescriptorsThatAreInherited) {
    const Sockets sockets(100);
    for (const char* options : {"-an", "--json -an"}) {
        const Ran usual = ours(options);
        for (const int left : {1, 2, 5, 9, 30}) {
            const Ran ran = ours(options, {.in_child = [left] {
                                     constexpr int most = 256;
                                     limit(RLIMIT_NOFILE, most);
                                     for (int fd = 3; fd < most - left; ++fd) dup2(STDIN_FILENO, fd);
                                     for (int fd = most - left; fd < most; ++fd) close(fd);
                                 }});
            EXPECT_EQ(ran.error, usual.error) << options << left;
            EXPECT_EQ(first_difference(shown(ran), shown(usual)), "") << options << left;
        }
    }
}

TEST_F(Limits, OfWhatManySocketsNeed) {
    const Sockets sockets(6500); // the kernel's own walks pay
    if (!sockets.whole()) GTEST_SKIP() << "13,000 sockets may not be opened here";
    for (const char* options : {"-an", "-at --port=4000"}) {
        const Ran usual = ours(options);
        ASSERT_EQ(usual.status, 0) << usual.error;
        for (const rlim_t most : {4, 5, 6, 7, 8, 9, 12, 20, 40, 43, 44, 60}) {
            const Ran ran = ours(options, {.in_child = [most] { limit(RLIMIT_NOFILE, most); }});
            EXPECT_EQ(ran.status, usual.status) << options << most << ran.error;
            EXPECT_EQ(first_difference(ran.out, usual.out), "") << options << most << ran.error;
        }
        for (const rlim_t size : {8, 16, 21, 24, 28, 29, 32, 40, 64, 100})
            holds(options, usual, ours(options, {.in_child = [size] { limit(RLIMIT_AS, size << 20); }}),
                  fmt::format(" with {} MiB: ", size));
    }
}

TEST_F(Limits, OfProcessesLeaveNoThread) {
    if (geteuid() != 0) GTEST_SKIP() << "not root: cannot become another user";
    const Zoo zoo;
    const std::string program = program_for_everybody(zoo.directory());
    const auto alone = [] {
        become_nobody();
        limit(RLIMIT_NPROC, 1);
    };
    for (const char* options : {"-an", "-a", "-ae", "-tupe", "-ltp"}) {
        const Ran usual = run_copy(program, options, {.in_child = become_nobody});
        if (usual.status == 126) GTEST_SKIP() << "setuid is not permitted";
        const Ran ran = run_copy(program, options, {.in_child = alone});
        EXPECT_EQ(ran.status, usual.status) << options << ran.error;
        EXPECT_EQ(first_difference(shown(ran), shown(usual)), "") << options;
        EXPECT_EQ(ran.error, usual.error) << options;
    }
}

} // namespace
} // namespace netstat46::live
