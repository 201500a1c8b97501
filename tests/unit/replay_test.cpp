// What a capture's files may look like.
#include "capture/capture_dir.hpp"

#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "capture/host_tables_reader.hpp"
#include "files.hpp"
#include "freebsd/row.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

TEST(Replay, SideTablesMayEndTheirLinesInCarriageReturns) {
    Scratch capture;
    capture.with("manifest", "os: linux\n")
        .with("proc.net.tcp", "")
        .with("users.tsv", "7\tlp\r\n8\tma\\u000dil\n");
    HostTables tables;
    read_host_tables(open_capture(capture.path(), systems()), tables,
                     [](const Problem& problem) { ADD_FAILURE() << problem.text; });
    EXPECT_EQ(tables.users[7], "lp");
    EXPECT_EQ(tables.users[8], "ma\ril");
}

/// A file with a hole in it is one line of any length.
TEST(Replay, ALineOfASideTableThatIsTooLongIsAProblemAndNotKept) {
    Scratch capture;
    capture.with("manifest", "os: linux\n")
        .with("proc.net.unix", "")
        .with("users.tsv", "8\tmail\n7\t" + std::string(1 << 20, '\0'));
    HostTables tables;
    std::vector<std::string> problems;
    read_host_tables(open_capture(capture.path(), systems()), tables,
                     [&](const Problem& problem) { problems.push_back(problem.text); });
    EXPECT_EQ(problems, std::vector<std::string>{"users.tsv: a line that is not an entry at offset 7"});
    EXPECT_EQ(tables.users[8], "mail");
    EXPECT_EQ(tables.users.count(7), 0U);
}

TEST(Replay, APipeIsAProblemAndNotWaitedFor) {
    Scratch capture;
    capture.with("manifest", "os: linux\n").with("proc.net.unix", "");
    ASSERT_EQ(mkfifo((capture.path() + "/users.tsv").c_str(), 0600), 0);
    HostTables tables;
    std::vector<std::string> problems;
    read_host_tables(open_capture(capture.path(), systems()), tables,
                     [&](const Problem& problem) { problems.push_back(problem.text); });
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_NE(problems.front().find("users.tsv"), std::string::npos) << problems.front();
}

/// The messages about a capture whose users.tsv is `make`'s work.
std::vector<std::string> said_of_users(const std::function<void(const std::string& path)>& make) {
    Scratch capture;
    capture.with("manifest", "os: linux\n").with("proc.net.unix", "");
    make(capture.path() + "/users.tsv");
    HostTables tables;
    std::vector<std::string> problems;
    read_host_tables(open_capture(capture.path(), systems()), tables,
                     [&](const Problem& problem) { problems.push_back(problem.text); });
    EXPECT_TRUE(tables.users.empty());
    for (std::string& problem : problems) problem.erase(0, capture.path().size());
    return problems;
}

TEST(Replay, NoLinkIsFollowed) {
    Scratch elsewhere;
    elsewhere.with("users", "7\tlp\n");
    for (const std::string& target :
         {elsewhere.path() + "/users", std::string("manifest"), std::string("none"), std::string("/dev/zero"),
          std::string("users.tsv")})
        EXPECT_EQ(said_of_users(
                      [&](const std::string& path) { ASSERT_EQ(symlink(target.c_str(), path.c_str()), 0); }),
                  std::vector<std::string>{"/users.tsv: is not a regular file"})
            << target;
}

TEST(Replay, OnlyRegularFilesAreOpened) {
    const std::vector<std::string> refused{"/users.tsv: is not a regular file"};
    EXPECT_EQ(said_of_users([](const std::string& path) { mkfifo(path.c_str(), 0600); }), refused);
    EXPECT_EQ(said_of_users([](const std::string& path) { mkdir(path.c_str(), 0700); }),
              std::vector<std::string>{"/users.tsv: Is a directory"});
    if (geteuid() == 0) {
        EXPECT_EQ(said_of_users([](const std::string& path) {
                      ASSERT_EQ(mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 5)), 0);
                  }),
                  refused);
    }
}

/// Whoever waits at the other end of a pipe would go on if it were opened.
TEST(Replay, APipeIsNotOpenedAtAll) {
    Scratch capture;
    capture.with("manifest", "os: linux\n").with("proc.net.unix", "");
    const std::string pipe = capture.path() + "/users.tsv";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    const pid_t writer = fork();
    if (writer == 0) {
        alarm(20);
        _exit(open(pipe.c_str(), O_WRONLY) < 0 ? 1 : 0);
    }
    usleep(50000); // it waits
    HostTables tables;
    read_host_tables(open_capture(capture.path(), systems()), tables, [](const Problem&) {});
    usleep(50000);
    EXPECT_EQ(waitpid(writer, nullptr, WNOHANG), 0) << "it goes on waiting";
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
}

TEST(Replay, AManifestBehindALinkIsNone) {
    Scratch capture, elsewhere;
    elsewhere.with("manifest", "os: linux\n");
    ASSERT_EQ(symlink((elsewhere.path() + "/manifest").c_str(), (capture.path() + "/manifest").c_str()), 0);
    try {
        open_capture(capture.path(), systems());
        ADD_FAILURE() << "no exception";
    } catch (const std::runtime_error& error) {
        EXPECT_EQ(error.what(), "--replay: " + capture.path() +
                                    "/manifest: is not a regular file; a capture is a directory that "
                                    "--save wrote");
    }
}

TEST(Replay, ACaptureMayBeReachedThroughALink) {
    Scratch capture, elsewhere;
    capture.with("manifest", "os: freebsd\n");
    const std::string link = elsewhere.path() + "/link";
    ASSERT_EQ(symlink(capture.path().c_str(), link.c_str()), 0);
    EXPECT_EQ(open_capture(link, systems()).host.system, &freebsd_system);
}

TEST(Replay, WhatIsWrongWithAManifestNamesTheFileAndTheValue) {
    Scratch capture;
    capture.with("manifest", "os: linux\nbyte_order: sideways\n");
    try {
        open_capture(capture.path(), systems());
        ADD_FAILURE() << "no exception";
    } catch (const std::runtime_error& error) {
        EXPECT_EQ(error.what(),
                  "--replay: " + capture.path() + "/manifest: byte_order: `sideways' is not little or big");
    }
}

} // namespace
} // namespace netstat46
