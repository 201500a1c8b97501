// The paths that README.md names are there.
#include <cctype>
#include <filesystem>
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

/// What stands between backticks in one line, in pieces without blanks; blocks of code are left out.
std::vector<std::string> quoted_words(std::string_view text) {
    std::vector<std::string> found;
    bool in_block = false;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.starts_with("```")) in_block = !in_block;
        if (in_block || line.starts_with("```")) continue;
        for (std::size_t open = line.find('`'); open != std::string_view::npos; open = line.find('`')) {
            line.remove_prefix(open + 1);
            std::string_view quoted = line.substr(0, line.find('`'));
            line.remove_prefix(std::min(quoted.size() + 1, line.size()));
            while (!quoted.empty()) {
                const std::string_view word = quoted.substr(0, quoted.find(' '));
                quoted.remove_prefix(std::min(word.size() + 1, quoted.size()));
                if (!word.empty()) found.emplace_back(word);
            }
        }
    }
    return found;
}

/// The path of the checkout that a word looks like, after an option's `=`; empty if it looks like none.
/// Absolute paths, what a build makes and `8888/udp` are none.
std::string path_in(const std::string& word) {
    const std::string path = word.substr(word.rfind('=') + 1);
    const bool plain = path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                              "._-/*") == std::string::npos;
    const bool relative = path.find('/') != std::string::npos && !path.starts_with('/') &&
                          std::isdigit(static_cast<unsigned char>(path.front())) == 0;
    return plain && relative && !path.starts_with("build/") ? path : std::string{};
}

/// `*` in the last part stands for any text.
bool matches(std::string_view name, std::string_view pattern) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return name == pattern;
    return name.size() + 1 >= pattern.size() && name.starts_with(pattern.substr(0, star)) &&
           name.ends_with(pattern.substr(star + 1));
}

/// A file or folder, or a source file without its ending.
bool is_there(const std::string& path) {
    for (const char* ending : {"", ".cpp", ".hpp"})
        if (fs::exists(root / (path + ending))) return true;
    const fs::path whole = root / path;
    if (!fs::is_directory(whole.parent_path())) return false;
    for (const fs::directory_entry& entry : fs::directory_iterator(whole.parent_path()))
        if (matches(entry.path().filename().string(), whole.filename().string())) return true;
    return false;
}

/// The same path for every system, if it has `OS` in it.
std::vector<std::string> paths_of(const std::string& path) {
    const std::size_t os = path.find("/OS/");
    if (os == std::string::npos) return {path};
    std::vector<std::string> paths;
    for (const fs::directory_entry& entry : fs::directory_iterator(root / "platform"))
        if (fs::exists(entry.path() / "row.cpp"))
            paths.push_back(path.substr(0, os + 1) + entry.path().filename().string() + path.substr(os + 3));
    return paths;
}

TEST(Readme, NamesOnlyPathsThatAreThere) {
    std::set<std::string> missing;
    std::size_t tried = 0;
    for (const std::string& word : quoted_words(contents(root / "README.md"))) {
        const std::string path = path_in(word);
        if (path.empty()) continue;
        for (const std::string& one : paths_of(path)) {
            ++tried;
            if (!is_there(one)) missing.insert(one);
        }
    }
    EXPECT_EQ(missing, std::set<std::string>{});
    EXPECT_GT(tried, 30U);
}

TEST(Readme, APathThatIsNotThereIsFound) {
    EXPECT_TRUE(is_there("src/main"));
    EXPECT_TRUE(is_there("platform/linux/*_walk.bpf.c"));
    EXPECT_FALSE(is_there("src/no_such_file.cpp"));
    EXPECT_FALSE(is_there("platform/linux/*_no.bpf.c"));
    EXPECT_EQ(path_in("--replay=tests/captures/darwin/s1-docker"), "tests/captures/darwin/s1-docker");
    EXPECT_EQ(path_in("/proc/net"), "");
    EXPECT_EQ(path_in("ADDR[/LEN]"), "");
    EXPECT_EQ(path_in("8888/udp"), "");
}

} // namespace
} // namespace netstat46
