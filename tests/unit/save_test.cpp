// What a source answers, as files.
#include "capture/capture_dir.hpp"

#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "files.hpp"
#include "freebsd/row.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;

/// A FreeBSD host that answers with these bytes in two blocks, and then fails or not.
Source source_of(const std::string& first, const std::string& second, bool fails = false) {
    Source source;
    source.host.system = &freebsd_system;
    source.live = false;
    source.blocks = [=](const Request&, const ProblemSink&) {
        return [=, &first, &second, number = 0]() mutable -> std::optional<RawBlock> {
            ++number;
            if (number == 3 && fails) throw std::runtime_error("the source broke off");
            if (number > 2) return std::nullopt;
            const std::string& text = number == 1 ? first : second;
            return RawBlock{"kern.file", std::as_bytes(std::span(text)), no_table, 0};
        };
    };
    return source;
}

void save(const std::string& directory, const Source& source) {
    save_capture(directory, source, Names{}, false, [](const Problem&) {});
}

std::set<std::string> files_in(const fs::path& directory) {
    std::set<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory))
        names.insert(entry.path().filename().string());
    return names;
}

const std::string one = "one,", two = "two";

TEST(Save, BlocksOfOneInterfaceAreOneFileAndTheManifestSaysItIsWhole) {
    Scratch scratch;
    const std::string directory = scratch.path() + "/new";
    save(directory, source_of(one, two));
    EXPECT_EQ(files_in(directory), (std::set<std::string>{"kern.file", "manifest"}));
    EXPECT_EQ(contents(fs::path(directory) / "kern.file"), "one,two");
    EXPECT_EQ(open_capture(directory, systems()).host.system, &freebsd_system);
}

TEST(Save, WhatFailsLeavesNothingBehind) {
    Scratch scratch;
    EXPECT_THROW(save(scratch.path() + "/new", source_of(one, two, true)), std::runtime_error);
    EXPECT_EQ(files_in(scratch.path()), std::set<std::string>{});
    EXPECT_THROW(save(scratch.path(), source_of(one, two, true)), std::runtime_error);
    EXPECT_EQ(files_in(scratch.path()), std::set<std::string>{}) << "and what was there stays";
    EXPECT_TRUE(fs::exists(scratch.path()));
}

TEST(Save, ADirectoryThatIsNotEmptyIsLeftAlone) {
    Scratch scratch;
    scratch.with("manifest", "mine");
    EXPECT_THROW(save(scratch.path(), source_of(one, two)), std::runtime_error);
    EXPECT_EQ(contents(fs::path(scratch.path()) / "manifest"), "mine");
}

TEST(Save, FieldsAreEscapedAsJsonStringsAre) {
    EXPECT_EQ(escaped_field("a\tb\\c\"d\x7f"), R"(a\u0009b\\c\"d\u007f)");
}

} // namespace
} // namespace netstat46
