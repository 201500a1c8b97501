// Bad input, full disks, missing privilege, missing kernel interfaces: what can be listed is listed, and what
// cannot is reported once.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "listing.hpp"
#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

class Trouble : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    }
};

/// From here on this process makes no netlink socket.
void refuse_netlink() { refuse_call(SYS_socket, AF_NETLINK, EPERM); }

/// From here on this process, another user's, starts no thread: EAGAIN.
void refuse_threads() {
    become_nobody();
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
    };
    filter_calls(code);
}

void hide_proc() {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/proc", "tmpfs", 0, nullptr) != 0) _exit(126);
}

void hide_other_users_processes() {
    if (unshare(CLONE_NEWNS) != 0 || mount("proc", "/proc", "proc", 0, "hidepid=2") != 0) _exit(126);
    become_nobody();
}

TEST_F(Trouble, OurHelpIsOursAloneAndTheNativeOneIsThereToo) {
    for (const char* options : {"-V", "--version", "-h", "--help"}) {
        const bool help = std::string_view(options).find('h') != std::string_view::npos;
        const std::string own = ours(options).out, theirs = native(options).out;
        EXPECT_NE(own.find("netstat46"), std::string::npos) << options;
        EXPECT_TRUE(help || own.ends_with(theirs)) << options;
        EXPECT_TRUE(!help || lines(own) <= 23) << own;
        EXPECT_EQ(ours(std::string("--classic ") + options).out, theirs) << options;
    }
    const Ran all = native("--help");
    EXPECT_EQ(ours("--help=native").out, all.out + all.error);
    EXPECT_NE(ours("--help=all").out.find("--foreign-port=LIST"), std::string::npos);
    EXPECT_EQ(ours("--help=some").status, 3);
    EXPECT_EQ(ours("--classic --help=all").error, native("--help=all").error);
}

// ---- Output

TEST_F(Trouble, AFullDiskIsReportedAndNotASuccess) {
    const Zoo zoo;
    for (const char* options : {"-an", "--classic -an", "-V", "-h"}) {
        const Fd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
        const Ran ran = ours(options, {.out = full.get()});
        EXPECT_EQ(ran.status, 1) << options;
        EXPECT_EQ(lines(ran.error.substr(ran.error.find("netstat46:"))), 1U) << ran.error;
        EXPECT_NE(ran.error.find("No space left on device"), std::string::npos) << options;
    }
}

TEST_F(Trouble, AClosedStandardOutputIsReportedAndNotASuccess) {
    const Ran ran = ours("-an", {.closed_out = true});
    EXPECT_EQ(ran.status, 1);
    EXPECT_EQ(lines(ran.error), 1U) << ran.error;
}

TEST_F(Trouble, AClosedPipeIsQuiet) {
    const Zoo zoo;
    for (const char* options : {"-an", "--classic -an", "-c -n"}) {
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        close(ends[0]);
        const Fd into(ends[1]);
        for (const bool ignored : {false, true}) {
            const Ran ran = ours(options, {.in_child = [=] { signal(SIGPIPE, ignored ? SIG_IGN : SIG_DFL); },
                                           .out = into.get()});
            EXPECT_NE(ran.status, 0) << options;
            EXPECT_NE(ran.status, 128 + SIGKILL) << options;
            EXPECT_EQ(ran.error, "") << options;
        }
    }
}

// ---- Privilege

TEST_F(Trouble, WithoutRootItListsWhatTheNativeOneLists) {
    if (geteuid() != 0) GTEST_SKIP() << "not root: cannot become another user";
    const Zoo zoo;
    const std::string program = program_for_everybody(zoo.directory());
    const Way way{.in_child = become_nobody};
    for (const char* options : {"-tuanp", "-tulpn", "-tuanpe", "-tup"}) {
        const Ran theirs = native(options, way);
        if (theirs.status == 126) GTEST_SKIP() << "setuid is not permitted";
        const Ran mine = run_copy(program, std::string("--classic ") + options, way);
        EXPECT_EQ(mine.status, theirs.status) << options;
        EXPECT_EQ(mine.out, theirs.out) << options;
        EXPECT_EQ(mine.error, theirs.error) << options;
    }
    const Ran mine = run_copy(program, "-ane", way);
    EXPECT_EQ(mine.status, 0);
    EXPECT_EQ(mine.error, "") << "the sentences are for -p; this is no terminal";
    int owned = 0, hidden = 0;
    for (const ListedSocket& row : internet_rows(mine.out)) {
        ++(row.program == "-" ? hidden : owned);
        const std::string_view name = row.local.ends_with(":7102") ? "/of-another" : "";
        EXPECT_NE(row.program.find(name), std::string::npos) << row.line;
    }
    EXPECT_EQ(owned, 2 + 1) << "of-another-user, and third of the two shared ones";
    EXPECT_GT(hidden, 60);
}

TEST_F(Trouble, WithoutThreadsItListsTheSame) {
    if (geteuid() != 0) GTEST_SKIP() << "not root: cannot become another user";
    const Zoo zoo;
    const std::string program = program_for_everybody(zoo.directory());
    const Ran usual = run_copy(program, "-an", {.in_child = become_nobody});
    const Ran mine = run_copy(program, "-an", {.in_child = refuse_threads});
    if (mine.error.find("Sanitizer") != std::string::npos)
        GTEST_SKIP() << "the leak checker of an instrumented build needs a thread";
    if (usual.status == 126 || mine.status == 126) GTEST_SKIP() << "no setuid or no seccomp filters here";
    EXPECT_EQ(mine.status, 0);
    EXPECT_EQ(mine.out, usual.out);
    EXPECT_EQ(mine.error, "");
}

TEST_F(Trouble, HiddenProcessesAreNoError) {
    if (geteuid() != 0) GTEST_SKIP() << "not root: cannot mount /proc";
    const Zoo zoo;
    const Ran ran =
        run_copy(program_for_everybody(zoo.directory()), "-ane", {.in_child = hide_other_users_processes});
    if (ran.status == 126) GTEST_SKIP() << "/proc cannot be mounted with hidepid here";
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.error, "");
    EXPECT_GT(internet_rows(ran.out).size(), 60U);
}

TEST_F(Trouble, ProcessesThatEndMeanwhileAreNoError) {
    const Zoo zoo;
    const pid_t parent = fork();
    if (parent == 0) { // children come and go
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGCHLD, SIG_IGN);
        while (true) {
            if (fork() == 0) _exit(0);
            usleep(300);
        }
    }
    for (int i = 0; i < 30; ++i) {
        const Ran ran = ours("-anp");
        EXPECT_EQ(ran.status, 0);
        EXPECT_EQ(ran.error, "");
    }
    kill(parent, SIGKILL);
}

// ---- Kernel interfaces

TEST_F(Trouble, WithoutNetlinkProcListsTheSameButV6Only) {
    const Zoo zoo;
    const Way way{.in_child = refuse_netlink};
    const Ran probe = run("/bin/true", {"true"}, way);
    if (probe.status == 126) GTEST_SKIP() << "no seccomp filters here";
    for (const char* options : {"-an", "-anp", "-ane", "-tuan", "-l", "-wan"}) {
        const Ran mine = ours(std::string("--classic ") + options, way),
                  usual = ours(std::string("--classic ") + options);
        EXPECT_EQ(mine.out, usual.out) << options;
        EXPECT_EQ(mine.status, 0) << options;
        EXPECT_EQ(lines(mine.error), 1U) << mine.error;
    }
    const Ran mine = ours("-ane", way);
    EXPECT_EQ(mine.status, 0) << "no table is missing";
    int unknown = 0;
    for (const ListedSocket& row : internet_rows(mine.out)) {
        const bool unconnected6 =
            row.protocol.ends_with("6") && row.foreign.ends_with(":*") && row.state != "1";
        EXPECT_EQ(row.v6only, unconnected6 ? "?" : "-") << row.line;
        unknown += unconnected6 ? 1 : 0;
    }
    EXPECT_GT(unknown, 20);
}

TEST_F(Trouble, WithoutProcSocketsAreListedAndTheMissingTableIsReported) {
    const Zoo zoo;
    const std::string program = our_program(); // read before /proc is gone
    const Way way{.in_child = hide_proc};
    if (run_copy(program, "-V", way).error.find("Sanitizer") != std::string::npos)
        GTEST_SKIP() << "the leak checker of an instrumented build needs /proc";
    const Ran mine = run_copy(program, "-an", way), usual = ours("-an");
    if (mine.status == 126) GTEST_SKIP() << "no mounts here";
    EXPECT_EQ(mine.status, 1) << "unix sockets are missing";
    std::set<std::string> want, have;
    for (const ListedSocket& row : internet_rows(usual.out))
        if (!row.protocol.starts_with("raw")) want.insert(row.local + row.foreign + row.v6only);
    for (const ListedSocket& row : internet_rows(mine.out)) {
        EXPECT_EQ(row.program, "-");
        if (!row.protocol.starts_with("raw")) have.insert(row.local + row.foreign + row.v6only);
    }
    EXPECT_EQ(want, have);
    const std::vector<std::string> said = lines_of(mine.error);
    EXPECT_EQ(std::set<std::string>(said.begin(), said.end()).size(), said.size()) << "once each\n"
                                                                                   << mine.error;
    EXPECT_NE(mine.error.find("unix"), std::string::npos) << mine.error;
    const Ran tcp = run_copy(program, "-tan", way);
    EXPECT_EQ(tcp.status, 0) << "nothing is missing but owners: " << tcp.error;
    EXPECT_EQ(lines(tcp.error), 1U) << tcp.error;
}

// ---- Other modes

TEST_F(Trouble, OtherModesAreTheNativeProgramsOwn) {
    for (const char* options : {"-rn", "-i", "-gn", "-s", "-rn -6", "--route -n"}) {
        const Ran theirs = native(options), mine = ours(options);
        EXPECT_EQ(mine.status, theirs.status) << options;
        EXPECT_TRUE(std::string_view(options) == "-s" || mine.out == theirs.out) << options;
    }
}

/// Directories with a `netstat` in them: what -r does there.
TEST_F(Trouble, NoOtherNetstatIsReportedAndAWrapperAroundUsIsNotCalledTwice) {
    const Zoo zoo;
    const std::string empty = zoo.directory() + "/empty", linked = zoo.directory() + "/linked",
                      wrapped = zoo.directory() + "/wrapped", diverted = zoo.directory() + "/diverted";
    for (const std::string& directory : {empty, linked, wrapped, diverted})
        std::filesystem::create_directory(directory);
    std::filesystem::create_symlink(our_program(), linked + "/netstat");
    std::ofstream(wrapped + "/netstat") << "#!/bin/sh\nexec " << our_program() << " \"$@\"\n";
    chmod((wrapped + "/netstat").c_str(), 0755);
    std::filesystem::create_symlink(our_program(), diverted + "/netstat");
    std::filesystem::create_symlink(native_program, diverted + "/netstat.distrib");
    const std::pair<const char*, const char*> modes[] = {
        {"-r", "ip route"}, {"-i", "ip -s link"}, {"-s", "nstat"}, {"-g", "ip maddr"}, {"-M", "conntrack"}};
    for (const std::string& directory : {empty, linked, wrapped})
        for (const auto& [mode, instead] : modes) {
            const Ran ran = ours(mode, {.environment = {"PATH=" + directory}});
            EXPECT_EQ(ran.status, 1) << directory << mode;
            EXPECT_EQ(ran.out, "") << directory << mode;
            EXPECT_EQ(lines(ran.error), 1U) << ran.error;
            EXPECT_NE(ran.error.find(instead), std::string::npos) << ran.error;
        }
    EXPECT_EQ(ours("-rn", {.environment = {"PATH=" + diverted}}).out, native("-rn").out);
    EXPECT_EQ(ours("-rn", {.environment = {"PATH=" + wrapped + ":/usr/bin:/bin"}}).out, native("-rn").out);
}

TEST_F(Trouble, ACaptureThatLacksATableIsNoSuccessAndHoldsNoMessages) {
    const Zoo zoo;
    const std::string program = our_program(), capture = zoo.directory() + "/capture";
    if (run_copy(program, "-V", {.in_child = hide_proc}).error.find("Sanitizer") != std::string::npos)
        GTEST_SKIP() << "the leak checker of an instrumented build needs /proc";
    const auto in_child = [] {
        hide_proc();
        close(STDIN_FILENO);
        close(STDERR_FILENO); // then the first files would be opened in their places
    };
    const Ran ran = run_copy(program, "--save=" + capture + " -ant", {.in_child = in_child});
    if (ran.status == 126) GTEST_SKIP() << "no mounts here";
    EXPECT_EQ(ran.status, 1) << "no unix sockets were saved";
    for (const auto& file : std::filesystem::directory_iterator(capture)) {
        std::ifstream stream(file.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
        EXPECT_EQ(bytes.find("netstat46: /proc"), std::string::npos) << file.path();
    }
}

TEST_F(Trouble, ACaptureThatIsCutWhileItIsListedEndsInAMessage) {
    const Zoo zoo;
    const std::string capture = zoo.directory() + "/cut", table = capture + "/proc.net.tcp";
    std::filesystem::create_directory(capture);
    std::ofstream(capture + "/manifest") << "os: linux\n";
    std::ofstream file(table);
    file << "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
            "inode\n";
    for (int i = 0; i < 100000; ++i) // far more than a pipe holds
        file << "   0: 0100007F:0016 0100007F:01BB 01 00000000:00000000 00:00000000 00000000     0        0 "
                "7\n";
    file.close();
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    std::thread reader([&] {
        std::vector<char> buffer(4096);
        for (bool cut = false; read(ends[0], buffer.data(), buffer.size()) > 0;)
            if (!std::exchange(cut, true)) std::filesystem::resize_file(table, 0);
    });
    const Ran ran = ours("--replay=" + capture + " -tan", {.out = ends[1]});
    close(ends[1]);
    reader.join();
    close(ends[0]);
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.error, "netstat46: a file of the capture became shorter while it was read\n");
}

} // namespace
} // namespace netstat46::live
