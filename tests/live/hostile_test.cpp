// Arguments, directories and copies of the program that are not what an honest user has.
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

TEST_F(Hostile, OurMessagesCleanWhatTheyEcho) {
    const std::string bad = "\x1b[31m\n\u202e\u2028\xc2\x85\x9b";
    for (const char* option : {"--port=", "--local-port=", "--address=", "--pid=", "--user=", "--state=",
                               "--v6only=", "--dialect=", "--save=/dev/null/",
                               "--replay=", "--explain=", "--who-answers=", "--can-bind=", "--json="}) {
        const Ran ran = run(our_program(), {"netstat46", option + bad});
        EXPECT_NE(ran.status, 0) << option;
        const std::vector<std::string> lines = lines_of(ran.error);
        ASSERT_EQ(lines.size(), 1U) << ran.error;
        EXPECT_EQ(cleaned(lines[0]), lines[0]);
    }
}

} // namespace
} // namespace netstat46::live
