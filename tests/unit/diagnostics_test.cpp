// The manual's DIAGNOSTICS are the program's messages (src/messages.hpp and each system's), all of them and
// no others.
#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "files.hpp"
#include "messages.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;
const fs::path root = tests.parent_path();

/// Every message: the shared ones and those of each system.
std::set<std::string> all_messages() {
    std::set<std::string> found;
    for (const std::string_view text : texts_of(messages)) found.emplace(text);
    for (const System* system : systems())
        for (const std::string_view text :
             system->messages != nullptr ? system->messages() : std::vector<std::string_view>{})
            found.emplace(text);
    return found;
}

/// `SYSTEM` for `SYSTEM, SYSTEM or SYSTEM`.
std::string without_enumeration(std::string entry) {
    for (const std::string_view more : {", SYSTEM", " or SYSTEM"})
        for (std::size_t at = entry.find(more); at != std::string::npos; at = entry.find(more))
            entry.erase(at, more.size());
    return entry;
}

/// The items of DIAGNOSTICS, as they are printed.
std::vector<std::string> entries() {
    constexpr std::string_view item = "\n.It \"";
    std::vector<std::string> found;
    for (const char* page : {"man/netstat46.1", "man/netstat46-capture.5"}) {
        const std::string manual = contents(root / page);
        const std::size_t begin = manual.find(".Sh DIAGNOSTICS\n"), end = manual.find("\n.Sh ", begin);
        for (std::size_t at = manual.find(item, begin); at < end; at = manual.find(item, at + 1)) {
            const std::size_t text = at + item.size();
            found.push_back(without_enumeration(manual.substr(text, manual.find("\"\n", text) - text)));
        }
    }
    return found;
}

/// Marks where in `entry` the words of `message` stand, in order and with anything in place of a `{}`; false
/// if they do not.
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
    const Difference difference = between(all_messages(), entries());
    EXPECT_EQ(difference.missing, std::vector<std::string>{}) << "not in the manual";
    EXPECT_EQ(difference.beyond, std::vector<std::string>{}) << "in the manual, but in no table of messages";
}

TEST(Diagnostics, ATableGivesEveryTextOfIt) {
    struct {
        std::string_view first = "one", second = "{} and two";
    } const table;
    EXPECT_EQ(texts_of(table), (std::vector<std::string_view>{"one", "{} and two"}));

    const std::set<std::string> all = all_messages();
    EXPECT_EQ(all.count(std::string(messages.needs_value)), 1U);
    EXPECT_EQ(all.count(std::string(messages.no_descriptors)), 1U);
    EXPECT_EQ(all.count("an unknown message of type {}"), 1U);
}

TEST(Diagnostics, AMessageWithoutEntryAndAnEntryWithoutMessageAreFound) {
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
