// Outputs that block, are closed, full or too small, arguments of every kind, and what the system does not
// know.
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "listing.hpp"
#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

class Ends : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    }
};

/// A capture of so many TCP sockets.
std::string many_sockets(const std::string& directory, int count) {
    const std::string capture = directory + "/many";
    std::filesystem::create_directory(capture);
    std::ofstream(capture + "/manifest") << "os: linux\n";
    std::ofstream file(capture + "/proc.net.tcp");
    file << "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
            "inode\n";
    for (int i = 0; i < count; ++i)
        file << fmt::format(
            "{:4}: 0100007F:{:04X} 0100007F:01BB 01 00000000:00000000 00:00000000 00000000     "
            "0        0 7\n",
            i, i % 65536);
    return capture;
}

struct Pipe {
    Fd read, write;
    explicit Pipe(int flags) {
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC) != 0) return;
        read = Fd(ends[0]);
        write = Fd(ends[1]);
        fcntl(ends[1], F_SETFL, flags);
    }
};

/// All that comes, with pauses in which the pipe runs full; the writer's end is closed here.
std::string read_slowly(Pipe& pipe) {
    std::string all, some(3000, '\0');
    pipe.write = Fd();
    for (int i = 0;; ++i) {
        if (i % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        const ssize_t got = read(pipe.read.get(), some.data(), some.size());
        if (got <= 0) return all;
        all.append(some, 0, static_cast<std::size_t>(got));
    }
}

TEST_F(Ends, OfAPipeThatDoesNotBlockLoseNoRow) {
    const Zoo zoo;
    const std::string options = "--replay=" + many_sockets(zoo.directory(), 10000) + " -tan";
    const Ran usual = ours(options);
    ASSERT_EQ(lines(usual.out), 10002U);
    Pipe pipe(O_NONBLOCK);
    Ran ran;
    std::thread writer([&, end = dup(pipe.write.get())] {
        ran = ours(options, {.out = end, .seconds = 60});
        close(end);
    });
    const std::string got = read_slowly(pipe);
    writer.join();
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.error, "");
    EXPECT_TRUE(got == usual.out) << lines(got) << " lines";
}

TEST_F(Ends, OfAnErrorPipeThatDoesNotBlockLoseNoMessage) {
    const Zoo zoo;
    const std::string capture = zoo.directory() + "/damaged";
    std::filesystem::create_directory(capture);
    std::ofstream(capture + "/manifest") << "os: linux\n";
    std::ofstream file(capture + "/proc.net.tcp");
    for (int i = 0; i < 5000; ++i) file << "no socket\n";
    file.close();
    const std::string options = "--replay=" + capture + " -tan";
    const Ran usual = ours(options);
    Pipe pipe(O_NONBLOCK);
    fcntl(pipe.write.get(), F_SETPIPE_SZ, 4096);
    ASSERT_GT(usual.error.size(), 40960U);
    Ran ran;
    std::thread writer([&, end = dup(pipe.write.get())] {
        ran = ours(options, {.in_child = [end] { dup2(end, STDERR_FILENO); }, .seconds = 60});
        close(end);
    });
    const std::string got = read_slowly(pipe);
    writer.join();
    EXPECT_EQ(ran.status, 1);
    EXPECT_TRUE(got == usual.error) << lines(got) << " lines";
}

/// Whatever of the standard descriptors is closed, nothing that is opened takes their place.
TEST_F(Ends, OfStandardDescriptorsThatAreClosed) {
    const Zoo zoo;
    const std::vector<std::string> option_list{"-an", "--json -lan", "--explain=7101", "--quiet -an",
                                               "--classic -anp"};
    for (const std::string& options : option_list) {
        const Ran usual = ours(options);
        for (int closed = 1; closed < 8; ++closed) {
            const Ran ran = ours(options, {.in_child = [closed] {
                                     for (int fd = 0; fd < 3; ++fd)
                                         if ((closed >> fd & 1) != 0) close(fd);
                                 }});
            const bool has_output = (closed & 2) == 0, has_error = (closed & 4) == 0;
            const bool silent = options.starts_with("--quiet");
            EXPECT_EQ(first_difference(json_masked(ran.out), has_output ? json_masked(usual.out) : ""), "")
                << options << closed;
            EXPECT_EQ(ran.status, has_output || silent ? usual.status
                                  : answers(options)   ? 2
                                                       : 1)
                << options << closed;
            EXPECT_EQ(ran.error,
                      has_output || silent || !has_error ? "" : "netstat46: standard output is closed\n")
                << options << closed;
        }
    }
}

TEST_F(Ends, OfADiskAreNotTakenForAnAnswer) {
    const Zoo zoo;
    for (const char* options :
         {"--explain=7101", "--who-answers=127.0.0.1:7101", "--json --who-answers=127.0.0.1:7101"}) {
        ASSERT_EQ(ours(options).status, 0) << options;
        const Fd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
        const Ran ran = ours(options, {.out = full.get()});
        EXPECT_EQ(ran.status, 2) << options;
        EXPECT_EQ(ran.error, "netstat46: standard output: No space left on device\n");
    }
}

TEST_F(Ends, OfSmallFilesAreReported) {
    const Zoo zoo;
    const auto small_files = [] { limit(RLIMIT_FSIZE, 100); };
    for (const char* options : {"-an", "--json -lan", "--explain=7101"}) {
        const Ran ran = ours(options, {.in_child = small_files});
        EXPECT_EQ(ran.status, answers(options) ? 2 : 1) << options;
        EXPECT_EQ(ran.error, "netstat46: standard output: File too large\n") << options;
    }
    const std::string capture = zoo.directory() + "/small";
    const Ran saved = ours("--save=" + capture + " -an", {.in_child = small_files});
    EXPECT_EQ(saved.status, 1);
    EXPECT_EQ(lines(saved.error), 1U) << saved.error;
    EXPECT_NE(saved.error.find("File too large"), std::string::npos) << saved.error;
}

// ---- Arguments

TEST_F(Ends, OfArgumentsAreTheSystems) {
    const Ran usual = ours("-ltn");
    EXPECT_EQ(run(our_program(), {}, {}).status, 0) << "not even a name";
    std::vector<std::string> words{"netstat46", "-ltn"};
    words.resize(100'000, "operand");
    const Ran many = run(our_program(), words);
    EXPECT_EQ(many.out, usual.out);
    words.resize(2);
    words.emplace_back(100'000, 'x');
    const Ran operand = run(our_program(), words);
    EXPECT_EQ(operand.out, usual.out);
    words.back() = "--address=" + std::string(100'000, 'x');
    EXPECT_EQ(run(our_program(), words).status, 3);
    for (const char* variable : {"COLUMNS=99999999999999999999", "COLUMNS=-1", "LC_ALL=xx_YY.UTF-9",
                                 "LANG=C.UTF-8", "TZ=:/nowhere", "POSIXLY_CORRECT=1"}) {
        const Ran ran = ours("-ltn", {.environment = {variable}});
        EXPECT_EQ(ran.out, usual.out) << variable;
        EXPECT_EQ(ran.error, "") << variable;
    }
}

TEST_F(Ends, OfWhatIsKnownAreReported) {
    const Zoo zoo;
    const std::string known = std::to_string(getpid());
    for (const char* options : {"-ltn", "--json -ltn", "--classic -ltn"}) {
        const std::string list = fmt::format("{} --pid=99999999,{} --pid=99999998", options, known);
        const Ran ran = ours(list);
        EXPECT_EQ(ran.status, 0) << options;
        EXPECT_EQ(ran.error, "netstat46: --pid: there is no process 99999999\n"
                             "netstat46: --pid: there is no process 99999998\n");
        EXPECT_EQ(ours(fmt::format("{} --pid={},1", options, known)).error, "");
    }
    const Ran quiet = ours("--quiet --pid=99999999");
    EXPECT_EQ(quiet.status, 1);
    EXPECT_EQ(quiet.error, "netstat46: --pid: there is no process 99999999\n");

    const std::string capture = zoo.directory() + "/capture";
    ASSERT_EQ(ours("--save=" + capture + " -an").status, 0);
    EXPECT_EQ(ours("--replay=" + capture + " -an --pid=99999999," + known).error,
              "netstat46: --pid: the capture names no process 99999999\n");
}

// ---- /proc

/// From here on directories cannot be read.
void refuse_to_list(int error) {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getdents64, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    filter_calls(code);
}

TEST_F(Ends, OfDirectoriesAreReported) {
    const Zoo zoo;
    for (const auto& [error, words] :
         {std::pair(EIO, "Input/output error"), std::pair(EACCES, "Permission denied")}) {
        const Way way{.in_child = [error = error] { refuse_to_list(error); }};
        for (const char* options : {"--no-bpf -an", "--no-bpf --classic -anp", "--no-bpf --json -an"}) {
            const Ran ran = ours(options, way);
            if (ran.status == 126) GTEST_SKIP() << "no seccomp filters here";
            EXPECT_EQ(ran.error, fmt::format("netstat46: /proc: {}; owners are not known\n", words))
                << options;
            if (std::string_view(options) == "--no-bpf --json -an") continue;
            EXPECT_EQ(lines(ran.out), lines(ours(options).out)) << options;
            for (const ListedSocket& row : internet_rows(ran.out)) EXPECT_EQ(row.program, "-") << row.line;
        }
    }
}

} // namespace
} // namespace netstat46::live
