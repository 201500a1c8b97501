// The manual, --help and the program's own tables say the same. Run from the checkout's root.
#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "arguments.hpp"
#include "darwin/row.hpp"
#include "format/dialect.hpp"
#include "format/json.hpp"
#include "freebsd/row.hpp"
#include "help.hpp"
#include "linux/dialect.hpp"
#include "linux/row.hpp"
#include "openbsd/row.hpp"
#include "options.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

/// An item of a tagged list: the macro line after `.It`, and the text below it.
struct Item {
    std::string tag, text;
};

/// The manual's items by the (sub)section they stand in.
class Manual : public testing::Test {
protected:
    void SetUp() override {
        for (const char* page : {"man/netstat46.1", "man/netstat46-json.5", "man/netstat46-bsd.7"})
            read(page);
    }

    void read(const char* page) {
        std::ifstream file(page);
        ASSERT_TRUE(file) << "run from the checkout's root";
        std::string section, line;
        while (std::getline(file, line)) {
            if (line.starts_with(".Sh ") || line.starts_with(".Ss ")) {
                section = line.substr(4);
            } else if (line.starts_with(".It ")) {
                sections_[section].push_back({line.substr(4), {}});
            } else if (line == ".El") {
                section.clear();
            } else if (!line.starts_with(".") && !sections_[section].empty()) {
                std::string& text = sections_[section].back().text;
                text += (text.empty() ? "" : " ") + line;
            }
        }
    }

    const std::vector<Item>& items(const std::string& section) {
        EXPECT_FALSE(sections_[section].empty()) << "no items under " << section;
        return sections_[section];
    }

    /// The options that a section explains, as they are written: `-a`, `--all`, `--port=LIST`.
    std::set<std::string> options(const std::string& section) {
        std::set<std::string> found;
        for (const Item& item : items(section)) {
            std::istringstream words(item.tag);
            std::string word, option;
            while (words >> word) {
                if (word == "Fl") {
                    words >> word;
                    if (!option.empty()) found.insert(option);
                    option = "-" + word;
                } else if (word == "=") {
                    words >> word >> word >> word; // Ns Ar VALUE
                    option += "=" + word;
                }
            }
            found.insert(option);
        }
        return found;
    }

private:
    std::map<std::string, std::vector<Item>> sections_;
};

/// Every word of our help that is an option, with its form.
std::set<std::string> help_options() {
    std::set<std::string> found;
    std::istringstream words(all_help());
    for (std::string word; words >> word;)
        if (word.starts_with("--")) found.insert(word);
    return found;
}

TEST_F(Manual, ExplainsEveryOptionOfOursAsHelpWritesIt) {
    std::set<std::string> explained = options("Options of netstat46");
    explained.merge(options("Selections"));
    EXPECT_EQ(explained, help_options());
    for (const std::string& option : explained) {
        const auto read =
            read_own_options("netstat46", {}, std::vector{option.substr(0, option.find('=')) + "="});
        const UsageError* wrong = std::get_if<UsageError>(&read);
        EXPECT_TRUE(wrong == nullptr ? option.find('=') != std::string::npos
                                     : wrong->text.find(option) != std::string::npos)
            << option << " is not the program's: " << (wrong == nullptr ? "" : wrong->text);
    }
}

/// What a dialect makes of one argument.
bool accepts(const System& system, const std::vector<std::string>& arguments) {
    HostFacts host;
    host.system = &system;
    const Parsed parsed = system.dialect->parse(arguments, {false, &host});
    const Message* said = std::get_if<Message>(&parsed);
    return said == nullptr ||
           (said->about != Message::About::Mistake || (said->error.find("option") == std::string::npos &&
                                                       said->error.find("sage:") == std::string::npos));
}

TEST_F(Manual, ExplainsEveryNativeLetterOfEveryDialect) {
    const std::map<const System*, std::string> sections{{&linux_system, "Linux options"},
                                                        {&darwin_system, "Darwin options"},
                                                        {&freebsd_system, "FreeBSD options"},
                                                        {&openbsd_system, "OpenBSD options"}};
    const std::string letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (const System* system : systems()) {
        const std::set<std::string> explained = options(sections.at(system));
        for (const char letter : letters) {
            const std::string option{'-', letter};
            const bool known = accepts(*system, {option, "inet"}) || accepts(*system, {option, "tcp"});
            EXPECT_EQ(known, explained.contains(option)) << system->name << " " << option;
        }
    }
}

/// The titles of all columns that the options list.
std::set<std::string> titles(const Dialect& dialect, const HostFacts& host,
                             const std::vector<std::string>& options) {
    std::set<std::string> found;
    const Parsed parsed = dialect.parse(options, {false, &host});
    const ParsedOptions* chosen = std::get_if<ParsedOptions>(&parsed);
    if (chosen == nullptr) return found;
    const Names names;
    const Plan plan = chosen->plan({false, &names, &host, false});
    for (const Listing& listing : plan.listings)
        for (const Section& section : listing.sections)
            for (const Column& column : section.columns) {
                std::string title = column.title;
                title.erase(0, title.find_first_not_of(' '));
                title.erase(title.find_last_not_of(' ') + 1);
                found.insert(title.substr(0, title.find("/packets"))); // said of rxbytes and txbytes
            }
    found.erase("");
    return found;
}

TEST_F(Manual, ExplainsEveryColumnOfEveryLook) {
    const auto explain = [&](std::set<std::string>& explained, const std::string& section) {
        for (const Item& item : items(section))
            for (std::size_t at = 0; at < item.tag.size();) {
                const std::size_t comma = std::min(item.tag.find(" , ", at), item.tag.size());
                explained.insert(item.tag.substr(at, comma - at));
                at = comma + 3;
            }
    };
    const std::pair<const System*, const char*> hosts[] = {
        {&linux_system, "6.1.0"},          {&darwin_system, "24.5.0"},
        {&darwin_system, "20.6.0"},        {&freebsd_system, "15.0-RELEASE"},
        {&freebsd_system, "14.1-RELEASE"}, {&freebsd_system, "13.5-RELEASE"},
        {&openbsd_system, "7.7"}};
    for (const auto& [os, release] : hosts) {
        HostFacts host;
        host.system = os;
        host.release = release;
        host.selinux = true;
        const Dialect& dialect = *os->dialect;
        std::set<std::string> explained;
        explain(explained, "Every look");
        explain(explained, os == &linux_system     ? "Linux"
                           : os == &darwin_system  ? "Darwin"
                           : os == &openbsd_system ? "OpenBSD"
                                                   : "FreeBSD");
        if (os != &linux_system) explain(explained, "Unix sockets of Darwin, FreeBSD and OpenBSD");
        std::set<std::string> shown = titles(dialect, host, {"-a", "-vv"});
        for (char letter = 'A'; letter <= 'z'; ++letter)
            shown.merge(titles(dialect, host, {"-a", {'-', letter}}));
        EXPECT_GT(shown.size(), 8U);
        for (const std::string& title : shown)
            EXPECT_TRUE(explained.contains(title)) << release << ": " << title;
    }
}

TEST_F(Manual, ExplainsEveryLongNameOfLinux) {
    std::set<std::string> explained;
    for (const std::string& option : options("Linux options"))
        if (option.starts_with("--")) explained.insert(option.substr(2, option.find('=') - 2));
    std::set<std::string> known;
    for (const LongOption& option : linux_dialect.long_options) known.insert(std::string(option.name));
    EXPECT_EQ(explained, known);
}

TEST_F(Manual, ExplainsEveryMemberOfTheJsonDocumentInItsWords) {
    std::map<std::string, std::vector<std::string>> documented, written;
    for (const JsonField& field : json_fields(systems())) {
        const std::string object(field.object);
        written[object].push_back(std::string(field.name) + ": " + std::string(field.meaning));
    }
    for (const auto& [object, members] : written)
        for (const Item& item : items("Members of " + object))
            documented[object].push_back(item.tag.substr(item.tag.find(' ') + 1) + ": " + item.text);
    for (const auto& [object, members] : written) EXPECT_EQ(documented[object], members) << object;
}

TEST_F(Manual, HasEverySectionThatAManualShouldHave) {
    std::ifstream file("man/netstat46.1");
    std::vector<std::string> sections;
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(".Sh ")) sections.push_back(line.substr(4));
    EXPECT_EQ(sections, (std::vector<std::string>{
                            "NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "OPTIONS", "COLUMNS",
                            "ADDRESS FAMILIES AND V6ONLY", "WHO HOLDS A PORT", "AS A REPLACEMENT FOR NETSTAT",
                            "ENVIRONMENT", "FILES", "EXIT STATUS", "DIAGNOSTICS", "COMPATIBILITY", "SEE ALSO",
                            "STANDARDS", "HISTORY", "CAVEATS", "SECURITY"}));
}

} // namespace
} // namespace netstat46
