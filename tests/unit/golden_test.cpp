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
// With NETSTAT46_CAPTURES set to a directory of captures, every OPTIONS.txt in their expected/ is a case as
// well, with the exit status that exit-codes.tsv gives (options TAB code).
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "capture/capture_dir.hpp"
#include "files.hpp"
#include "format/dialect.hpp"
#include "list_json.hpp"
#include "options.hpp"
#include "record/select.hpp"
#include "systems.hpp"

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

struct Printed {
    std::string out, error;
    int status = 0;
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

std::vector<std::string> words(const std::string& text) {
    std::vector<std::string> found;
    for (std::string& word : split(text, ' '))
        if (!word.empty()) found.push_back(std::move(word));
    return found;
}

Printed list_chosen(const Source& source, const Chosen& chosen, const Ours& ours) {
    Printed printed{{}, chosen.errors, 0};
    SideTables side;
    const Names names =
        shown_names(replayed_names(side), ours.json ? json_numeric(chosen.numeric) : chosen.numeric);
    SideTables known;
    read_side_tables(source, known, [](const Problem&) {});
    Selection selection;
    for (const auto& [option, value] : ours.selections)
        EXPECT_FALSE(option->take(selection, value, replayed_names(known)));
    const Look look{ours.classic, &names, &source.host, !selection.empty()};
    const auto selects = selector(selection, side, names);
    printed.out = written([&](int fd) {
        Output out(fd);
        const Streams streams{out, [&](const Problem& problem) { printed.error += problem.text + "\n"; },
                              [&](std::string_view text) { printed.error += text; }, nullptr};
        if (ours.json) {
            printed.status =
                list_json(json_plan(chosen, selection, look), source, selects, side, look, streams).status;
        } else {
            Plan plan = chosen.plan(look);
            narrow(plan, selection);
            printed.status = list(plan, source, selects, side, streams).status;
        }
    });
    return printed;
}

Printed run(const Case& one) {
    Source source = open_capture(one.capture.string(), systems());
    if (!one.release.empty()) source.host.release = one.release;
    const auto read = read_ours("netstat46", one.classic ? "1" : "", words(one.options));
    const Ours& ours = std::get<Ours>(read);
    const Dialect& dialect = *(ours.dialect != nullptr ? ours.dialect : source.host.system)->dialect;
    const Parsed parsed = dialect.parse(ours.native, {ours.classic, &source.host});
    if (const Say* said = std::get_if<Say>(&parsed)) return {said->out, said->error, said->status};
    return list_chosen(source, std::get<Chosen>(parsed), ours);
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

/// Linux's `on (0.41/2/0)` without the seconds left.
std::string without_seconds(std::string text) {
    for (std::size_t at = text.find('('); at != std::string::npos; at = text.find('(', at + 1)) {
        const std::size_t end = text.find_first_not_of("0123456789.", at + 1);
        if (end != std::string::npos && text[end] == '/') text.erase(at + 1, end - at - 1);
    }
    return text;
}

void expect_identical(const Case& one) {
    SCOPED_TRACE(one.capture.filename().string() + " " + one.options);
    ASSERT_TRUE(fs::exists(one.expected)) << one.expected;
    const Printed printed = run(one);
    const std::string expected = contents(one.expected);
    if (one.timers_masked) {
        EXPECT_EQ(without_seconds(printed.out), without_seconds(expected)) << printed.error;
    } else {
        EXPECT_EQ(printed.out, expected) << printed.error;
    }
    EXPECT_EQ(printed.status, one.status) << printed.error;
}

class GoldenTest : public testing::TestWithParam<fs::path> {};

TEST_P(GoldenTest, PrintsWhatIsExpected) {
    const std::vector<Case> cases = cases_of(GetParam());
    EXPECT_FALSE(cases.empty());
    for (const Case& one : cases) expect_identical(one);
}

std::vector<fs::path> tables() {
    std::vector<fs::path> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(tests / "golden"))
        if (entry.path().extension() == ".tsv") found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

INSTANTIATE_TEST_SUITE_P(Tables, GoldenTest, testing::ValuesIn(tables()),
                         [](const auto& table) { return table.param.stem().string(); });

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
