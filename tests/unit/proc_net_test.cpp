// Linux's text files of sockets: lines as /proc/net has them, whole and cut short.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "linux/decode.hpp"
#include "linux/row.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

struct Read {
    std::vector<SocketRecord> sockets;
    std::vector<std::string> paths; ///< of unix sockets
    std::vector<HalfOpen> half_open;
    std::vector<std::string> problems;
};

template <class Use>
void with_decoder(std::string_view interface, std::string_view text, ByteOrder order, Read& out, Use use) {
    HostFacts host;
    host.byte_order = order;
    TableStatus notes;
    use(DecodeContext{interface, &host, [&](const Problem& problem) { out.problems.push_back(problem.text); },
                      &notes},
        Bytes(std::as_bytes(std::span(text)), order));
}

Read read(std::string_view interface, std::string_view text, ByteOrder order = ByteOrder::Little) {
    Read out;
    with_decoder(interface, text, order, out, [&](const DecodeContext& context, Bytes rest) {
        const SocketDecoder decode = find_decoder(linux_system, interface)->sockets(context);
        for (SocketRecord record; decode(rest, record);) {
            out.sockets.push_back(record);
            out.paths.emplace_back(unix_facts(record).path);
        }
    });
    return out;
}

const std::string tcp_header =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const std::string listener =
    "   0: 0100007F:22C2 00000000:0000 0A 00000002:00000001 00:00000000 00000000 65534        0 4711 2 0 100 "
    "0 0 10 0\n";
const std::string half_open =
    "   1: 0100007F:2332 0100007F:9C4A 03 00000000:00000000 01:00000031 00000003  1000        0 0 1 0\n";

TEST(ProcNet, ALineIsASocket) {
    const Read got = read("proc.net.tcp", tcp_header + listener);
    ASSERT_EQ(got.sockets.size(), 1U);
    const SocketRecord& socket = got.sockets.front();
    EXPECT_EQ(address_text(socket.local.address), "127.0.0.1");
    EXPECT_EQ(socket.local.port, 8898);
    EXPECT_EQ(socket.state, State::Listen);
    EXPECT_EQ(socket.send_q, 2U);
    EXPECT_EQ(socket.recv_q, 1U);
    EXPECT_EQ(socket.uid, 65534U);
    EXPECT_EQ(socket.owner_key, 4711U);
    EXPECT_TRUE(got.problems.empty());
}

TEST(ProcNet, AddressesAreWordsInTheOrderOfTheHost) {
    const std::string line =
        "   0: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 07 "
        "00000000:00000000 00:00000000 00000000     0        0 12 2 0 0\n";
    EXPECT_EQ(address_text(read("proc.net.udp6", line).sockets.at(0).local.address), "2001:db8::1");
    const std::string big =
        "   0: 20010DB8000000000000000000000001:0050 00000000000000000000000000000000:0000 07 "
        "00000000:00000000 00:00000000 00000000     0        0 12 2 0 0\n";
    EXPECT_EQ(address_text(read("proc.net.udp6", big, ByteOrder::Big).sockets.at(0).local.address),
              "2001:db8::1");
}

TEST(ProcNet, OfAHalfOpenConnectionItReportsUserAndRetransmits) {
    Read out;
    HostTables tables;
    with_decoder("proc.net.tcp", tcp_header + listener + half_open, ByteOrder::Little, out,
                 [&](const DecodeContext& context, Bytes rest) { half_open_decoder(context)(rest, tables); });
    ASSERT_EQ(tables.half_open.size(), 1U);
    EXPECT_EQ(tables.half_open[0].foreign.port, 40010);
    EXPECT_EQ(tables.half_open[0].uid, 1000U);
    EXPECT_EQ(tables.half_open[0].retransmits, 3U);
}

TEST(ProcNet, WhatIsNoSocketIsReportedWithItsPlaceAndPassedOver) {
    const std::string front = tcp_header + "   0: nonsense\n" + listener;
    const Read got = read("proc.net.tcp", front + listener.substr(0, 40));
    EXPECT_EQ(got.sockets.size(), 1U);
    EXPECT_EQ(got.problems,
              (std::vector<std::string>{
                  fmt::format("proc.net.tcp: a line that is not a socket at offset {}", tcp_header.size()),
                  fmt::format("proc.net.tcp: a line cut short at offset {}", front.size())}));
}

const std::string unix_header = "Num       RefCount Protocol Flags    Type St Inode Path\n";

std::string unix_line(const std::string& inode, const std::string& path) {
    return "00000000cbe2841d: 00000002 00000000 00000000 0001 01 " + inode + (path.empty() ? "" : " ") +
           path + "\n";
}

TEST(ProcNetUnix, APathMayHoldBlanksAndNewlines) {
    const Read got =
        read("proc.net.unix", unix_header + unix_line("7", "/run/a b") + unix_line("8", "/run/new\nline") +
                                  unix_line("9", "/run/new\n") + unix_line("10", ""));
    EXPECT_EQ(got.paths, (std::vector<std::string>{"/run/a b", "/run/new\nline", "/run/new\n", ""}));
    EXPECT_TRUE(got.problems.empty());
}

TEST(ProcNetUnix, A32BitKernelWritesEightDigits) {
    const Read got = read("proc.net.unix", "cbe2841d: 00000002 00000000 00000000 0001 01     7 /a\n"
                                           "cbe2841e: 00000002 00000000 00000000 0001 01     8 /b\n");
    EXPECT_EQ(got.paths, (std::vector<std::string>{"/a", "/b"}));
}

/// A host that has started just now.
TEST(ProcNetUnix, AnAddressMayBeWithheld) {
    for (const std::string_view withheld : {"(____ptrval____)", "(ptrval)"}) {
        const std::string line = fmt::format("{}: 00000002 00000000 00000000 0001 01 ", withheld);
        for (std::size_t size = 0; size <= line.size(); ++size) {
            const Read got = read("proc.net.unix", unix_header + line + "7 /a\n" + line + "8 /new\nline\n" +
                                                       line.substr(0, size));
            EXPECT_EQ(got.paths, (std::vector<std::string>{"/a", "/new\nline"})) << size;
            EXPECT_EQ(got.problems.size(), size == 0 ? 0U : 1U) << size;
        }
    }
}

/// Not the front of the path as if that were all.
TEST(ProcNetUnix, APathCutBehindItsNewlineIsALineCutShort) {
    const std::string whole = unix_header + unix_line("7", "/run/a") + unix_line("8", "/run/new\nline");
    const Read got = read("proc.net.unix", std::string_view(whole).substr(0, whole.size() - 2));
    EXPECT_EQ(got.paths, (std::vector<std::string>{"/run/a"}));
    EXPECT_EQ(got.problems,
              (std::vector<std::string>{fmt::format("proc.net.unix: a line cut short at offset {}",
                                                    (unix_header + unix_line("7", "/run/a")).size())}));
}

/// However little is there of the next line, the one before it is whole.
TEST(ProcNetUnix, ALineCutShortCostsOnlyItself) {
    const std::string first = unix_header + unix_line("7", "/run/a"), second = unix_line("8", "/run/b");
    for (std::size_t size = 1; size < second.size(); ++size) {
        const Read got = read("proc.net.unix", first + second.substr(0, size));
        EXPECT_EQ(got.paths, (std::vector<std::string>{"/run/a"})) << size;
        EXPECT_EQ(got.problems.size(), 1U) << size;
    }
}

} // namespace
} // namespace netstat46
