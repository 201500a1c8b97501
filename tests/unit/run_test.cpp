// What the program refuses before it asks any kernel.
#include "run.hpp"
#include "system.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "format/dialect.hpp"
#include "platform.hpp"
#include "program.hpp"
#include "text.hpp"

namespace netstat46 {
namespace {

std::ptrdiff_t lines(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

struct BadInput {
    const char* options;
    const char* says;
};

void expect_refusal(const BadInput& bad, int status) {
    for (const char* classic : {"", "1"}) {
        const Printed ran = run_program(words(bad.options), classic);
        EXPECT_EQ(ran.status, status) << bad.options;
        EXPECT_EQ(ran.out, "") << bad.options;
        EXPECT_NE(ran.error.find(bad.says), std::string::npos) << bad.options << ": " << ran.error;
        EXPECT_TRUE(std::string_view(bad.says) == "usage:" || lines(ran.error) == 1) << ran.error;
    }
}

TEST(Run, AWrongOptionOfOursIsOneClearLineAndNoListing) {
    const int status = live_host().system->dialect->usage_status;
    for (const BadInput& bad : std::vector<BadInput>{
             {"--port=", "--port"},
             {"--port", "--port"},
             {"--port=x-y", "x-y"},
             {"--port=99999", "99999"},
             {"--port=80,", "--port"},
             {"--port=90-80", "90-80"},
             {"--port=no-such-service", "no-such-service"},
             {"--dialect=plan9", "plan9"},
             {"--dialect", "--dialect"},
             {"--classic=yes", "--classic"},
             {"--save=a --replay=b", "--save"},
         })
        expect_refusal(bad, status);
    for (const BadInput& bad :
         std::vector<BadInput>{{"--replay=/nonexistent/capture", "/nonexistent/capture"},
                               {"--save=/dev/null/capture", "/dev/null/capture"}})
        expect_refusal(bad, 1);
}

TEST(Run, AnUnknownOptionIsOneLineAndInClassicModeTheNativeUsage) {
    for (const std::string option : {"--clas", "--repl=x", "--no-such-option", "-k"}) {
        const Printed ours = run_program(words("--dialect=linux " + option), "");
        EXPECT_EQ(ours.status, 3) << option;
        EXPECT_EQ(ours.out, "");
        EXPECT_EQ(lines(ours.error), 1) << ours.error;
        EXPECT_NE(ours.error.find("unknown option " + option.substr(0, option.find('='))), std::string::npos);
        EXPECT_NE(ours.error.find("ee --help\n"), std::string::npos) << ours.error;
        const Printed native = run_program(words("--dialect=linux " + option), "1");
        EXPECT_EQ(native.status, 3) << option;
        EXPECT_NE(native.error.find("usage:"), std::string::npos) << native.error;
    }
    expect_refusal({"--dialect=linux -A klingon", "klingon"}, 1);
}

TEST(Run, MessagesCleanWhatTheyEcho) {
    const std::string bad = "\x1b[31m\n\u202e\u2028\xc2\x85\x9b";
    for (const char* option : {"--port=", "--local-port=", "--address=", "--pid=", "--user=", "--state=",
                               "--v6only=", "--dialect=", "--save=/dev/null/",
                               "--replay=", "--explain=", "--who-answers=", "--can-bind=", "--json="}) {
        const Printed ran = run_program({option + bad});
        EXPECT_NE(ran.status, 0) << option;
        ASSERT_EQ(lines(ran.error), 1) << ran.error;
        const std::string line = ran.error.substr(0, ran.error.size() - 1);
        EXPECT_EQ(cleaned(line), line);
    }
    EXPECT_EQ(run_program({"--replay=/nonexistent\x1b[31m"}).error,
              "netstat46: --replay: /nonexistent.[31m: No such file or directory; a capture is a directory "
              "that --save wrote\n");
}

TEST(Run, ACaptureWithoutTheTableCannotAnswerForAPort) {
    Scratch capture;
    capture.with("manifest", "os: linux\n");
    for (const char* question :
         {"--can-bind=tcp:*:80", "--who-answers=127.0.0.1:80", "--explain=80", "--json --explain=80"}) {
        const Printed ran = run_program(words("--replay=" + capture.path() + " " + question));
        EXPECT_EQ(ran.status, 2) << question;
        EXPECT_EQ(ran.out, "") << question;
        EXPECT_EQ(ran.error,
                  "netstat46: sock_diag.inet.tcp: not in this capture, so the port cannot be judged\n");
    }
}

TEST(Run, ACaptureCannotAnswerOtherModes) {
    const Printed ran = run_program({"--replay=" + (tests / "captures/linux/zoo").string(), "-r"});
    EXPECT_EQ(ran.status, 1);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.error, "netstat46: -r is not a socket list: a capture cannot answer it\n");
}

TEST(Run, WhatCannotBeSavedIsRefused) {
    const Scratch scratch;
    const std::string capture = scratch.path() + "/capture";
    for (const char* options : {"-r", "-ltnc"}) {
        const Printed ran = run_program(words("--dialect=linux --save=" + capture + " " + options));
        EXPECT_EQ(ran.status, 3) << options;
        EXPECT_EQ(ran.out, "") << options;
        EXPECT_NE(ran.error.find("--save"), std::string::npos) << ran.error;
        EXPECT_FALSE(std::filesystem::exists(capture)) << options;
    }
}

} // namespace
} // namespace netstat46
