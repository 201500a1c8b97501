// What --help prints, and the answers to unknown options.
#include "help.hpp"

#include <gtest/gtest.h>

#include "linux/dialect.hpp"
#include "options.hpp"

namespace netstat46 {
namespace {

std::string meant(std::string_view typed) { return option_meant(typed, linux_dialect.long_options); }

TEST(Help, AnOptionThatIsNearIsMeant) {
    EXPECT_EQ(meant("--explian=80"), "--explain=PORT");
    EXPECT_EQ(meant("--exlpain"), "--explain=PORT");
    EXPECT_EQ(meant("--ports=80"), "--port=LIST");
    EXPECT_EQ(meant("--jsn"), "--json");
    EXPECT_EQ(meant("--can-bnd=80"), "--can-bind=PORT");
    EXPECT_EQ(meant("--who-answer=80"), "--who-answers=PORT");
    EXPECT_EQ(meant("--listneing"), "--listening");
    EXPECT_EQ(meant("--numerc"), "--numeric");
}

TEST(Help, WordsOfOtherToolsAreKnown) {
    EXPECT_EQ(meant("--process=nginx"), "--pid=LIST");
    EXPECT_EQ(meant("--sport=80"), "--local-port=LIST");
    EXPECT_EQ(meant("--ipv6"), "-6");
    EXPECT_EQ(meant("-i:8888"), "--port=8888");
}

TEST(Help, NothingIsMeantByWhatIsFarFromEverything) {
    for (const char* typed : {"--zzzzzz", "--", "-k", "--x", "--frobnicate=1"})
        EXPECT_EQ(meant(typed), "") << typed;
    EXPECT_EQ(unknown_option("-k", {}), "unknown option -k; see --help");
    EXPECT_EQ(unknown_option("--explian=80", {}),
              "unknown option --explian; did you mean --explain=PORT? See --help");
}

TEST(Help, OfEveryOptionOfOursOneMistypedLetterIsForgiven) {
    for (const OwnOption& option : own_options()) {
        std::string typed(option.name);
        std::swap(typed[3], typed[4]);
        if (typed == option.name) continue;
        const std::string found = meant(typed);
        EXPECT_EQ(found.substr(0, found.find('=')), option.name) << typed;
    }
}

TEST(Help, OperandsMeanWhatTheySeemTo) {
    const auto operand = [](std::vector<std::string> words) { return operand_meant(words, true); };
    EXPECT_EQ(operand({"8888"}), "--port=8888");
    EXPECT_EQ(operand({":8888"}), "--port=8888");
    EXPECT_EQ(operand({"tcp"}), "-t");
    EXPECT_EQ(operand({"inet"}), "-4");
    EXPECT_EQ(operand({"explain", "8888"}), "--explain=8888");
    EXPECT_EQ(operand({"hello"}), "");
    EXPECT_EQ(operand({""}), "");
}

TEST(Help, NamesEveryOptionOfOursAndItself) {
    for (const OwnOption& option : own_options())
        EXPECT_NE(all_help().find(form_of(option)), std::string::npos) << option.name;
    EXPECT_NE(short_help().find("all options: --help=all · native ones: --help=native · man netstat46\n"),
              std::string::npos);
    EXPECT_EQ(help_about("--help=all"), HelpAbout::All);
    EXPECT_EQ(help_about("--help=native"), HelpAbout::Native);
    EXPECT_EQ(help_about("--help=x"), HelpAbout::Unknown);
    EXPECT_FALSE(help_about("--help"));
}

} // namespace
} // namespace netstat46
