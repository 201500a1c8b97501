// Children that hang, flood, hide or fail, each within its limits and none left behind.
#include "posix/child.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace netstat46::live {
namespace {

using How = ChildEnd::How;
using std::chrono::milliseconds;

/// The test's own words for a shell; the runner itself uses none.
ChildEnd shell(const std::string& script, milliseconds time = milliseconds(20000)) {
    return run_child("sh", {"-c", script}, {time});
}

constexpr milliseconds short_time(2000);   ///< enough for a shell to begin on a busy machine
constexpr milliseconds ended_early(30000); ///< less than the children would take

class ChildLive : public testing::Test {
protected:
    /// No child of this process is left, dead or alive.
    void TearDown() override {
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
        EXPECT_EQ(errno, ECHILD);
    }

    [[nodiscard]] milliseconds passed() const {
        return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun_);
    }

private:
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

/// The process is there and no zombie, which whoever adopted it may reap when it likes.
bool lives(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string stat;
    std::getline(file, stat);
    const std::size_t name = stat.rfind(')');
    return name != std::string::npos && stat.substr(name, 3) != ") Z";
}

bool ends_soon(pid_t pid) {
    for (int i = 0; i < 2000 && lives(pid); ++i) ::usleep(10000);
    return !lives(pid);
}

TEST_F(ChildLive, BothStreamsAndTheStatusArrive) {
    const ChildEnd end = shell("echo out; echo error >&2; exit 3");
    EXPECT_EQ(end.how, How::Exited);
    EXPECT_EQ(end.code, 3);
    EXPECT_EQ(end.out, "out\n");
    EXPECT_EQ(end.error, "error\n");
    EXPECT_EQ(why_of(end), "ended with 3: error");
    EXPECT_FALSE(end.good());
    EXPECT_TRUE(shell(":").good());
}

TEST_F(ChildLive, ItsEnvironmentIsThePathAloneAndItsInputIsEmpty) {
    ::setenv("NETSTAT46_TEST", "1", 1);
    const ChildEnd end = run_child("env", {});
    EXPECT_EQ(end.out, "PATH=/usr/sbin:/sbin:/usr/bin:/bin\n");
    EXPECT_EQ(shell("cat; echo done").out, "done\n");
    ::unsetenv("NETSTAT46_TEST");
}

TEST_F(ChildLive, OnlyTheSystemsProgramsAreRun) {
    EXPECT_EQ(run_child("no-such-program", {}).how, How::NotFound);
    EXPECT_EQ(run_child("/bin/sh", {"-c", ":"}).how, How::NotFound);
    EXPECT_EQ(run_child("../bin/sh", {"-c", ":"}).how, How::NotFound);
    EXPECT_EQ(why_of(run_child("no-such-program", {})), "not found");
}

TEST_F(ChildLive, NoDescriptorButTheThreeIsHandedOn) {
    const int ours = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(shell("for fd in 3 4 5 6 7 8 9; do { true <&$fd; } 2>/dev/null && echo $fd; done; true").out,
              "");
    ::close(ours);
}

TEST_F(ChildLive, ArgumentsAreWordsAndNoShellSeesThem) {
    EXPECT_EQ(run_child("printf", {"%s|", "a b", "$HOME", "`id`", ""}).out, "a b|$HOME|`id`||");
}

TEST_F(ChildLive, OneThatSleepsIsKilled) {
    const ChildEnd end = shell("echo before; echo why >&2; exec sleep 60", short_time);
    EXPECT_EQ(end.how, How::Late);
    EXPECT_EQ(end.out, "before\n");
    EXPECT_EQ(why_of(end), "killed, since it took too long: why");
    EXPECT_LT(passed(), ended_early);
}

TEST_F(ChildLive, OneThatClosesItsStreamsAndStaysIsKilled) {
    EXPECT_EQ(shell("exec >&- 2>&-; exec sleep 60", short_time).how, How::Late);
    EXPECT_LT(passed(), ended_early);
}

TEST_F(ChildLive, OneThatIgnoresSignalsIsKilled) {
    EXPECT_EQ(shell("trap '' TERM INT HUP; while :; do sleep 1; done", short_time).how, How::Late);
}

TEST_F(ChildLive, OneThatWritesWithoutEndIsKilled) {
    const ChildEnd end = run_child("yes", {}, {ended_early, std::size_t{1} << 20U});
    EXPECT_EQ(end.how, How::Long);
    EXPECT_EQ(end.out.size(), std::size_t{1} << 20U);
    EXPECT_LT(passed(), ended_early);
}

TEST_F(ChildLive, OneThatScoldsWithoutEndEndsAsItWould) {
    const ChildEnd end = shell("head -c 1000000 /dev/zero >&2; echo done");
    EXPECT_EQ(end.out, "done\n");
    EXPECT_LE(end.error.size(), 4096U);
}

TEST_F(ChildLive, SixteenMebibytesAreTheMost) {
    EXPECT_EQ(shell("head -c 17000000 /dev/zero").how, How::Long);
    EXPECT_TRUE(shell("head -c 16000000 /dev/zero").good());
}

TEST_F(ChildLive, AGrandchildThatHoldsThePipeIsNotWaitedForAndDies) {
    const ChildEnd end = shell("sleep 60 & echo $!; exit 0");
    EXPECT_TRUE(end.good());
    EXPECT_LT(passed(), ended_early);
    EXPECT_TRUE(ends_soon(std::stoi(end.out)));
}

TEST_F(ChildLive, AGrandchildDiesWithOneThatIsLate) {
    const ChildEnd end = shell("sleep 60 & echo $!; wait", short_time);
    EXPECT_EQ(end.how, How::Late);
    EXPECT_TRUE(ends_soon(std::stoi(end.out)));
}

TEST_F(ChildLive, OneThatIsKilledSaysSo) {
    const ChildEnd end = shell("kill -9 $$");
    EXPECT_EQ(end.how, How::Signalled);
    EXPECT_EQ(why_of(end), "ended by signal 9");
}

TEST_F(ChildLive, AProcessThatIgnoresItsChildrenLearnsTheirStatusAllTheSame) {
    ::signal(SIGCHLD, SIG_IGN);
    EXPECT_EQ(shell("exit 7").code, 7);
    EXPECT_NE(::signal(SIGCHLD, SIG_DFL), SIG_DFL) << "as it was before";
}

TEST_F(ChildLive, WithoutDescriptorsItIsNotStarted) {
    const int first = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    std::vector<int> taken{first};
    while (taken.back() >= 0) taken.push_back(::dup(first));
    const ChildEnd end = shell(":");
    for (const int fd : taken)
        if (fd >= 0) ::close(fd);
    EXPECT_EQ(end.how, How::NotStarted);
    EXPECT_EQ(end.code, EMFILE);
}

} // namespace
} // namespace netstat46::live
