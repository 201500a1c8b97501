// What is kept of a capture's host tables is what its sockets need, and no listing lacks anything for it.
#include "capture/needs.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "capture/bytes.hpp"
#include "capture/capture_dir.hpp"
#include "capture/names_by_name.hpp"
#include "files.hpp"
#include "list.hpp"
#include "list_json.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t all = static_cast<std::size_t>(-1);

Source source_of(const fs::path& capture, std::size_t whole) {
    const HostFacts host = open_capture(capture.string(), systems()).host;
    return captured_source(std::make_shared<const CaptureDirectory>(CaptureDirectory::at(capture.string())),
                           host, whole);
}

/// A listing and what was said of it; `tables` receives what is kept.
std::string listed(const Source& source, const std::vector<std::string>& words, bool json,
                   HostTables& tables) {
    const Dialect& dialect = *source.host.system->dialect;
    const Parsed parsed = dialect.parse(words, {false, &source.host});
    if (!std::holds_alternative<ParsedOptions>(parsed)) return "no such option";
    const ParsedOptions& chosen = std::get<ParsedOptions>(parsed);
    const Names names = shown_names(replayed_names(tables), chosen.numeric);
    const PlanContext context{false, &names, &source.host, false};
    std::string said;
    const auto every = [](const SocketRecord&) { return true; };
    const std::string out = written([&](int fd) {
        Output output(fd);
        const Streams streams{&output, [&](const Problem& problem) { said += problem.text + "\n"; },
                              [&](std::string_view text) { said += text; }, nullptr};
        if (json)
            list_json(json_plan(chosen, {}, context), source, every, tables, context, streams);
        else
            list(chosen.plan(context), source, every, tables, streams);
    });
    return out + said;
}

TEST(Needs, NoListingOfAnyCaptureLacksAnything) {
    std::size_t captures = 0;
    for (const char* folder : {"linux", "darwin", "darwin-malformed", "freebsd", "openbsd"})
        for (const fs::directory_entry& capture : fs::directory_iterator(tests / "captures" / folder)) {
            if (!fs::exists(capture.path() / "manifest")) continue;
            ++captures;
            for (const bool json : {false, true})
                for (const std::string option : {"-a", "-an", "-aW", "-au", "-av", "-aA"}) {
                    if (option == "-aW" && std::string_view(folder) == "openbsd") continue; // takes a value
                    HostTables whole, sifted;
                    EXPECT_EQ(listed(source_of(capture.path(), 0), {option}, json, sifted),
                              listed(source_of(capture.path(), all), {option}, json, whole))
                        << capture.path() << option << json;
                    EXPECT_LE(sifted.processes.size(), whole.processes.size());
                }
        }
    EXPECT_GT(captures, 40U);
}

const std::string one_listener =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 7\n";

/// `of(i)` for a thousand i, around `line`.
std::string among(const std::string& line, const std::function<std::string(int)>& of) {
    std::string text;
    for (int i = 100000; i < 100500; ++i) text += of(i);
    text += line;
    for (int i = 100500; i < 101000; ++i) text += of(i);
    return text;
}

TEST(Needs, WhatNoSocketNeedsIsNotKept) {
    const auto n = [](int i) { return std::to_string(i); };
    Scratch capture;
    capture.with("manifest", "os: linux\n")
        .with("proc.net.tcp", one_listener)
        .with("proc.pid.fd", "4711\t3\tsocket:[7]\n4712\t4\tsocket:[8]\n")
        .with("processes.tsv", among("4711\tsshd\t44\n4712\tother\t45\n",
                                     [&](int i) {
                                         return n(i) + "\tname\t" + n(i) + "\n" + n(i + 1000) +
                                                "\r\n\\u0039" + n(i) + "\tescaped\n";
                                     }))
        .with("contexts.tsv", among("4711\tcontext\n", [&](int i) { return n(i) + "\tcontext\n"; }))
        .with("users.tsv",
              among("33\twww\n44\tsshd\n", [&](int i) { return n(i) + "\tname\n00" + n(i) + "\tzeros\n"; }))
        .with("interfaces.tsv", among("", [&](int i) { return n(i) + "\tname\n"; }))
        .with("services.tsv", among("22/tcp\tssh\n",
                                    [&](int i) {
                                        return n(i % 50000 + 100) + "/tcp\tname\n22/" + n(i) + "\tname\n" +
                                               std::string(static_cast<std::size_t>(i % 100 + 1), '0') +
                                               "22/tcp\tname\n";
                                    }))
        .with("hosts.tsv", among("127.0.0.1\tlocalhost\n",
                                 [&](int i) {
                                     return "10.1." + n(i % 200) + ".7\tname\n127.0.0.1%x" + n(i) +
                                            "\tname\nno address " + n(i) + "\tname\n::ffff:127.0.0.1%" +
                                            n(i) + "\tname\n";
                                 }))
        .with("socket_options.tsv", among("7\t1\t0\t-\n", [&](int i) { return n(i) + "\t1\t1\t1\n"; }));
    HostTables tables;
    const std::string text = listed(source_of(capture.path(), 0), {"-a"}, false, tables);
    EXPECT_NE(text.find("localhost:ssh "), std::string::npos) << text;
    EXPECT_NE(text.find("4711/sshd"), std::string::npos) << text;
    EXPECT_EQ(tables.processes.size(), 1U);
    EXPECT_EQ(tables.processes[4711].context, "context");
    EXPECT_EQ(tables.users, (std::map<std::uint32_t, std::string>{{33, "www"}, {44, "sshd"}}));
    EXPECT_EQ(tables.interfaces.size(), 0U);
    EXPECT_EQ(tables.services.size(), 1U);
    EXPECT_EQ(tables.hosts.size(), 1U);
    EXPECT_EQ(tables.ports.options.size(), 1U);
}

TEST(Needs, DamageIsReportedWhereItStandsInTheFile) {
    Scratch capture;
    capture.with("manifest", "os: linux\n")
        .with("proc.net.tcp", one_listener)
        .with("users.tsv", "1\tone\n33\twww\ndamaged\n2\ttwo\n");
    HostTables tables;
    const std::string text = listed(source_of(capture.path(), 0), {"-a"}, false, tables);
    EXPECT_TRUE(text.ends_with("users.tsv: a line that is not an entry at offset 13\n")) << text;
    EXPECT_EQ(tables.users.size(), 1U);
}

TEST(Needs, ATableComesInPiecesOfWholeLines) {
    Scratch capture;
    std::string table;
    for (int i = 0; i < 300000; ++i) table += std::to_string(i) + "\tname-" + std::to_string(i) + "\n";
    table += "300000\tlast";
    capture.with("manifest", "os: linux\n").with("proc.net.tcp", one_listener).with("users.tsv", table);
    const Source source = source_of(capture.path(), 0);
    const BlockReader next = source.blocks({}, [](const Problem& problem) { ADD_FAILURE() << problem.text; });
    std::string together;
    std::size_t pieces = 0;
    while (const auto block = next()) {
        EXPECT_EQ(block->offset, together.size());
        EXPECT_LE(block->bytes.size(), (1U << 20) + 64);
        together += Bytes(block->bytes).text();
        EXPECT_TRUE(together.ends_with('\n') || together.size() == table.size());
        ++pieces;
    }
    EXPECT_GT(pieces, 3U);
    EXPECT_EQ(together, table);
}

TEST(Needs, WhatIsAskedForByNameIsFoundInAnyPiece) {
    Scratch capture;
    std::string users, services;
    for (int i = 0; i < 200000; ++i) users += std::to_string(i + 10) + "\tuser-" + std::to_string(i) + "\n";
    for (int i = 1; i < 60000; ++i)
        services += std::to_string(i) + "/udp\tservice-" + std::to_string(i) + "\n";
    capture.with("manifest", "os: linux\n")
        .with("proc.net.tcp", one_listener)
        .with("users.tsv", users + "7\tuser-3\n")
        .with("services.tsv", services + "443/tcp\thttps\n444/tcp\thttps\n")
        .with("interfaces.tsv", "3\tlo\n2\teth0\n1\tlo\n");
    const Source source = open_capture(capture.path(), systems());
    const Names names = names_by_name(source);
    EXPECT_EQ(names.uid("user-199999"), 200009U);
    EXPECT_EQ(names.uid("user-3"), 7U) << "of two the lower";
    EXPECT_EQ(names.uid("nobody"), std::nullopt);
    EXPECT_EQ(names.ports("https"), (std::vector<std::uint16_t>{443, 444}));
    EXPECT_EQ(names.ports("service-59999"), (std::vector<std::uint16_t>{59999}));
    EXPECT_EQ(names.interface_index("lo"), 1U);
}

} // namespace
} // namespace netstat46
