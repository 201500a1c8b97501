// What a capture's files may look like.
#include "capture/capture_dir.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "capture/side_reader.hpp"
#include "files.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

TEST(Replay, SideTablesMayEndTheirLinesInCarriageReturns) {
    Scratch capture;
    capture.with("manifest", "os: linux\n")
        .with("proc.net.tcp", "")
        .with("users.tsv", "7\tlp\r\n8\tma\\u000dil\n");
    SideTables side;
    read_side_tables(open_capture(capture.path(), systems()), side,
                     [](const Problem& problem) { ADD_FAILURE() << problem.text; });
    EXPECT_EQ(side.users[7], "lp");
    EXPECT_EQ(side.users[8], "ma\ril");
}

/// A file with a hole in it is one line of any length.
TEST(Replay, ALineOfASideTableThatIsTooLongIsAProblemAndNotKept) {
    Scratch capture;
    capture.with("manifest", "os: linux\n")
        .with("proc.net.unix", "")
        .with("users.tsv", "8\tmail\n7\t" + std::string(1 << 20, '\0'));
    SideTables side;
    std::vector<std::string> problems;
    read_side_tables(open_capture(capture.path(), systems()), side,
                     [&](const Problem& problem) { problems.push_back(problem.text); });
    EXPECT_EQ(problems, std::vector<std::string>{"users.tsv: a line that is no entry at offset 7"});
    EXPECT_EQ(side.users[8], "mail");
    EXPECT_EQ(side.users.count(7), 0U);
}

TEST(Replay, APipeIsAProblemAndNotWaitedFor) {
    Scratch capture;
    capture.with("manifest", "os: linux\n").with("proc.net.unix", "");
    ASSERT_EQ(mkfifo((capture.path() + "/users.tsv").c_str(), 0600), 0);
    SideTables side;
    std::vector<std::string> problems;
    read_side_tables(open_capture(capture.path(), systems()), side,
                     [&](const Problem& problem) { problems.push_back(problem.text); });
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_NE(problems.front().find("users.tsv"), std::string::npos) << problems.front();
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
