// kern.file: lengths of records that a manifest tells, holders without addresses, names of the portmapper.
#include "openbsd/decode.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "capture/capture_dir.hpp"
#include "files.hpp"
#include "openbsd/facts.hpp"
#include "openbsd/portmap_dump.hpp"
#include "openbsd/row.hpp"
#include "openbsd/wire.hpp"
#include "record/address.hpp"
#include "record/no_owner.hpp"
#include "run.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;
namespace wire = openbsd::kinfo_file;

const fs::path captures = tests / "captures" / "openbsd";

struct Decoded {
    std::vector<std::string> sockets;
    std::vector<Problem> problems;
};

std::string text_of(const SocketRecord& socket) {
    const auto& facts = socket.own.get<OpenBsdFacts>();
    return fmt::format("{} {} {} {} {} {} {} {} {} {} {}", int(socket.protocol), int(socket.family),
                       int(socket.state), address_text(socket.local.address), socket.local.port,
                       address_text(socket.foreign.address), socket.foreign.port, socket.owner_key,
                       socket.recv_q, facts.send_window, unix_facts(socket).path);
}

HostFacts host_with(const std::string& length) {
    HostFacts host;
    host.system = &openbsd_system;
    if (!length.empty()) host.particulars["elem_size"] = length;
    return host;
}

Decoded decode(const std::string& bytes, const HostFacts& host) {
    Decoded decoded;
    TableStatus notes;
    const SocketDecoder next =
        openbsd::sockets_decoder({"kern.file.byfile.socket", &host,
                                  [&](Problem problem) { decoded.problems.push_back(problem); }, &notes});
    Bytes rest(std::as_bytes(std::span(bytes)));
    SocketRecord socket;
    while (next(rest, socket)) decoded.sockets.push_back(text_of(socket));
    EXPECT_TRUE(rest.empty());
    return decoded;
}

std::string answer(const char* capture, const char* interface = "kern.file.byfile.socket") {
    return contents(captures / capture / interface);
}

/// Each record with so many bytes more, or fewer.
std::string resized(const std::string& bytes, std::size_t size) {
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += wire::size) {
        std::string record = bytes.substr(at, wire::size);
        record.resize(size, '\xa5');
        out += record;
    }
    return out;
}

TEST(OpenBsdFiles, LongerRecordsAreReadAsFarAsTheyAreKnownAndSaidOnce) {
    const std::string bytes = answer("s2-desktop");
    const Decoded usual = decode(bytes, host_with("632"));
    EXPECT_EQ(usual.sockets.size(), 106U);
    EXPECT_TRUE(usual.problems.empty());
    for (const std::size_t more : {4, 8, 56, 200, 1024}) {
        const Decoded longer =
            decode(resized(bytes, wire::size + more), host_with(std::to_string(wire::size + more)));
        EXPECT_EQ(longer.sockets, usual.sockets) << more;
        ASSERT_EQ(longer.problems.size(), 1U) << more;
        EXPECT_FALSE(longer.problems[0].fails);
    }
}

TEST(OpenBsdFiles, APrefixOfLongerRecordsYieldsAPrefixOfTheSockets) {
    const HostFacts host = host_with("700");
    const std::string bytes = resized(answer("s6-intact"), 700);
    const Decoded all = decode(bytes, host);
    for (std::size_t length = 0; length < bytes.size(); length += 13) {
        const Decoded some = decode(bytes.substr(0, length), host);
        ASSERT_LE(some.sockets.size(), all.sockets.size());
        for (std::size_t i = 0; i < some.sockets.size(); ++i)
            ASSERT_EQ(some.sockets[i], all.sockets[i]) << length;
    }
}

TEST(OpenBsdFiles, OfShorterRecordsTheRestIsNotTold) {
    const std::string bytes = resized(answer("s6-intact"), 424);
    const HostFacts host = host_with("424");
    TableStatus notes;
    std::vector<Problem> problems;
    const SocketDecoder next = openbsd::sockets_decoder(
        {"kern.file", &host, [&](Problem problem) { problems.push_back(problem); }, &notes});
    Bytes rest(std::as_bytes(std::span(bytes)));
    SocketRecord socket;
    ASSERT_TRUE(next(rest, socket));
    EXPECT_EQ(socket.state, State::Unknown);
    EXPECT_EQ(socket.local.port, 22);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_FALSE(problems[0].fails);
}

TEST(OpenBsdFiles, ALengthThatCannotBeIsSaidAndTheUsualOneTaken) {
    const std::string bytes = answer("s6-intact");
    for (const char* length : {"0", "343", "x", "-632", "99999999999999999999999"}) {
        const Decoded decoded = decode(bytes, host_with(length));
        EXPECT_EQ(decoded.sockets, decode(bytes, host_with("")).sockets) << length;
        ASSERT_EQ(decoded.problems.size(), 1U) << length;
        EXPECT_TRUE(decoded.problems[0].fails) << length;
    }
    EXPECT_EQ(decode(bytes, host_with("18446744073709551615")).problems.size(), 2U); // one record, cut short
}

// ---- Who holds what

/// What the host tables and each socket's key tell of a capture.
struct Joined {
    HostTables tables;
    std::vector<SocketRecord> sockets;
};

Joined join(const std::string& by_file, const std::string& by_pid) {
    Joined joined;
    const HostFacts host = host_with("632");
    const auto quiet = [](const Problem&) {};
    TableStatus notes;
    const auto bytes = [](const std::string& text) { return Bytes(std::as_bytes(std::span(text))); };
    openbsd::owners_decoder({"kern.file.bypid", &host, quiet, &notes})(bytes(by_pid), joined.tables);
    const HostTablesDecoder shared = openbsd::shared_ends_decoder({"kern.file", &host, quiet, &notes});
    for (int table = 0; table < 5; ++table) shared(bytes(by_file), joined.tables); // once for each table
    const SocketDecoder next = openbsd::sockets_decoder({"kern.file", &host, quiet, &notes});
    Bytes rest = bytes(by_file);
    SocketRecord socket;
    while (next(rest, socket)) joined.sockets.push_back(socket);
    return joined;
}

TEST(OpenBsdOwners, WithoutAddressesTheyAreWhoRootSeesOrNobody) {
    const std::string withheld = answer("s5-withheld"),
                      withheld_owners = answer("s5-withheld", "kern.file.bypid");
    const std::string told = answer("s2-desktop"), told_owners = answer("s2-desktop", "kern.file.bypid");
    const Joined user = join(withheld, withheld_owners), root = join(told, told_owners);
    ASSERT_EQ(user.sockets.size(), root.sockets.size());
    EXPECT_TRUE(root.tables.ambiguous_keys.empty());
    std::size_t found = 0, ambiguous = 0;
    for (std::size_t i = 0; i < root.sockets.size(); ++i) {
        const SocketRecord& socket = user.sockets[i];
        if (user.tables.ambiguous_keys.contains(socket.owner_key)) {
            ++ambiguous;
            continue;
        }
        EXPECT_EQ(user.tables.owners.all(socket.owner_key), root.tables.owners.all(root.sockets[i].owner_key))
            << i;
        found += user.tables.owners.all(socket.owner_key).empty() ? 0 : 1;
    }
    EXPECT_GT(found, 50U);
    EXPECT_GT(ambiguous, 10U); // unnamed unix sockets, two of *.5353
}

TEST(OpenBsdOwners, NeitherFilesNorDirectoriesOfAProcessAreDescriptors) {
    const Joined root = join(answer("s4-empty"), answer("s4-empty", "kern.file.bypid"));
    EXPECT_TRUE(root.tables.owners.empty());
    EXPECT_TRUE(root.tables.owners_read);
}

TEST(OpenBsdOwners, WhoCannotBeToldApartHasAReason) {
    Scratch nothing;
    Console console{Output(-1), Output(-1)};
    const std::string out = written([&](int fd) {
        console.out = Output(fd);
        run(std::vector<std::string>{"--replay=" + (captures / "s5-withheld").string(), "--explain=udp:5353"},
            {}, console);
    });
    EXPECT_NE(out.find("(addresses withheld)"), std::string::npos) << out;
}

// ---- The portmapper

std::string listed(const fs::path& capture, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "--replay=" + capture.string());
    return written([&](int out) {
        written([&](int error) {
            Console console{Output(out), Output(error)};
            Environment environment;
            environment.classic = "1";
            run(arguments, environment, console);
        });
    });
}

TEST(OpenBsdPortmap, LocalPortsOfIpv4AreCalledAsThePortmapperDoes) {
    Scratch capture;
    for (const fs::directory_entry& entry : fs::directory_iterator(captures / "s7-portmap"))
        if (entry.is_regular_file())
            fs::copy_file(entry.path(), fs::path(capture.path()) / entry.path().filename());
    capture.with("portmap.tsv", "902/udp\t100005\tmountd\n902/udp\t100024\tstatus_long_name\n"
                                "901/tcp\t5368\n514/udp\t100005\tmountd\n8888/tcp\t1\tinet6\nno line\n");
    const std::string out = listed(capture.path(), {"-a"});
    for (const char* cell :
         {" *.902[status_l] ", " *.901[5368] ", " *.syslog ", " localhost.8888 ", " *.903 "})
        EXPECT_NE(out.find(cell), std::string::npos) << cell << out;
    EXPECT_NE(listed(capture.path(), {"-an"}).find(" *.902 "), std::string::npos);
}

std::string words(std::initializer_list<std::uint32_t> all) {
    std::string out;
    for (const std::uint32_t word : all)
        for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(word >> shift);
    return out;
}

std::optional<std::vector<openbsd::Registered>> registered(const std::string& reply) {
    return openbsd::registered_in(Bytes(std::as_bytes(std::span(reply))), 46);
}

TEST(OpenBsdPortmap, ADumpIsRead) {
    const auto found =
        registered(words({46, 1, 0, 0, 0, 0, 1, 100005, 3, 17, 514, 1, 100003, 3, 6, 2049, 0}));
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ((*found)[0].program, 100005U);
    EXPECT_EQ((*found)[1].port, 2049U);
    EXPECT_EQ((*found)[1].protocol, 6U);
    EXPECT_TRUE(registered(words({46, 1, 0, 0, 5, 7, 7, 0, 0}))->empty()) << "a verifier of five bytes";
    for (const auto& wrong :
         {words({45, 1, 0, 0, 0, 0, 0}), words({46, 0, 0, 0, 0, 0, 0}), words({46, 1, 1, 0, 0, 0, 0}),
          words({46, 1, 0, 0, 0, 1, 0}), words({46, 1, 0, 0, 0xffffffff, 0}), words({46, 1})})
        EXPECT_FALSE(registered(wrong));
    EXPECT_EQ(registered(words({46, 1, 0, 0, 0, 0, 1, 100005, 3, 17}))->size(), 0U) << "cut short";
}

TEST(OpenBsdPortmap, TheCallIsOneRecord) {
    const auto call = openbsd::portmap_call(46);
    const openbsd::Fragment mark = openbsd::fragment_of(0x80000028);
    EXPECT_TRUE(mark.last);
    EXPECT_EQ(mark.length, call.size() - 4);
    EXPECT_EQ(std::to_integer<int>(call[0]), 0x80);
    EXPECT_EQ(std::to_integer<int>(call[7]), 46);
}

} // namespace
} // namespace netstat46
