// Our options beside the native ones.
#include "options.hpp"

#include "help.hpp"

#include <gtest/gtest.h>

#include "linux/dialect.hpp"

namespace netstat46 {
namespace {

std::variant<OwnOptions, UsageError> read(const std::vector<std::string>& arguments,
                                          std::string_view classic_variable = {}) {
    return read_own_options("netstat46", classic_variable, arguments);
}

std::string mistake(const std::vector<std::string>& arguments) {
    const auto read_ = read(arguments);
    const UsageError* error = std::get_if<UsageError>(&read_);
    return error == nullptr ? "none" : error->text;
}

TEST(OwnOptions, EveryPrefixOfEveryNativeLongOptionStaysNative) {
    unsigned prefixes = 0;
    for (const LongOption& option : linux_dialect.long_options)
        for (std::size_t length = 1; length <= option.name.size(); ++length)
            for (const char* value : {"", "=", "=inet"}) {
                const std::string argument = "--" + std::string(option.name.substr(0, length)) + value;
                const auto given = read({argument});
                ASSERT_TRUE(std::holds_alternative<OwnOptions>(given)) << argument;
                const OwnOptions& ours = std::get<OwnOptions>(given);
                EXPECT_EQ(ours.native, std::vector<std::string>{argument});
                EXPECT_FALSE(ours.json || ours.quiet || ours.classic || ours.dialect || ours.save ||
                             ours.replay || !ours.selections.empty())
                    << argument;
                ++prefixes;
            }
    EXPECT_GT(prefixes, 600U);
}

TEST(OwnOptions, AreTakenByTheirWholeNamesOnly) {
    for (const char* argument :
         {"--jso", "--quie", "--por=80", "--por", "--loca=1", "--local-por=1", "--stat=x",
          "--addres=::", "--pi=1", "--comman=x", "--use=x", "--v6onl=yes", "--clas"})
        EXPECT_EQ(std::get<OwnOptions>(read({argument})).native, std::vector<std::string>{argument});
}

TEST(OwnOptions, StandAnywhereBeforeTwoDashes) {
    const OwnOptions ours = std::get<OwnOptions>(read({"-an", "--port=80", "-t", "--json", "--", "--quiet"}));
    EXPECT_EQ(ours.native, (std::vector<std::string>{"-an", "-t", "--", "--quiet"}));
    EXPECT_TRUE(ours.json);
    EXPECT_FALSE(ours.quiet);
    ASSERT_EQ(ours.selections.size(), 1U);
    EXPECT_EQ(ours.selections[0].first->name, "--port");
    EXPECT_EQ(ours.selections[0].second, "80");
}

TEST(OwnOptions, AValueThatIsMissingOrTooMuchIsNamedWithTheForm) {
    EXPECT_EQ(mistake({"--port"}), "--port needs a value: write --port=LIST");
    EXPECT_EQ(mistake({"--json=yes"}), "--json takes no value: write --json");
    EXPECT_EQ(mistake({"--dialect=beos"}),
              "--dialect: `beos' is not linux, darwin or freebsd; write --dialect=NAME");
}

TEST(OwnOptions, TakeAValueBehindAnEqualsSignOrAsTheNextArgument) {
    for (const std::vector<std::string>& form : {std::vector<std::string>{"--replay=d", "--port=80", "-n"},
                                                 {"--replay", "d", "--port", "80", "-n"}}) {
        const OwnOptions ours = std::get<OwnOptions>(read(form));
        EXPECT_EQ(ours.replay, "d");
        ASSERT_EQ(ours.selections.size(), 1U);
        EXPECT_EQ(ours.selections[0].second, "80");
        EXPECT_EQ(ours.native, std::vector<std::string>{"-n"});
    }
    EXPECT_TRUE(asks_about_port(std::vector<std::string>{"--explain", "80"}));
    EXPECT_FALSE(asks_about_port(std::vector<std::string>{"--command", "--explain"}));
}

TEST(OwnOptions, OptionsThatExcludeEachOtherAreBothNamed) {
    EXPECT_EQ(mistake({"--json", "--classic"}), "--json cannot be combined with --classic");
    EXPECT_EQ(mistake({"--dialect=linux", "--json"}), "--json cannot be combined with --dialect");
    EXPECT_EQ(mistake({"--json", "--quiet"}), "--json cannot be combined with --quiet");
    EXPECT_EQ(mistake({"--save=d", "--replay", "d"}), "--save cannot be combined with --replay");
    EXPECT_EQ(mistake({"--explain=80", "--port=80"}), "--explain cannot be combined with --port");
    EXPECT_TRUE(std::get<OwnOptions>(read({"--json"}, "1")).json)
        << "a variable is not a wish about this call";
}

TEST(OwnOptions, HelpFitsATerminal) {
    const std::string help = short_help();
    std::size_t lines = 0, begin = 0;
    for (std::size_t end = help.find('\n'); end != std::string::npos;
         end = help.find('\n', begin = end + 1)) {
        EXPECT_LE(end - begin, 79U + (help.find("·", begin) < end ? 2 : 0))
            << help.substr(begin, end - begin);
        ++lines;
    }
    EXPECT_LE(lines, 23U);
}

TEST(OwnOptions, WhatGoesWrongIsNotTakenForAnAnswer) {
    const auto status = [](std::vector<std::string> arguments) {
        std::vector<char*> pointers;
        for (std::string& argument : arguments) pointers.push_back(argument.data());
        return trouble_status(pointers);
    };
    for (const char* one : {"--quiet", "--explain=80", "--who-answers", "--can-bind=x"}) {
        EXPECT_EQ(status({one}), 2) << one;
        EXPECT_EQ(status({"-a", one, "-n"}), 2) << one;
        EXPECT_EQ(status({"--", one}), 1) << one;
    }
    for (const char* one : {"-an", "--quietly", "--json", "--explaining=80", ""})
        EXPECT_EQ(status({one}), 1) << one;
    EXPECT_EQ(status({}), 1);
}

} // namespace
} // namespace netstat46
