// Which folder may know which: no arrow of the include graph leads upward. README.md has the picture.
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "files.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;
const fs::path root = tests.parent_path();

/// Files whose path begins with `folder` include of the project only what begins with one of `known`. Paths
/// are those of the checkout.
struct Rule {
    std::string_view folder;
    std::vector<std::string_view> known;
};

const Rule rules[] = {
    {"src/record/", {"src/record/", "src/parse.", "src/text.", "src/messages."}},
    {"src/capture/",
     {"src/capture/", "src/record/", "platform/system.", "src/parse.", "src/text.", "src/messages."}},
    {"src/format/",
     {"src/format/", "src/capture/", "src/record/", "platform/system.", "src/arguments.", "src/parse.",
      "src/text.", "src/messages."}},
    {"platform/bsd/",
     {"platform/bsd/", "src/record/", "src/capture/", "src/format/", "src/ports/", "src/arguments.",
      "src/parse.", "src/text.", "src/messages."}},
    {"platform/posix/",
     {"platform/posix/", "platform/platform.", "src/record/", "src/capture/", "src/parse.", "src/text.",
      "src/messages."}},
};

/// What a system's folder may know besides itself.
const std::vector<std::string_view> known_to_systems{
    "platform/bsd/",  "platform/posix/", "platform/platform.", "platform/system.",
    "src/record/",    "src/capture/",    "src/format/",        "src/ports/",
    "src/arguments.", "src/parse.",      "src/text.",          "src/messages."};

bool begins_with_one_of(std::string_view path, const std::vector<std::string_view>& folders) {
    for (const std::string_view folder : folders)
        if (path.starts_with(folder)) return true;
    return false;
}

/// The project's files that `file` includes; those that are not there are as the line has them.
std::vector<std::string> included_by(const fs::path& file) {
    std::vector<std::string> found;
    std::ifstream lines(file);
    constexpr std::string_view include = "#include \"";
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(include)) continue;
        const std::string name = line.substr(include.size(), line.rfind('"') - include.size());
        std::string path = name;
        for (const char* folder : {"src", "platform"})
            if (fs::exists(root / folder / name)) path = std::string(folder) + "/" + name;
        if (fs::exists(file.parent_path() / name))
            path = (file.parent_path() / name).lexically_relative(root).string();
        found.push_back(path);
    }
    return found;
}

/// `FILE includes FILE`, for each that `known` lacks.
void find_upward(const fs::path& folder, const std::vector<std::string_view>& known,
                 std::vector<std::string>& found) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
        const std::string extension = entry.path().extension().string();
        if (extension != ".cpp" && extension != ".hpp") continue;
        for (const std::string& path : included_by(entry.path()))
            if (!begins_with_one_of(path, known))
                found.push_back(entry.path().lexically_relative(root).string() + " includes " + path);
    }
}

TEST(Includes, NoFileKnowsWhatStandsAboveIt) {
    std::vector<std::string> upward;
    for (const Rule& rule : rules) find_upward(rule.folder, rule.known, upward);
    EXPECT_EQ(upward, std::vector<std::string>{});
}

TEST(Includes, NoSystemKnowsAnother) {
    std::vector<std::string> upward;
    for (const fs::directory_entry& entry : fs::directory_iterator(root / "platform")) {
        const std::string folder = "platform/" + entry.path().filename().string() + "/";
        if (!fs::exists(entry.path() / "row.cpp")) continue;
        std::vector<std::string_view> known = known_to_systems;
        known.push_back(folder);
        find_upward(folder, known, upward);
    }
    EXPECT_EQ(upward, std::vector<std::string>{});
}

TEST(Includes, OnlyTheTableNamesASystemsFolder) {
    std::vector<std::string> found;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / "src")) {
        if (!entry.is_regular_file() || entry.path().filename() == "systems.cpp") continue;
        for (const std::string& path : included_by(entry.path()))
            if (path.starts_with("platform/") && path.find('/', sizeof "platform") != std::string::npos)
                found.push_back(entry.path().filename().string() + " includes " + path);
    }
    EXPECT_EQ(found, std::vector<std::string>{});
}

} // namespace
} // namespace netstat46
