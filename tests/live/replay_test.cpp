// A capture lists as the kernel did.
#include <filesystem>

#include <gtest/gtest.h>

#include "listing.hpp"
#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

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
            if (timers_masked(before.out) == timers_masked(after.out)) break;
        }
        EXPECT_EQ(saved.status, after.status) << options << "\n" << saved.error;
        EXPECT_EQ(timers_masked(saved.out), timers_masked(after.out)) << options;
        const Ran replayed = ours("--replay=" + directory + " " + options);
        EXPECT_EQ(replayed.status, saved.status) << options << "\n" << replayed.error;
        EXPECT_EQ(replayed.out, saved.out) << options;
    }
}

/// Between a capture and a later listing a running timer may have sent or probed again.
std::string retransmits_masked(std::string_view text) {
    std::string out = timers_masked(text);
    for (const std::string_view before : {" on (#/", " probe (#/0/"})
        for (std::size_t at = out.find(before); at != std::string::npos; at = out.find(before, at + 1))
            if (at + before.size() < out.size()) out[at + before.size()] = '#';
    return out;
}

/// One capture holds everything: it answers options that were not given when it was saved.
TEST_F(Replay, OneCaptureAnswersEveryOption) {
    const Zoo zoo;
    const std::string directory = zoo.directory() + "/capture";
    ASSERT_EQ(ours("--save=" + directory + " -a").status, 0);
    for (const char* options :
         {"-an", "-a", "-aneo", "-tulpn", "-xa", "-6an", "-l", "--classic -anpe", "-wa", "--port=8888"}) {
        const Ran live = ours(options), replayed = ours("--replay=" + directory + " " + options);
        EXPECT_EQ(retransmits_masked(replayed.out), retransmits_masked(live.out)) << options;
        EXPECT_EQ(replayed.status, live.status) << options;
    }
}

} // namespace
} // namespace netstat46::live
