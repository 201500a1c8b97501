// Arguments, directories and copies of the program that are not what an honest user has.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "run.hpp"
#include "text.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

namespace fs = std::filesystem;

constexpr uid_t nobody = 65534;

class Hostile : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    }
};

/// A directory that goes away with the test.
class Place {
public:
    Place() {
        std::string name = "/tmp/netstat46-XXXXXX";
        path_ = mkdtemp(name.data());
        chmod(path_.c_str(), 0755);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { fs::remove_all(path_); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

std::string cleaned_lines(const std::string& text) {
    std::string out;
    for (const std::string& line : lines_of(text)) out += cleaned(line) + "\n";
    return out;
}

// ---- Arguments

Ran said_of(const std::vector<std::string>& arguments, bool by_native) {
    std::vector<std::string> words{"netstat"}; // the name makes ours classic
    words.insert(words.end(), arguments.begin(), arguments.end());
    return run(by_native ? native_program : our_program(), words);
}

/// The native program prints them raw; what can be printed is the same.
TEST_F(Hostile, ArgumentsAreEchoedAsTheNativeProgramDoesButCleaned) {
    for (const char* one : {"x", "\u00e9\u20ac", "bad\xff", "x\x1b[31my", "x\ry\x07", "\xc2\x9b", "\x9b",
                            "\u202ex", "a\u2028b", "a\u2066b"})
        for (const std::vector<std::string>& arguments :
             std::vector<std::vector<std::string>>{{std::string("--") + one},
                                                   {std::string("--") + one + "=v"},
                                                   {"-A", one},
                                                   {std::string("-A") + one},
                                                   {"-A", std::string("inet,") + one}}) {
            const Ran theirs = said_of(arguments, true), mine = said_of(arguments, false);
            EXPECT_EQ(mine.status, theirs.status) << arguments[0];
            EXPECT_EQ(mine.error, cleaned_lines(theirs.error)) << arguments[0];
        }
}

// ---- Copies with rights of their own

void become_nobody() {
    if (setgid(nobody) != 0 || setuid(nobody) != 0) _exit(126);
}

/// A copy of the program for everybody.
std::string copy_in(const Place& place, const char* name) {
    std::string copy = place.path() + "/" + name;
    fs::copy_file(our_program(), copy);
    chmod(copy.c_str(), 0755);
    return copy;
}

/// linux/capability.h: struct vfs_cap_data, version 2, effective, with CAP_DAC_READ_SEARCH permitted.
bool give_capability(const std::string& program) {
    const std::array<std::uint32_t, 5> data{0x02000001, 1U << 2, 0, 0, 0};
    return setxattr(program.c_str(), "security.capability", data.data(), sizeof data, 0) == 0;
}

Ran run_by_nobody(const std::string& program, std::vector<std::string> words,
                  std::vector<std::string> environment = {}) {
    words.insert(words.begin(), "netstat46");
    return run(program, words, {.environment = std::move(environment), .in_child = become_nobody});
}

struct Beyond {
    std::vector<std::string> words;
    int status;
};

void expect_only_a_listing(const std::string& copy, const Place& place) {
    const std::string there = place.path() + "/there", made = place.path() + "/made";
    for (const Beyond& one : std::vector<Beyond>{{{"--save=" + made}, 1},
                                                 {{"--replay=" + there}, 1},
                                                 {{"--classic", "--replay=" + there}, 1},
                                                 {{"--quiet", "--replay=" + there}, 2},
                                                 {{"--explain=22"}, 2},
                                                 {{"--who-answers=127.0.0.1:22"}, 2},
                                                 {{"--can-bind=*:22"}, 2},
                                                 {{"-rn"}, 1},
                                                 {{"--classic", "-i"}, 1}}) {
        const Ran ran = run_by_nobody(copy, one.words);
        EXPECT_EQ(ran.status, one.status) << one.words.back() << ran.error;
        EXPECT_EQ(ran.out, "") << one.words.back();
        EXPECT_NE(ran.error.find("not with rights that the program's file gives"), std::string::npos)
            << one.words.back() << ran.error;
        EXPECT_EQ(lines_of(ran.error).size(), 1U) << ran.error;
    }
    EXPECT_FALSE(fs::exists(made));
    const Ran listed = run_by_nobody(copy, {"-tan"}, {"NETSTAT46_CLASSIC=1"});
    EXPECT_EQ(listed.status, 0) << listed.error;
    EXPECT_NE(listed.out.find("V6ONLY"), std::string::npos) << "the environment does not count";
}

/// Why copies in `place` get no rights here; empty if they do.
std::string no_given_rights(const Place& place) {
    struct statvfs system {};
    if (geteuid() != 0) return "not root: cannot give a file rights";
    if (statvfs(place.path().c_str(), &system) != 0 || (system.f_flag & ST_NOSUID) != 0)
        return "/tmp is mounted nosuid";
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0) return "no new privileges";
    return {};
}

TEST_F(Hostile, ACopyWithRightsOfItsOwnOnlyLists) {
    const Zoo zoo;
    const Place place;
    if (const std::string why = no_given_rights(place); !why.empty()) GTEST_SKIP() << why;
    const std::string capture = place.path() + "/there";
    ASSERT_EQ(ours("--save=" + capture + " -n").status, 0);
    chown(capture.c_str(), nobody, nobody); // so that only the rights of the file are in the way
    for (const auto& file : fs::directory_iterator(capture)) chown(file.path().c_str(), nobody, nobody);

    const std::string usual = copy_in(place, "usual");
    const Ran replayed = run_by_nobody(usual, {"--replay=" + capture, "-tan"});
    if (replayed.status == 126) GTEST_SKIP() << "setuid is not permitted";
    EXPECT_EQ(replayed.status, 0) << replayed.error;

    for (const mode_t mode : {04755U, 02755U}) {
        const std::string copy = copy_in(place, mode == 04755U ? "set-user-id" : "set-group-id");
        ASSERT_EQ(chmod(copy.c_str(), mode), 0);
        if (run_by_nobody(copy, {"-V"}).error.find("LeakSanitizer") != std::string::npos)
            GTEST_SKIP()
                << "the checker of an instrumented build may not look at a program with rights of its own";
        expect_only_a_listing(copy, place);
    }
    const std::string capable = copy_in(place, "capable");
    if (!give_capability(capable)) GTEST_SKIP() << "no file capabilities in /tmp";
    expect_only_a_listing(capable, place);
}

// ---- Directories

TEST_F(Hostile, AnothersDirectoryIsNotSavedIntoWhateverIsInIt) {
    if (geteuid() != 0) GTEST_SKIP() << "not root: cannot give a directory away";
    const Place place;
    const std::string directory = place.path() + "/theirs", victim = place.path() + "/victim";
    std::ofstream(victim) << "mine\n";
    for (const mode_t mode : {0700U, 0755U, 0777U, 01777U}) {
        fs::create_directory(directory);
        ASSERT_EQ(chmod(directory.c_str(), mode), 0);
        ASSERT_EQ(chown(directory.c_str(), nobody, nobody), 0);
        const Ran ran = ours("--save=" + directory + " -n");
        EXPECT_EQ(ran.status, 1);
        EXPECT_EQ(ran.out, "");
        EXPECT_NE(ran.error.find(directory + ": belongs to another user"), std::string::npos) << ran.error;
        EXPECT_TRUE(fs::is_empty(directory));
        fs::remove_all(directory);
    }
}

/// Who may write where the directory is to be made makes it himself, moves ours away, and puts links into
/// his.
[[noreturn]] void plant(const std::string& parent, const std::string& victim) {
    become_nobody();
    const std::string directory = parent + "/new", moved = parent + "/moved";
    while (true) {
        mkdir(directory.c_str(), 0777);
        chmod(directory.c_str(), 0777);
        usleep(500);
        for (const char* name : {"manifest.new", "sock_diag.inet.tcp", "proc.net.unix", "proc.pid.fd",
                                 "services.tsv", "users.tsv"})
            static_cast<void>(symlink(victim.c_str(), (directory + "/" + name).c_str()));
        usleep(500);
        rename(directory.c_str(), (moved + std::to_string(rand())).c_str());
    }
}

TEST_F(Hostile, LinksThatArePlantedWhileItIsSavedAreNotFollowed) {
    if (geteuid() != 0) GTEST_SKIP() << "not root: cannot become another user";
    const Place place, elsewhere;
    const std::string victim = elsewhere.path() + "/victim";
    std::ofstream(victim) << "mine\n";
    ASSERT_EQ(chown(place.path().c_str(), nobody, nobody), 0);
    const Child planter([&] { plant(place.path(), victim); });
    for (int i = 0; i < 30; ++i) {
        const Ran ran = ours("--save=" + place.path() + "/new -n");
        EXPECT_TRUE(ran.status == 1 || ran.status == 0) << ran.status;
        ASSERT_EQ(fs::file_size(victim), 5U) << i;
    }
}

TEST_F(Hostile, AFullDiskLeavesNothing) {
    if (geteuid() != 0) GTEST_SKIP() << "not root: cannot mount";
    const Zoo zoo;
    const Place place;
    if (mount("none", place.path().c_str(), "tmpfs", 0, "size=8k") != 0) GTEST_SKIP() << "no mounts here";
    const Ran ran = ours("--save=" + place.path() + "/new -n");
    EXPECT_EQ(ran.status, 1);
    EXPECT_NE(ran.error.find("No space left on device"), std::string::npos) << ran.error;
    EXPECT_TRUE(fs::is_empty(place.path()));
    umount(place.path().c_str());
}

TEST_F(Hostile, AFileThatMayNotGrowLeavesNothing) {
    const Zoo zoo;
    const Place place;
    for (const rlim_t most : {0U, 100U, 4096U}) {
        const Ran ran = ours("--save=" + place.path() + "/new -n", {.in_child = [=] {
                                 const rlimit limit{most, most};
                                 setrlimit(RLIMIT_FSIZE, &limit);
                             }});
        EXPECT_NE(ran.status, 0) << most;
        EXPECT_TRUE(fs::is_empty(place.path())) << most;
    }
}

} // namespace
} // namespace netstat46::live
