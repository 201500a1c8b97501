// Every line of tests/golden/*.tsv is a case: a capture replayed with some options prints exactly these
// bytes.
//
//     capture TAB options TAB expected TAB exit status [TAB overrides]
//
// `capture` stands below tests/captures, `expected` below the capture (or below tests/golden). `options` are
// a command line, blanks between them, ours included. Cases are classic unless `overrides` (blanks between
// them) says `ours`; `release=14.2-RELEASE` replaces the manifest's release; `timers` passes over what is
// left of running timers, which the native program saw a moment later.
//
// Each line is a test of its own: --gtest_filter='Golden/*darwin_s1_docker*'. `make golden` writes the files
// below tests/golden anew, for a person to read in the diff; what a native program printed is never written.
//
// With NETSTAT46_CAPTURES set to a directory of captures, every OPTIONS.txt in their expected/ is a case as
// well, with the exit status that exit-codes.tsv gives (options TAB code).
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "files.hpp"
#include "program.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;

struct Case {
    fs::path capture, expected;
    std::string options;
    int status = 0;
    bool classic = true;
    std::string release{};
    bool timers_masked = false;
};

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> fields;
    std::size_t start = 0;
    for (std::size_t end = text.find(separator); end != std::string::npos;
         end = text.find(separator, start)) {
        fields.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    fields.push_back(text.substr(start));
    return fields;
}

/// A copy of the capture whose manifest names another release.
void copy_with_release(const fs::path& capture, const std::string& release, const fs::path& copy) {
    for (const fs::directory_entry& entry : fs::directory_iterator(capture))
        if (entry.is_regular_file()) fs::copy_file(entry.path(), copy / entry.path().filename());
    std::string manifest;
    for (const std::string& line : split(contents(capture / "manifest"), '\n'))
        manifest += (line.starts_with("release: ") ? "release: " + release : line) + "\n";
    std::ofstream(copy / "manifest") << manifest;
}

/// The program itself on the capture.
Printed run_on(const Case& one) {
    Scratch scratch;
    fs::path capture = one.capture;
    if (!one.release.empty()) copy_with_release(one.capture, one.release, capture = scratch.path());
    std::vector<std::string> arguments = words(one.options);
    arguments.insert(arguments.begin(), "--replay=" + capture.string());
    return run_program(arguments, one.classic ? "1" : "");
}

std::vector<Case> cases_of(const fs::path& table) {
    std::vector<Case> cases;
    std::ifstream file(table);
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        const std::vector<std::string> fields = split(line, '\t');
        EXPECT_GE(fields.size(), 4U) << table << ": " << line;
        if (fields.size() < 4) continue;
        Case one{tests / "captures" / fields[0], {}, fields[1], std::atoi(fields[3].c_str())};
        one.expected = one.capture / fields[2];
        if (!fs::exists(one.expected)) one.expected = tests / "golden" / fields[2];
        for (const std::string& override : words(fields.size() > 4 ? fields[4] : "")) {
            if (override == "ours") one.classic = false;
            if (override == "timers") one.timers_masked = true;
            if (override.starts_with("release=")) one.release = override.substr(8);
        }
        cases.push_back(std::move(one));
    }
    return cases;
}

/// Every line of every table.
std::vector<Case> all_cases() {
    std::vector<fs::path> tables;
    for (const fs::directory_entry& entry : fs::directory_iterator(tests / "golden"))
        if (entry.path().extension() == ".tsv") tables.push_back(entry.path());
    std::sort(tables.begin(), tables.end());
    std::vector<Case> cases;
    for (const fs::path& table : tables)
        for (Case& one : cases_of(table)) cases.push_back(std::move(one));
    return cases;
}

/// Linux's `on (0.41/2/0)` without the seconds left.
std::string without_seconds(std::string text) {
    for (std::size_t at = text.find('('); at != std::string::npos; at = text.find('(', at + 1)) {
        const std::size_t end = text.find_first_not_of("0123456789.", at + 1);
        if (end != std::string::npos && text[end] == '/') text.erase(at + 1, end - at - 1);
    }
    return text;
}

/// Whether this run is to write expected files instead (`make golden`).
bool writes(const Case& one) {
    return std::getenv("NETSTAT46_WRITE_GOLDEN") != nullptr &&
           one.expected.string().starts_with((tests / "golden").string());
}

void expect_identical(const Case& one) {
    SCOPED_TRACE(one.capture.filename().string() + " " + one.options);
    const Printed printed = run_on(one);
    if (writes(one)) std::ofstream(one.expected, std::ios::binary) << printed.out;
    ASSERT_TRUE(fs::exists(one.expected)) << one.expected;
    const std::string expected = contents(one.expected);
    if (one.timers_masked) {
        EXPECT_EQ(without_seconds(printed.out), without_seconds(expected)) << printed.error;
    } else {
        EXPECT_EQ(printed.out, expected) << printed.error;
    }
    EXPECT_EQ(printed.status, one.status) << printed.error;
}

/// `12_darwin_s1_docker_an_f_inet`: where it stands, its capture and its options.
std::string name_of(const testing::TestParamInfo<Case>& info) {
    const Case& one = info.param;
    std::string name = std::to_string(info.index) + "_" + one.capture.parent_path().filename().string() +
                       "_" + one.capture.filename().string() + "_" + one.options;
    std::string clean;
    for (const char c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
            clean += c;
        else if (clean.back() != '_')
            clean += '_';
    return clean;
}

class GoldenTest : public testing::TestWithParam<Case> {};

TEST_P(GoldenTest, PrintsWhatIsExpected) { expect_identical(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Golden, GoldenTest, testing::ValuesIn(all_cases()), name_of);

/// `-an_-p_tcp` stands for `-an -p tcp`. What needs two runs in one process or names another option is left
/// out.
bool one_listing(const std::string& name) {
    return !name.starts_with("-Z") && name.find("_,_") == std::string::npos;
}

TEST(GoldenTreeTest, PrintsWhatIsExpectedOfEveryCapture) {
    const char* root = std::getenv("NETSTAT46_CAPTURES");
    if (root == nullptr) GTEST_SKIP() << "NETSTAT46_CAPTURES is not set";
    std::size_t tried = 0;
    for (const fs::directory_entry& codes : fs::recursive_directory_iterator(root)) {
        if (codes.path().filename() != "exit-codes.tsv" ||
            codes.path().parent_path().filename() != "expected")
            continue;
        const fs::path expected = codes.path().parent_path();
        std::ifstream file(codes.path());
        for (std::string line; std::getline(file, line);) {
            const std::vector<std::string> fields = split(line, '\t');
            if (fields.size() < 2 || !one_listing(fields[0])) continue;
            std::string options = fields[0] == "no-options" ? "" : fields[0];
            std::replace(options.begin(), options.end(), '_', ' ');
            expect_identical({expected.parent_path(), expected / (fields[0] + ".txt"), options,
                              std::atoi(fields[1].c_str())});
            ++tried;
        }
    }
    EXPECT_GT(tried, 0U);
    RecordProperty("cases", static_cast<int>(tried));
}

} // namespace
} // namespace netstat46
