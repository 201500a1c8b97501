// What a capture's files may look like.
#include "capture/capture_dir.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "list.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;

/// A directory that goes away with the test.
class Capture {
public:
    Capture() {
        std::string name = (fs::temp_directory_path() / "netstat46-XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    ~Capture() { fs::remove_all(path_); }

    Capture& with(std::string_view file, std::string_view text) {
        std::ofstream(path_ / file, std::ios::binary) << text;
        return *this;
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    fs::path path_;
};

TEST(CaptureDir, AManifestNamesTheSystemWhateverItsLineEnds) {
    for (const char* manifest : {"os: freebsd\nrelease: 14.2-RELEASE\n", "os: freebsd\nrelease: 14.2-RELEASE",
                                 "os: freebsd\r\nrelease: 14.2-RELEASE\r\n"}) {
        HostFacts host;
        EXPECT_TRUE(read_manifest(manifest, host)) << manifest;
        EXPECT_EQ(host.os, Os::FreeBSD) << manifest;
        EXPECT_EQ(host.release, "14.2-RELEASE") << manifest;
    }
}

TEST(CaptureDir, SideTablesMayEndTheirLinesInCarriageReturns) {
    Capture capture;
    capture.with("manifest", "os: linux\n")
        .with("proc.net.tcp", "")
        .with("users.tsv", "7\tlp\r\n8\tma\\u000dil\n");
    SideTables side;
    read_side_tables(open_capture(capture.path()), side,
                     [](const Problem& problem) { ADD_FAILURE() << problem.text; });
    EXPECT_EQ(side.users[7], "lp");
    EXPECT_EQ(side.users[8], "ma\ril");
}

TEST(CaptureDir, APipeIsAProblemAndNotWaitedFor) {
    Capture capture;
    capture.with("manifest", "os: linux\n").with("proc.net.unix", "");
    ASSERT_EQ(mkfifo((capture.path() + "/users.tsv").c_str(), 0600), 0);
    SideTables side;
    std::vector<std::string> problems;
    read_side_tables(open_capture(capture.path()), side,
                     [&](const Problem& problem) { problems.push_back(problem.text); });
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_NE(problems.front().find("users.tsv"), std::string::npos) << problems.front();
}

} // namespace
} // namespace netstat46
