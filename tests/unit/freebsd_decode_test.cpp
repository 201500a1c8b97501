// FreeBSD's records: what each field becomes, and what happens where an answer is damaged.
#include "freebsd/decode.hpp"

#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "files.hpp"
#include "freebsd/facts.hpp"
#include "freebsd/row.hpp"
#include "freebsd/wire.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

using Buffer = std::vector<std::byte>;

Buffer captured(const std::string& capture, const std::string& interface) {
    const auto path = tests / "captures/freebsd" / capture / interface;
    EXPECT_TRUE(std::filesystem::exists(path)) << path;
    const std::string text = contents(path);
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

template <class Integer>
void poke(Buffer& bytes, std::size_t at, Integer value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// All that one interface's decoder says, and the bytes that the records' texts point into.
struct Decoded {
    Buffer bytes;
    std::vector<SocketRecord> sockets;
    TableStatus notes;
    std::vector<std::string> problems;
};

Decoded decode(const std::string& interface, Buffer bytes) {
    Decoded out;
    out.bytes = std::move(bytes);
    const DecodeContext context{interface, nullptr,
                                [&](const Problem& problem) { out.problems.push_back(problem.text); },
                                &out.notes};
    for (const DecoderEntry& entry : freebsd_decoders()) {
        if (entry.interface != interface) continue;
        const SocketDecoder next = entry.sockets(context);
        Bytes rest(out.bytes);
        SocketRecord record;
        while (next(rest, record)) out.sockets.push_back(record);
        EXPECT_TRUE(rest.empty());
    }
    return out;
}

constexpr const char* tcp = "net.inet.tcp.pcblist";
constexpr const char* stream = "net.local.stream.pcblist";
constexpr std::size_t first = freebsd::gen::inet_size;
constexpr std::size_t step = freebsd::xtcpcb::size;

std::string shown(const Endpoint& end) {
    Text text;
    put_address(text, end.address);
    return fmt::format("{} {} %{}", fmt::to_string(text), end.port, end.address.scope);
}

TEST(FreeBsdTcp, TheDockerCaseReportsWhatEachListenerServes) {
    const Decoded out = decode(tcp, captured("s1", tcp));
    ASSERT_EQ(out.sockets.size(), 3U);
    EXPECT_TRUE(out.problems.empty());
    const SocketRecord& dual = out.sockets[0];
    const SocketRecord& inet = out.sockets[1];
    const SocketRecord& loopback = out.sockets[2];
    EXPECT_EQ(dual.serves, (Serves{true, true}));
    EXPECT_EQ(dual.v6only, V6Only::No);
    EXPECT_EQ(dual.family, Family::Inet6);
    EXPECT_EQ(shown(dual.local), ":: 8888 %0");
    EXPECT_EQ(inet.serves, (Serves{true, false}));
    EXPECT_EQ(inet.v6only, V6Only::NotApplicable);
    EXPECT_EQ(shown(inet.local), "0.0.0.0 8888 %0");
    EXPECT_EQ(loopback.serves, (Serves{false, true}));
    EXPECT_EQ(loopback.v6only, V6Only::Yes);
    EXPECT_EQ(shown(loopback.local), "::1 8888 %0");
    EXPECT_EQ(loopback.state, State::Listen);
    ASSERT_TRUE(loopback.backlog);
    EXPECT_EQ(loopback.backlog->limit, 511U);
    EXPECT_EQ(loopback.owner_key, 0xfffff800048a2000U);
    EXPECT_EQ(loopback.uid, 0U);
}

TEST(FreeBsdTcp, AWildcardWithV6OnlyServesIpv6Alone) {
    const Decoded out = decode(tcp, captured("s2", tcp));
    EXPECT_EQ(out.sockets.at(0).serves, (Serves{false, true}));
    EXPECT_EQ(out.sockets.at(0).v6only, V6Only::Yes);
}

TEST(FreeBsdTcp, AnIpv4ClientOfADualListenerShowsItsIpv4Addresses) {
    const SocketRecord socket = decode(tcp, captured("s3", tcp)).sockets.at(30);
    EXPECT_EQ(socket.family, Family::Inet6);
    EXPECT_EQ(socket.serves, (Serves{true, false}));
    EXPECT_EQ(socket.v6only, V6Only::NotApplicable) << "the bit is a fresh pcb's default";
    EXPECT_EQ(shown(socket.local), "192.0.2.10 80 %0");
    EXPECT_EQ(shown(socket.foreign), "203.0.113.77 50300 %0");
}

TEST(FreeBsdTcp, TheScopeComesOutOfALinkLocalAddress) {
    const SocketRecord socket = decode(tcp, captured("s3", tcp)).sockets.at(26);
    EXPECT_EQ(shown(socket.local), "fe80::215:5dff:fe00:1 22 %1");
    EXPECT_EQ(shown(socket.foreign), "fe80::aaaa:bbbb:cccc:dddd 50500 %1");
    const SocketRecord multicast =
        decode("net.inet.udp.pcblist", captured("s3", "net.inet.udp.pcblist")).sockets.at(5);
    EXPECT_EQ(shown(multicast.local), "ff02::fb 5353 %1");
}

TEST(FreeBsdTcp, AConnectionWithoutASocketHasNoOwnerAndTakesItsFamilyFromVflag) {
    const Decoded out = decode(tcp, captured("s3", tcp));
    const SocketRecord& half_open = out.sockets.at(1);
    EXPECT_EQ(half_open.state, State::SynReceived);
    EXPECT_EQ(half_open.family, Family::Inet6);
    EXPECT_EQ(half_open.owner_key, 0U);
    EXPECT_FALSE(half_open.uid);
    EXPECT_EQ(out.sockets.at(3).state, State::TimeWait);
    EXPECT_EQ(out.sockets.at(3).family, Family::Inet6);
}

TEST(FreeBsdTcp, TimersNamesAndCountersComeAlong) {
    const Decoded out = decode(tcp, captured("s3", tcp));
    const SocketRecord& socket = out.sockets.at(34);
    EXPECT_EQ(freebsd_facts(socket).stack.view(), "freebsd");
    EXPECT_EQ(freebsd_facts(socket).congestion.view(), "cubic");
    EXPECT_EQ(freebsd_facts(socket).log_id.view(), "bastion");
    EXPECT_EQ(freebsd_facts(socket).timers_ms, (std::array<std::int32_t, 6>{230, 0, 7195310, 0, 0, 1240}));
    EXPECT_EQ(freebsd_facts(socket).flow_id, 439041101U);
    EXPECT_EQ(freebsd_facts(socket).flow_type, 130U);
    EXPECT_EQ(freebsd_facts(socket).send_window, 28960U);
}

TEST(FreeBsdTcp, AnUnknownStateKeepsItsNumber) {
    Buffer bytes = captured("s1", tcp);
    poke<std::int32_t>(bytes, first + freebsd::xtcpcb::state, 42);
    const SocketRecord socket = decode(tcp, bytes).sockets.at(0);
    EXPECT_EQ(socket.state, State::Unknown);
    EXPECT_EQ(socket.native_state, 42);
}

TEST(FreeBsdRaw, TheIpProtocolIsThePcbsOwn) {
    const Decoded out = decode("net.inet.raw.pcblist", captured("s3", "net.inet.raw.pcblist"));
    EXPECT_EQ(freebsd_facts(out.sockets.at(2)).socket_protocol, 0) << "a wildcard protosw";
    EXPECT_EQ(out.sockets.at(2).ip_protocol, 89);
    EXPECT_EQ(out.sockets.at(0).ip_protocol, 255);
}

TEST(FreeBsdUnix, PathPeerAndReferences) {
    const Decoded out = decode("net.local.dgram.pcblist", captured("s3", "net.local.dgram.pcblist"));
    const SocketRecord& log = out.sockets.back();
    EXPECT_EQ(unix_facts(log).path, "/var/run/log");
    EXPECT_EQ(unix_facts(log).type, 2);
    EXPECT_EQ(unix_facts(log).refs, 0xfffff80003d10b00U);
    EXPECT_EQ(unix_facts(out.sockets.at(1)).peer, 0xfffff80003d10000U);
    EXPECT_EQ(unix_facts(out.sockets.at(1)).next_ref, 0xfffff80003d10900U);
    EXPECT_EQ(unix_facts(out.sockets.at(1)).path.data(), nullptr) << "no address";
}

TEST(FreeBsdUnix, AnOddSunLenNeverReadsBeyondTheAddress) {
    const Decoded out = decode(stream, captured("s6-unix-sunlen", stream));
    ASSERT_EQ(out.sockets.size(), 3U);
    EXPECT_EQ(unix_facts(out.sockets[0]).path, "/len-zero");
    EXPECT_EQ(unix_facts(out.sockets[1]).path, "/" + std::string(103, 'f') + "BEYOND");
    EXPECT_EQ(unix_facts(out.sockets[2]).path.size(), 104U);
    EXPECT_TRUE(out.problems.empty());
}

TEST(FreeBsdUnix, AnEmptyPathIsAnAddressAllTheSame) {
    Buffer bytes = captured("s6-intact", stream);
    const std::size_t address = freebsd::gen::unix_size + freebsd::xunpcb::address;
    poke<std::uint8_t>(bytes, address, 2);
    const Decoded out = decode(stream, bytes);
    const SocketRecord& socket = out.sockets.at(0);
    EXPECT_TRUE(unix_facts(socket).path.empty());
    EXPECT_NE(unix_facts(socket).path.data(), nullptr);
}

TEST(FreeBsdList, RecordsNewerThanTheHeaderAreSkippedInSilence) {
    const Decoded out = decode(tcp, captured("s6-gencnt-newer", tcp));
    EXPECT_EQ(out.sockets.size(), 4U);
    EXPECT_TRUE(out.problems.empty());
    EXPECT_FALSE(out.notes.generation_changed);
}

TEST(FreeBsdList, AChangedTrailerIsNoted) {
    Buffer bytes = captured("s1", tcp);
    const std::size_t trailer = bytes.size() - freebsd::gen::inet_size;
    poke<std::uint64_t>(bytes, trailer + freebsd::gen::generation, 99);
    poke<std::uint32_t>(bytes, trailer + freebsd::gen::count, 1);
    const Decoded out = decode(tcp, bytes);
    EXPECT_TRUE(out.notes.generation_changed);
    EXPECT_EQ(out.notes.count_change, -2);
    EXPECT_FALSE(out.notes.damaged);
}

TEST(FreeBsdList, AChangedUnixTrailerIsRemarkedOnByType) {
    Buffer bytes = captured("s6-intact", stream);
    poke<std::uint64_t>(bytes, bytes.size() - freebsd::gen::unix_size + freebsd::gen::generation, 99);
    EXPECT_EQ(decode(stream, bytes).notes.remarks,
              std::vector<std::string>{"Some stream sockets may have been created or deleted"});
}

TEST(FreeBsdList, BehindARecordOfLengthZeroTheRestIsStillRead) {
    const Decoded out = decode(tcp, captured("s6-length-zero", tcp));
    ASSERT_EQ(out.sockets.size(), 5U);
    EXPECT_FALSE(out.sockets[1].past_damage);
    EXPECT_TRUE(out.sockets[2].past_damage) << "the native program takes it for the trailer";
    EXPECT_TRUE(out.sockets[4].past_damage);
    EXPECT_EQ(out.problems,
              std::vector<std::string>{"net.inet.tcp.pcblist: offset 1552: record length 0 instead of 744"});
    EXPECT_TRUE(out.notes.generation_changed) << "of that false trailer";
    EXPECT_FALSE(out.notes.native_fails);
}

TEST(FreeBsdList, BehindARecordOfHugeLengthTheRestIsStillRead) {
    for (const auto& [interface, count] :
         {std::pair{tcp, 5U}, std::pair{"net.inet.udp.pcblist", 2U}, std::pair{stream, 3U}}) {
        const Decoded out = decode(interface, captured("s6-length-huge", interface));
        EXPECT_EQ(out.sockets.size(), count) << interface;
        EXPECT_EQ(out.problems.size(), 1U) << interface;
        EXPECT_TRUE(out.notes.native_fails) << interface;
        EXPECT_TRUE(out.sockets.back().past_damage) << interface;
    }
}

TEST(FreeBsdList, WhereBytesAreMissingInsideARecordOnlyThatOneIsLost) {
    Buffer bytes = captured("s6-intact", tcp);
    const auto second = bytes.begin() + first + step;
    bytes.erase(second + 100, second + 150);
    const Decoded out = decode(tcp, bytes);
    EXPECT_EQ(out.problems.size(), 1U);
    ASSERT_EQ(out.sockets.size(), 4U);
    EXPECT_EQ(shown(out.sockets.back().local), "0.0.0.0 22 %0");
}

TEST(FreeBsdList, ALengthOfTwoRecordsHidesOneFromTheNativeProgramOnly) {
    Buffer bytes = captured("s6-intact", tcp);
    poke<std::uint64_t>(bytes, first + step, 2 * step);
    const Decoded out = decode(tcp, bytes);
    ASSERT_EQ(out.sockets.size(), 5U);
    std::vector<bool> past;
    for (const SocketRecord& socket : out.sockets) past.push_back(socket.past_damage);
    EXPECT_EQ(past, (std::vector<bool>{false, false, true, false, false}));
    EXPECT_EQ(out.problems.size(), 1U);
    EXPECT_FALSE(out.notes.generation_changed);
    EXPECT_FALSE(out.notes.native_fails);
}

TEST(FreeBsdList, ALengthThatLeadsInsideTheRecordEndsTheListForTheNativeProgram) {
    Buffer bytes = captured("s6-intact", tcp);
    poke<std::uint64_t>(bytes, first + step, 104); // to where zeros stand
    const Decoded out = decode(tcp, bytes);
    ASSERT_EQ(out.sockets.size(), 5U);
    EXPECT_FALSE(out.sockets[1].past_damage);
    EXPECT_TRUE(out.sockets[2].past_damage);
    EXPECT_TRUE(out.notes.generation_changed);
    EXPECT_FALSE(out.notes.native_fails);
}

TEST(FreeBsdList, ALongAnswerMayComeInSeveralBlocks) {
    const Buffer bytes = captured("s6-intact", tcp);
    TableStatus notes;
    const DecodeContext context{tcp, nullptr, [](const Problem&) { FAIL(); }, &notes};
    const SocketDecoder next = find_decoder(freebsd_system, tcp)->sockets(context);
    const std::size_t cut = first + 2 * step;
    SocketRecord record;
    std::size_t count = 0;
    for (const auto& [from, to] : {std::pair{std::size_t{0}, cut}, {cut, bytes.size()}}) {
        const std::span<const std::byte> part = std::span(bytes).subspan(from, to - from);
        Bytes rest(part, ByteOrder::Little, from);
        for (; next(rest, record); ++count) EXPECT_FALSE(record.past_damage);
    }
    EXPECT_EQ(count, 5U);
    EXPECT_FALSE(notes.generation_changed);
}

// ---- Records of later kernels

/// So many bytes more at `at` in each record of a TCP list, and the length words at `words` say so.
Buffer grown(const Buffer& bytes, std::size_t at, std::size_t more, const std::vector<std::size_t>& words) {
    Buffer out(bytes.begin(), bytes.begin() + first);
    for (std::size_t record = first; record + step <= bytes.size(); record += step) {
        const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(record);
        Buffer one(from, from + step);
        for (const std::size_t word : words) {
            std::uint64_t length = 0;
            std::memcpy(&length, one.data() + word, sizeof length);
            if (length != 0) poke<std::uint64_t>(one, word, length + more); // 0: no socket, no xsocket
        }
        one.insert(one.begin() + static_cast<std::ptrdiff_t>(at), more, std::byte{0xa5});
        out.insert(out.end(), one.begin(), one.end());
    }
    out.insert(out.end(), bytes.end() - first, bytes.end());
    return out;
}

std::vector<std::string> rows(const Decoded& decoded) {
    std::vector<std::string> all;
    for (const SocketRecord& socket : decoded.sockets)
        all.push_back(fmt::format("{} {} {} {} {} {} {} {} {} {}", shown(socket.local), shown(socket.foreign),
                                  socket.native_state, socket.owner_key, socket.recv_q, socket.send_q,
                                  freebsd_facts(socket).pcb_flags, socket.tcb,
                                  freebsd_facts(socket).stack.view(),
                                  freebsd_facts(socket).congestion.view()) +
                      fmt::format(" {} {} {} {}", freebsd_facts(socket).vflag, freebsd_facts(socket).segment,
                                  socket.uid.value_or(0), socket.past_damage));
    return all;
}

/// Where each of the structs that are in one another ends, and the length words that count what is there.
TEST(FreeBsdGrowth, MayBeInAnyOfTheStructsWithinARecord) {
    using namespace freebsd;
    constexpr std::size_t inner = xtcpcb::inpcb, socket = xtcpcb::inpcb + xinpcb::socket;
    for (const char* capture : {"s1", "s3", "s6-intact"})
        for (const std::size_t more : {8U, 56U, 200U}) {
            const Buffer bytes = captured(capture, tcp);
            const std::vector<std::string> known = rows(decode(tcp, bytes));
            const Decoded at_end = decode(tcp, grown(bytes, xtcpcb::size, more, {0}));
            EXPECT_EQ(rows(at_end), known) << capture << more;
            const Decoded in_pcb = decode(tcp, grown(bytes, inner + xinpcb::size, more, {0, inner}));
            EXPECT_EQ(rows(in_pcb), known) << capture << more;
            const Decoded in_socket =
                decode(tcp, grown(bytes, socket + xsocket::size, more, {0, inner, socket}));
            EXPECT_EQ(rows(in_socket), known) << capture << more;
            EXPECT_EQ(at_end.problems, std::vector<std::string>{fmt::format(
                                           "net.inet.tcp.pcblist: offset 64: record has {} bytes, of which "
                                           "the first 744 are read",
                                           744 + more)});
        }
}

TEST(FreeBsdGrowth, IsNoFailureAndTheNativeProgramGoesOnToo) {
    const Buffer bytes = grown(captured("s6-intact", tcp), step, 56, {0});
    TableStatus notes;
    const auto problem = [](const Problem& one) { EXPECT_FALSE(one.fails) << one.text; };
    const SocketDecoder next = find_decoder(freebsd_system, tcp)->sockets({tcp, nullptr, problem, &notes});
    SocketRecord record;
    std::size_t count = 0;
    for (Bytes rest(bytes); next(rest, record); ++count) EXPECT_FALSE(record.past_damage);
    EXPECT_EQ(count, 5U);
    EXPECT_FALSE(notes.damaged || notes.native_fails || notes.generation_changed);
}

TEST(FreeBsdGrowth, OneDamagedRecordOfThemCostsNoOther) {
    const Buffer whole = grown(captured("s6-intact", tcp), step, 56, {0});
    for (std::size_t record = 0; record < 5; ++record)
        for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{744}, std::uint64_t{801},
                                           std::uint64_t{1600}, ~std::uint64_t{0}}) {
            Buffer bytes = whole;
            poke<std::uint64_t>(bytes, first + record * (step + 56), length);
            EXPECT_GE(decode(tcp, bytes).sockets.size(), 5U) << record << " " << length;
        }
}

TEST(FreeBsdGrowth, OfHeaderAndTrailer) {
    for (const std::size_t more : {8U, 56U})
        for (const std::size_t of_records : {0U, 8U, 200U})
            for (const char* capture : {"s6-intact", "s1", "s2"}) {
                const Buffer known = captured(capture, tcp);
                Buffer bytes = of_records == 0 ? known : grown(known, step, of_records, {0});
                poke<std::uint64_t>(bytes, bytes.size() - first, first + more);
                bytes.resize(bytes.size() + more);
                poke<std::uint64_t>(bytes, 0, first + more);
                bytes.insert(bytes.begin() + first, more, std::byte{0});
                const Decoded out = decode(tcp, bytes);
                EXPECT_EQ(out.sockets.size(), decode(tcp, known).sockets.size()) << more << capture;
                EXPECT_EQ(out.problems.size(), 1U) << out.problems.at(0);
                EXPECT_FALSE(out.notes.damaged);
            }
}

TEST(FreeBsdList, ACutRecordEndsTheList) {
    const Decoded out = decode(tcp, captured("s6-truncated-mid-record", tcp));
    EXPECT_EQ(out.sockets.size(), 2U);
    EXPECT_EQ(out.problems, std::vector<std::string>{
                                "net.inet.tcp.pcblist: offset 1552: record cut short, 300 bytes left"});
}

TEST(FreeBsdList, AnEmptyAnswerAndAMissingTrailerAreNoProblem) {
    EXPECT_TRUE(decode(tcp, {}).problems.empty());
    Buffer bytes = captured("s1", tcp);
    bytes.resize(bytes.size() - freebsd::gen::inet_size);
    const Decoded out = decode(tcp, bytes);
    EXPECT_EQ(out.sockets.size(), 3U);
    EXPECT_TRUE(out.problems.empty());
}

TEST(FreeBsdList, AHeaderOfOddLengthIsReportedAndStepped) {
    Buffer bytes = captured("s1", tcp);
    poke<std::uint64_t>(bytes, 0, 0);
    const Decoded out = decode(tcp, bytes);
    EXPECT_EQ(out.sockets.size(), 3U);
    EXPECT_EQ(out.problems,
              std::vector<std::string>{"net.inet.tcp.pcblist: offset 0: header length 0 instead of 64"});
}

TEST(FreeBsdList, EveryPrefixGivesAPrefixOfTheRecords) {
    for (const std::string interface : {tcp, "net.inet.udp.pcblist", "net.inet.raw.pcblist", stream}) {
        const Buffer whole = captured("s6-intact", interface);
        const std::size_t all = decode(interface, whole).sockets.size();
        for (std::size_t length = 0; length <= whole.size(); ++length) {
            const Decoded out =
                decode(interface, Buffer(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
            ASSERT_LE(out.sockets.size(), all);
            ASSERT_LE(out.problems.size(), 1U);
        }
    }
}

TEST(FreeBsdList, EveryFlippedByteEndsInFiniteTimeAndLosesAtMostOneRecord) {
    const Buffer whole = captured("s6-intact", tcp);
    for (std::size_t at = first; at < whole.size(); ++at) {
        Buffer bytes = whole;
        bytes[at] ^= std::byte{0xff};
        ASSERT_GE(decode(tcp, bytes).sockets.size(), 4U) << at;
    }
}

TEST(FreeBsdOwners, EveryHolderOfASharedSocketIsFound) {
    HostTables tables;
    const DecodeContext context{"kern.file", nullptr, [](const Problem&) { FAIL(); }, nullptr};
    const Buffer files = captured("s3", "kern.file");
    freebsd::owners_decoder(context)(Bytes(files), tables);
    const std::uint64_t listener = decode(tcp, captured("s3", tcp)).sockets.at(46).owner_key;
    EXPECT_EQ(tables.owners.all(listener), (std::vector<Owner>{{688, 4}, {689, 4}, {690, 4}}));
    EXPECT_TRUE(tables.owners_read);
}

TEST(FreeBsdOwners, ACutTableKeepsItsWholeRecords) {
    HostTables tables;
    std::vector<std::string> problems;
    const DecodeContext context{"kern.file", nullptr,
                                [&](const Problem& problem) { problems.push_back(problem.text); }, nullptr};
    const Buffer files = captured("s6-kern-file", "kern.file");
    freebsd::owners_decoder(context)(Bytes(files), tables);
    EXPECT_EQ(problems, std::vector<std::string>{"kern.file: offset 2560: record cut short, 60 bytes left"});
    EXPECT_FALSE(tables.owners.empty());
}

TEST(FreeBsdOwners, ARecordOfWrongLengthCostsNoOther) {
    const Buffer whole = captured("s3", "kern.file");
    for (const std::uint64_t length : {0U, 100U, 152U, 256U, 1280U}) {
        Buffer bytes = whole;
        poke<std::uint64_t>(bytes, 10 * freebsd::xfile::size, length);
        HostTables tables;
        std::vector<Problem> problems;
        const DecodeContext context{"kern.file", nullptr,
                                    [&](const Problem& one) { problems.push_back(one); }, nullptr};
        freebsd::owners_decoder(context)(Bytes(bytes), tables);
        ASSERT_EQ(problems.size(), 1U) << length;
        EXPECT_TRUE(problems[0].fails);
        const std::uint64_t listener = decode(tcp, captured("s3", tcp)).sockets.at(46).owner_key;
        EXPECT_EQ(tables.owners.all(listener), (std::vector<Owner>{{688, 4}, {689, 4}, {690, 4}}));
    }
}

TEST(FreeBsdProcesses, NameAndUserOfEachPid) {
    HostTables tables;
    const DecodeContext context{"kern.proc.proc", nullptr, [](const Problem&) { FAIL(); }, nullptr};
    const Buffer processes = captured("s3", "kern.proc.proc");
    freebsd::processes_decoder(context)(Bytes(processes), tables);
    ASSERT_NE(tables.process(1100), nullptr);
    EXPECT_EQ(tables.process(1100)->name, "avahi-daemon: runni");
    EXPECT_EQ(tables.process(1022)->uid, 8080U);
    EXPECT_EQ(tables.processes.size(), 33U);
}

} // namespace
} // namespace netstat46
