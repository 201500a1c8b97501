// Every look resolves ahead exactly the hosts that its rows ask for, whatever the look and whoever's sockets.
#include "await_names.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "capture/capture_dir.hpp"
#include "darwin/row.hpp"
#include "files.hpp"
#include "format/json.hpp"
#include "freebsd/row.hpp"
#include "linux/row.hpp"
#include "list.hpp"
#include "list_json.hpp"
#include "record/address.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;

const fs::path captures = tests / "captures";

std::string text_of(const Address& address) {
    Text text;
    put_address(text, address);
    if (address.scope != 0) fmt::format_to(fmt::appender(text), "%{}", address.scope);
    return fmt::to_string(text);
}

/// Names that write down what they are asked.
struct Witness {
    std::set<std::string> ahead, asked, late;
    std::size_t waits = 0;

    Names names(const HostTables& tables, bool patient) {
        Names names = replayed_names(tables);
        names.host = [this](const Address& address) {
            const auto [at, first] = asked.insert(text_of(address));
            if (ahead.count(*at) == 0) late.insert(*at);
            return std::string_view("host.example");
        };
        if (patient) names.host_waits = true;
        names.prefetch = [this](std::span<const Address> addresses) {
            ++waits;
            for (const Address& address : addresses) ahead.insert(text_of(address));
        };
        return names;
    }
};

struct Way {
    const System* look;
    std::vector<std::string> options;
    bool classic = true, json = false;
};

std::string listed(const Source& source, const Way& way, Witness& witness, bool patient) {
    HostTables tables;
    const Names names = witness.names(tables, patient);
    const PlanContext look{way.classic, &names, &source.host, false};
    const Parsed parsed = way.look->dialect->parse(way.options, {way.classic, &source.host});
    const ParsedOptions& chosen = std::get<ParsedOptions>(parsed);
    const Plan plan = way.json ? json_plan(chosen, {}, look) : chosen.plan(look);
    const auto selects = selector({}, tables, names);
    return written([&](int fd) {
        Output out(fd);
        const Streams streams{&out, [](const Problem&) {}, [](std::string_view) {}, nullptr,
                              await_names(names, plan)};
        if (way.json)
            list_json(plan, source, selects, tables, look, streams);
        else
            list(plan, source, selects, tables, streams);
    });
}

void expect_all_ahead(const Source& source, const Way& way) {
    Witness patient, hasty;
    const std::string rows = listed(source, way, patient, true);
    EXPECT_EQ(patient.ahead, patient.asked);
    EXPECT_EQ(patient.late, std::set<std::string>{});
    EXPECT_EQ(rows, listed(source, way, hasty, false)) << "the same rows in the same order";
    EXPECT_EQ(hasty.asked, patient.asked);
}

const Way ways[] = {
    {&linux_system, {"-a"}},
    {&linux_system, {"-a"}, false},
    {&linux_system, {"-l", "-W", "-e"}},
    {&darwin_system, {"-a"}},
    {&darwin_system, {"-a"}, false},
    {&darwin_system, {"-L"}},
    {&darwin_system, {"-aW", "-f", "inet6"}},
    {&freebsd_system, {"-a"}},
    {&freebsd_system, {"-a"}, false},
    {&freebsd_system, {"-L"}},
    {&freebsd_system, {"-aWC"}},
    {&freebsd_system, {"-a", "-6"}},
    {&linux_system, {"-a"}, false, true},
    {&darwin_system, {"-a"}, false, true},
};

/// A Linux host's sockets, as text.
Source linux_host(std::string tcp, std::string tcp6) {
    Source source;
    source.host.system = &linux_system;
    source.live = false;
    source.blocks = [tcp = std::move(tcp), tcp6 = std::move(tcp6)](const Request& request, ProblemSink) {
        std::vector<RawBlock> blocks;
        for (std::size_t i = 0; i < request.tables.size(); ++i) {
            if (request.tables[i].protocol != Protocol::Tcp) continue;
            blocks.push_back({"proc.net.tcp", std::as_bytes(std::span(tcp)), i, 0});
            blocks.push_back({"proc.net.tcp6", std::as_bytes(std::span(tcp6)), i, 0});
        }
        return [blocks, next = std::size_t{0}]() mutable -> std::optional<RawBlock> {
            if (next == blocks.size()) return std::nullopt;
            return blocks[next++];
        };
    };
    return source;
}

std::string line(const std::string& local, const std::string& foreign) {
    return fmt::format("   0: {}:0016 {}:01BB 01 00000000:00000000 00:00000000 00000000     0        0 7 1 0 "
                       "20 0 0 10 -1\n",
                       local, foreign);
}

const std::string title =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
    "timeout inode\n";

const std::string localhost = "0100007F", any = "00000000", zero_network = "00020100", // 0.1.2.0
    mapped = "0000000000000000FFFF00000100007F", v6 = "0000000000000000000000000100000",
                  mapped_any = "0000000000000000FFFF000000000000";

TEST(AwaitNames, OfEveryCaptureInEveryLook) {
    std::size_t hosts = 0;
    for (const char* capture : {"darwin/s1-docker", "darwin/s2-docker-v6only", "darwin/s8-userland-flows"})
        for (const Way& way : ways) {
            SCOPED_TRACE(fmt::format("{} {} {}", capture, way.look->name, way.options[0]));
            expect_all_ahead(open_capture((captures / capture).string(), systems()), way);
        }
    for (const fs::directory_entry& capture : fs::directory_iterator(captures / "freebsd"))
        for (const Way& way : ways) {
            SCOPED_TRACE(fmt::format("{} {}", capture.path().filename().string(), way.look->name));
            const Source source = open_capture(capture.path().string(), systems());
            expect_all_ahead(source, way);
            Witness witness;
            listed(source, way, witness, true);
            hosts += witness.asked.size();
        }
    EXPECT_GT(hosts, 0U);
}

TEST(AwaitNames, OfLinuxSocketsInEveryLook) {
    const Source source = linux_host(title + line(localhost, any) + line(zero_network, localhost),
                                     title + line(mapped, mapped_any) + line(v6 + "1", mapped));
    for (const Way& way : ways) {
        SCOPED_TRACE(fmt::format("{} {}", way.look->name, way.options[0]));
        expect_all_ahead(source, way);
    }
}

TEST(AwaitNames, LinuxLooksMappedAddressesUpAsTheyAreAndNetworksNot) {
    const Source source = linux_host(title + line(zero_network, localhost), title + line(mapped, mapped));
    Witness witness;
    listed(source, {&linux_system, {"-a"}}, witness, true);
    EXPECT_EQ(witness.asked, (std::set<std::string>{"127.0.0.1", "::ffff:127.0.0.1"}));
    Witness darwin;
    listed(source, {&darwin_system, {"-a"}}, darwin, true);
    EXPECT_EQ(darwin.asked, (std::set<std::string>{"0.1.2.0", "127.0.0.1"}));
}

TEST(AwaitNames, ALongTableComesInBoundedParts) {
    std::string tcp = title;
    for (unsigned i = 0; i < 10000; ++i) tcp += line(fmt::format("{:08X}", 0x0A000001 + (i << 8)), localhost);
    const Source source = linux_host(tcp, title);
    Witness witness;
    const std::string rows = listed(source, {&linux_system, {"-t"}}, witness, true);
    EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 10002);
    EXPECT_GT(witness.waits, 2U) << "the first rows are not kept until the last are known";
    EXPECT_LT(witness.waits, 50U) << "and many are asked for together";
    expect_all_ahead(source, {&linux_system, {"-t"}});
}

TEST(AwaitNames, NumbersWaitForNobody) {
    EXPECT_FALSE(await_names(Names{}, Plan{})) << "no prefetch: as with -n, and in a replay";
}

} // namespace
} // namespace netstat46
