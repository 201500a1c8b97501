// A capture lists as the kernel did.
#include <filesystem>
#include <regex>

#include <gtest/gtest.h>

#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

std::string without_times(const std::string& text) {
    return std::regex_replace(text, std::regex(R"(\([0-9]+\.[0-9][0-9]/)"), "(#/");
}

class Replay : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    }
};

TEST_F(Replay, SavedAndReplayedIsWhatWasThere) {
    const Zoo zoo;
    int number = 0;
    for (const char* options : {"",
                                "-a",
                                "-n",
                                "-an",
                                "-l",
                                "-lnp",
                                "-ane",
                                "-aneo",
                                "-aeo",
                                "-aneoW",
                                "-aW",
                                "-tan",
                                "-uan",
                                "-Uan",
                                "-wan",
                                "-wa",
                                "-xan",
                                "-xl",
                                "-4an",
                                "-6an",
                                "-an -A inet,unix",
                                "-tulpn",
                                "-San",
                                "-anv",
                                "--port=8888",
                                "-n --port=http,9000-9100",
                                "-ae --numeric-hosts",
                                "-ae --numeric-ports",
                                "-ae --numeric-users",
                                "--classic -an",
                                "--classic -anp",
                                "--classic -anpeoW",
                                "--classic -a",
                                "--classic -tulpne"}) {
        const std::string directory = zoo.directory() + "/capture" + std::to_string(number++);
        Ran before, saved, after;
        for (int attempt = 0; attempt < 5; ++attempt) {
            before = ours(options);
            std::filesystem::remove_all(directory);
            saved = ours("--save=" + directory + " " + options);
            after = ours(options);
            if (without_times(before.out) == without_times(after.out)) break;
        }
        EXPECT_EQ(saved.status, after.status) << options << "\n" << saved.error;
        EXPECT_EQ(without_times(saved.out), without_times(after.out)) << options;
        const Ran replayed = ours("--replay=" + directory + " " + options);
        EXPECT_EQ(replayed.status, saved.status) << options << "\n" << replayed.error;
        EXPECT_EQ(replayed.out, saved.out) << options;
    }
}

/// One capture holds everything: it answers options that were not given when it was saved.
TEST_F(Replay, OneCaptureAnswersEveryOption) {
    const Zoo zoo;
    const std::string directory = zoo.directory() + "/capture";
    ASSERT_EQ(ours("--save=" + directory + " -a").status, 0);
    for (const char* options :
         {"-an", "-a", "-aneo", "-tulpn", "-xa", "-6an", "-l", "--classic -anpe", "-wa", "--port=8888"}) {
        const Ran live = ours(options), replayed = ours("--replay=" + directory + " " + options);
        // Without a namespace of ours, what was saved is all there is.
        EXPECT_EQ(without_times(replayed.out), without_times(live.out)) << options;
        EXPECT_EQ(replayed.status, live.status) << options;
    }
}

} // namespace
} // namespace netstat46::live
