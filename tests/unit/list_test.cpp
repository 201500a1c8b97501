// What a listing says of damage, however much there is.
#include "capture/problems.hpp"
#include "list.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "linux/row.hpp"

namespace netstat46 {
namespace {

struct Named {
    std::string interface, text;
    std::size_t table = no_table;
};

/// A Linux host that gives these blocks, whatever it is asked.
Source host_of(const std::vector<Named>& blocks) {
    Source source;
    source.host.system = &linux_system;
    source.live = false;
    source.blocks = [&blocks](const Request&, const ProblemSink&) {
        return [&blocks, next = std::size_t{0}]() mutable -> std::optional<RawBlock> {
            if (next == blocks.size()) return std::nullopt;
            const Named& block = blocks[next++];
            return RawBlock{block.interface, std::as_bytes(std::span(block.text)), block.table, 0};
        };
    };
    return source;
}

/// A table whose every line but the last is damaged.
std::string damaged_table(int lines) {
    std::string text = "  sl  local_address ...\n";
    for (int i = 0; i < lines; ++i) text += "no socket\n";
    return text +
           "   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7\n";
}

struct Heard {
    Listed listed;
    std::vector<std::string> problems;
};

/// Lists the sockets of `sections` tables, all TCP.
Heard hear(const Source& source, std::size_t sections) {
    Section section;
    section.table = {Protocol::Tcp, true, true};
    section.selects = [](const SocketRecord&) { return true; };
    Plan plan;
    plan.listings.push_back({{}, false, std::vector<Section>(sections, section)});
    Heard heard;
    HostTables tables;
    const Streams streams{nullptr, [&](const Problem& problem) { heard.problems.push_back(problem.text); },
                          [](std::string_view) {}, [](Text&, const Row&) {}};
    heard.listed = list(
        plan, source, [](const SocketRecord&) { return true; }, tables, streams);
    return heard;
}

TEST(List, SaysTheFirstProblemsOfATableAndThenOnceThatThereAreMore) {
    const std::vector<Named> blocks{{"proc.net.tcp", damaged_table(200000), 0}};
    const Heard heard = hear(host_of(blocks), 1);
    EXPECT_EQ(heard.problems.size(), most_problems_said + 1);
    EXPECT_EQ(heard.problems.back(), "proc.net.tcp: further problems suppressed");
    EXPECT_EQ(heard.listed.status, 1);
    EXPECT_EQ(heard.listed.sockets, 1U) << "and what is readable is listed all the same";
}

TEST(List, OneInterfaceLeavesNothingUnsaidOfAnother) {
    const std::vector<Named> blocks{{"users.tsv", damaged_table(200000)},
                                    {"proc.net.tcp", damaged_table(2), 0}};
    const Heard heard = hear(host_of(blocks), 1);
    const auto about_tcp = [](const std::string& text) { return text.starts_with("proc.net.tcp:"); };
    EXPECT_EQ(heard.problems.size(), most_problems_said + 1 + 2);
    EXPECT_EQ(std::count_if(heard.problems.begin(), heard.problems.end(), about_tcp), 2);
}

TEST(List, WhatSeveralSectionsMeetIsReportedOnce) {
    const std::string table = damaged_table(static_cast<int>(most_problems_said));
    const std::vector<Named> blocks{{"proc.net.tcp", table, 0}, {"proc.net.tcp", table, 1}};
    const Heard heard = hear(host_of(blocks), 2);
    EXPECT_EQ(heard.problems.size(), most_problems_said);
    EXPECT_EQ(heard.listed.sockets, 2U);
}

} // namespace
} // namespace netstat46
