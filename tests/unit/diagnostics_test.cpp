// The manual's DIAGNOSTICS are the messages of the sources, all of them and no others.
#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "files.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;
const fs::path root = tests.parent_path();

/// What makes a message of the strings in its brackets.
constexpr std::string_view makers[] = {"UsageError{", "complain(", "misused(", "runtime_error(",
                                       "problem(",    "problem_(", "fail(",    "damage(",
                                       "damaged(",    "remark(",   "say("};

/// Where strings that are returned, or that `text` is set to, are messages or parts of one.
constexpr std::string_view sayers[] = {"src/options.cpp",
                                       "src/help.cpp",
                                       "src/record/select_options.cpp",
                                       "src/capture/manifest.cpp",
                                       "src/hand_over.cpp",
                                       "src/ports/ask.cpp",
                                       "src/ports/ask_one.cpp",
                                       "src/last_words.cpp",
                                       "src/capture/problems.cpp",
                                       "src/run.cpp"};
constexpr std::string_view givers[] = {"return ",
                                       "problem.text = ", "string_view line = ", "std::string nobody ="};

/// Speaks as the native programs' getopt does.
constexpr std::string_view native = "src/arguments.cpp";

/// A literal that begins at the quote at `at`, and those that follow it with nothing in between; `at` goes
/// behind.
std::string take_literal(std::string_view code, std::size_t& at) {
    std::string text;
    while (at < code.size() && code[at] == '"') {
        for (++at; at < code.size() && code[at] != '"'; ++at) {
            if (code[at] == '\\') ++at;
            text += code[at - 1] == '\\' && code[at] == 'n' ? '\n' : code[at];
        }
        const std::size_t next = code.find_first_not_of(" \n", at + 1);
        at = next != std::string_view::npos && code[next] == '"' ? next : at + 1;
    }
    return text;
}

/// The strings from `at` to the bracket that closes one opened before, or to the end of the statement.
std::vector<std::string> literals_from(std::string_view code, std::size_t at) {
    std::vector<std::string> found;
    int depth = 0;
    while (at < code.size() && depth >= 0 && !(depth == 0 && code[at] == ';')) {
        if (code[at] == '"') {
            found.push_back(take_literal(code, at));
            continue;
        }
        if (code[at] == '\'') at += code[at + 1] == '\\' ? 3 : 2;
        if (std::string_view("({[").find(code[at]) != std::string_view::npos) ++depth;
        if (std::string_view(")}]").find(code[at]) != std::string_view::npos) --depth;
        ++at;
    }
    return found;
}

/// The text behind the program's name, without the end of the line.
std::string line_of(std::string_view text) {
    constexpr std::string_view name = "netstat46: ";
    if (text.starts_with(name)) text.remove_prefix(name.size());
    return std::string(text.substr(0, text.find_last_not_of('\n') + 1));
}

/// A line with words in it; not a name, and not a page of help.
bool is_message(std::string_view text) {
    const std::string line = line_of(text);
    return line.find(' ') != std::string::npos && line.find('\n') == std::string::npos &&
           std::any_of(line.begin(), line.end(), [](unsigned char c) { return std::islower(c) != 0; });
}

void add_from(std::string_view code, std::string_view word, std::set<std::string>& found) {
    for (std::size_t at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
        if (at > 0 && (std::isalnum(code[at - 1]) != 0)) continue;
        for (const std::string& text : literals_from(code, at + word.size()))
            if (is_message(text)) found.insert(line_of(text));
    }
}

/// What the sources say, with `{}` for what only the run knows.
std::set<std::string> messages() {
    std::set<std::string> found;
    for (const char* part : {"src", "platform"})
        for (const fs::directory_entry& file : fs::recursive_directory_iterator(root / part)) {
            const std::string name = file.path().lexically_relative(root).string();
            if ((file.path().extension() != ".cpp" && file.path().extension() != ".hpp") || name == native)
                continue;
            const std::string code = contents(file.path());
            for (const std::string_view maker : makers) add_from(code, maker, found);
            if (std::find(std::begin(sayers), std::end(sayers), name) == std::end(sayers)) continue;
            for (const std::string_view giver : givers) add_from(code, giver, found);
        }
    return found;
}

/// The items of DIAGNOSTICS, as they are printed.
std::vector<std::string> entries() {
    std::vector<std::string> found;
    for (const char* page : {"man/netstat46.1", "man/netstat46-capture.5"}) {
        const std::string manual = contents(root / page);
        const std::size_t begin = manual.find(".Sh DIAGNOSTICS\n"), end = manual.find("\n.Sh ", begin);
        constexpr std::string_view item = "\n.It \"";
        for (std::size_t at = manual.find(item, begin); at < end; at = manual.find(item, at + 1)) {
            const std::size_t text = at + item.size();
            found.push_back(manual.substr(text, manual.find("\"\n", text) - text));
        }
    }
    return found;
}

/// Where in `entry` the words of `message` stand, one behind the other with anything in the place of a `{}`;
/// false if they do not.
bool mark(std::string_view entry, std::string_view message, std::vector<bool>& marked) {
    std::vector<std::pair<std::size_t, std::size_t>> words;
    std::size_t at = 0;
    while (!message.empty()) {
        const std::size_t open = message.find('{'), size = std::min(open, message.size());
        at = entry.find(message.substr(0, size), at);
        if (at == std::string_view::npos) return false;
        words.emplace_back(at, size);
        at += size;
        message.remove_prefix(open == std::string_view::npos ? size : message.find('}') + 1);
    }
    for (const auto& [begin, size] : words)
        std::fill_n(marked.begin() + static_cast<std::ptrdiff_t>(begin), size, true);
    return true;
}

/// What the manual lacks of `said`, and what it has beyond: an entry of which no message has some small
/// letter. Capitals stand for what only the run knows.
struct Difference {
    std::vector<std::string> missing, beyond;
};

Difference between(const std::set<std::string>& said, const std::vector<std::string>& explained) {
    Difference difference;
    std::vector<std::vector<bool>> marked;
    for (const std::string& entry : explained) marked.emplace_back(entry.size());
    for (const std::string& message : said) {
        bool found = false;
        for (std::size_t i = 0; i < explained.size(); ++i) found |= mark(explained[i], message, marked[i]);
        if (!found) difference.missing.push_back(message);
    }
    for (std::size_t i = 0; i < explained.size(); ++i)
        for (std::size_t at = 0; at < explained[i].size(); ++at)
            if (std::islower(static_cast<unsigned char>(explained[i][at])) != 0 && !marked[i][at]) {
                difference.beyond.push_back(explained[i]);
                break;
            }
    return difference;
}

TEST(Diagnostics, HaveAnEntryForEveryMessageAndNoOther) {
    const Difference difference = between(messages(), entries());
    EXPECT_EQ(difference.missing, std::vector<std::string>{}) << "not in the manual";
    EXPECT_EQ(difference.beyond, std::vector<std::string>{}) << "in the manual, but never said";
}

TEST(Diagnostics, AreReadFromEveryWayThatMessagesAreMade) {
    const std::set<std::string> said = messages();
    for (const char* one : {
             "standard output is closed",                   // complain
             "{} cannot be combined with {}",               // UsageError, with a format
             "{} is not a socket list: leave out {}",       // misused
             "--replay: {}: {}",                            // runtime_error
             "is not a directory; name a new or empty one", // fail
             "/proc: {}; owners are not known",             // problem
             "a message cut short",                         // a part of one
             "the last socket is cut",                      // damage
             "`{}' is not a process id",                    // returned
             "{}: further problems suppressed",             // set
         })
        EXPECT_TRUE(said.count(one) == 1) << one;
}

TEST(Diagnostics, AMessageWithoutEntryAndAnEntryWithoutMessageAreTold) {
    const std::set<std::string> said{"{}: {}; write {}={}", "`{}' is no port"};
    const std::vector<std::string> explained{"OPTION: `X' is no port; write OPTION=FORM"};
    EXPECT_EQ(between(said, explained).missing.size() + between(said, explained).beyond.size(), 0U);

    std::set<std::string> more = said;
    more.insert("`{}' is no address");
    EXPECT_EQ(between(more, explained).missing, std::vector<std::string>{"`{}' is no address"});

    EXPECT_EQ(between({"{}: {}; write {}={}"}, explained).beyond, explained);
    EXPECT_EQ(between(said, {}).missing.size(), 2U);
}

} // namespace
} // namespace netstat46
