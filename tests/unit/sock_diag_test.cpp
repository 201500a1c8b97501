// sock_diag's answers, made here field by field: what of them becomes a record, and that no damage hurts.
#include <cstring>

#include <gtest/gtest.h>

#include "linux/decode.hpp"
#include "linux/facts.hpp"
#include "linux/wire.hpp"
#include "netlink_message.hpp"

namespace netstat46 {
namespace {

using namespace linux_wire;

constexpr std::uint8_t established = 1, listening = 10; // net/tcp_states.h

NetlinkMessage tcp_socket(std::uint8_t state) {
    return NetlinkMessage(diag_size)
        .set<std::uint8_t>(diag_family, af_inet)
        .set<std::uint8_t>(diag_state, state)
        .set<std::uint32_t>(diag_inode, 4711);
}

/// A tcp_info as a current kernel has it: longer than what is known here.
NetlinkMessage tcp_info() {
    return NetlinkMessage(280)
        .set<std::uint8_t>(tcp_info_retransmits, 2)
        .set<std::uint32_t>(tcp_info_rto, 204000)
        .set<std::uint32_t>(tcp_info_snd_mss, 1448)
        .set<std::uint32_t>(tcp_info_rcv_mss, 536)
        .set<std::uint32_t>(tcp_info_last_data_sent, 7)
        .set<std::uint32_t>(tcp_info_last_data_recv, 8)
        .set<std::uint32_t>(tcp_info_pmtu, 1500)
        .set<std::uint32_t>(tcp_info_rtt, 25)
        .set<std::uint32_t>(tcp_info_rttvar, 12)
        .set<std::uint32_t>(tcp_info_snd_ssthresh, 20)
        .set<std::uint32_t>(tcp_info_snd_cwnd, 10)
        .set<std::uint32_t>(tcp_info_total_retrans, 3)
        .set<std::uint64_t>(tcp_info_bytes_acked, 0x100000001)
        .set<std::uint64_t>(tcp_info_bytes_received, 99)
        .set<std::uint32_t>(tcp_info_data_segs_in, 1)
        .set<std::uint32_t>(tcp_info_data_segs_out, 1)
        .set<std::uint64_t>(tcp_info_bytes_sent, 0x100000002)
        .set<std::uint64_t>(tcp_info_bytes_retrans, 5)
        .set<std::uint32_t>(tcp_info_rcv_ooopack, 4);
}

struct Decoded {
    std::vector<SocketRecord> sockets;
    HostTables tables;
    std::vector<std::string> problems;
};

Decoded decoded(std::string_view interface, const std::vector<std::byte>& bytes) {
    Decoded out;
    HostFacts host;
    TableStatus notes;
    const DecodeContext context{
        interface, &host, [&](const Problem& problem) { out.problems.push_back(problem.text); }, &notes};
    if (interface == "sock_diag.unix") {
        unix_diag_side_decoder(context)(Bytes(bytes), out.tables);
        return out;
    }
    const SocketDecoder decode = sock_diag_decoder(context);
    SocketRecord record;
    for (Bytes rest(bytes); decode(rest, record);) out.sockets.push_back(record);
    return out;
}

SocketRecord tcp_record(const NetlinkMessage& message) {
    const Decoded out = decoded("sock_diag.inet.tcp", message.sent().bytes());
    EXPECT_TRUE(out.problems.empty());
    EXPECT_EQ(out.sockets.size(), 1U);
    return out.sockets.empty() ? SocketRecord{} : out.sockets.front();
}

TEST(TcpInfo, OfAConnection) {
    const SocketRecord socket = tcp_record(
        tcp_socket(established).attribute(inet_diag_info, tcp_info()).attribute(inet_diag_cong, text("bbr")));
    ASSERT_TRUE(socket.own.has<TcpFacts>());
    const TcpFacts& facts = socket.own.get<TcpFacts>();
    EXPECT_STREQ(facts.congestion.data(), "bbr");
    EXPECT_EQ(facts.rtt_us, 25U);
    EXPECT_EQ(facts.rttvar_us, 12U);
    EXPECT_EQ(facts.rto_us, 204000U);
    EXPECT_EQ(facts.snd_mss, 1448U);
    EXPECT_EQ(facts.rcv_mss, 536U);
    EXPECT_EQ(facts.pmtu, 1500U);
    EXPECT_EQ(facts.cwnd, 10U);
    EXPECT_EQ(facts.ssthresh, 20U);
    EXPECT_EQ(facts.retransmitted, 3U);
    EXPECT_EQ(facts.out_of_order, 4U);
    EXPECT_EQ(facts.bytes_sent, 0x100000002U);
    EXPECT_EQ(facts.bytes_acked, 0x100000001U);
    EXPECT_EQ(facts.bytes_received, 99U);
    EXPECT_EQ(facts.bytes_retransmitted, 5U);
    EXPECT_EQ(facts.last_sent_ms, 7U);
    EXPECT_EQ(facts.last_received_ms, 8U);
    EXPECT_EQ(socket.timer->retransmits, 2U);
}

TEST(TcpInfo, OfAnOlderKernelWhatItHas) {
    const SocketRecord linux_2_6 =
        tcp_record(tcp_socket(established)
                       .attribute(inet_diag_info, tcp_info().shortened_to(tcp_info_total_retrans + 4)));
    ASSERT_TRUE(linux_2_6.own.has<TcpFacts>());
    EXPECT_EQ(linux_2_6.own.get<TcpFacts>().retransmitted, 3U);
    EXPECT_EQ(linux_2_6.own.get<TcpFacts>().rtt_us, 25U);
    EXPECT_FALSE(linux_2_6.own.get<TcpFacts>().bytes_acked);
    EXPECT_FALSE(linux_2_6.own.get<TcpFacts>().bytes_sent);
    EXPECT_FALSE(linux_2_6.own.get<TcpFacts>().out_of_order);
    EXPECT_FALSE(linux_2_6.own.get<TcpFacts>().last_sent_ms) << "it does not tell whether any was";

    for (std::size_t size = 0; size < 280; ++size) {
        const SocketRecord socket =
            tcp_record(tcp_socket(established).attribute(inet_diag_info, tcp_info().shortened_to(size)));
        const bool told = socket.own.get<TcpFacts>().bytes_acked.has_value();
        EXPECT_EQ(told, size >= tcp_info_bytes_acked + 8) << "half a number is none: " << size;
    }
}

TEST(TcpInfo, WhatWasNeverMeasuredIsAbsent) {
    const NetlinkMessage fresh = tcp_info()
                                     .set<std::uint32_t>(tcp_info_rtt, 0)
                                     .set<std::uint32_t>(tcp_info_snd_ssthresh, tcp_infinite_ssthresh)
                                     .set<std::uint32_t>(tcp_info_data_segs_out, 0)
                                     .set<std::uint64_t>(tcp_info_bytes_sent, 0);
    const SocketRecord socket = tcp_record(tcp_socket(established).attribute(inet_diag_info, fresh));
    EXPECT_FALSE(socket.own.get<TcpFacts>().rtt_us);
    EXPECT_FALSE(socket.own.get<TcpFacts>().rttvar_us);
    EXPECT_FALSE(socket.own.get<TcpFacts>().ssthresh);
    EXPECT_FALSE(socket.own.get<TcpFacts>().last_sent_ms);
    EXPECT_EQ(socket.own.get<TcpFacts>().bytes_sent, 0U) << "told, and so many";
}

TEST(TcpInfo, AListenerHasNoConnectionToTellOf) {
    const SocketRecord socket = tcp_record(
        tcp_socket(listening).attribute(inet_diag_info, tcp_info()).attribute(inet_diag_cong, text("cubic")));
    EXPECT_STREQ(socket.own.get<TcpFacts>().congestion.data(), "cubic") << "its connections will have it";
    EXPECT_FALSE(socket.own.get<TcpFacts>().rtt_us);
    EXPECT_FALSE(socket.own.get<TcpFacts>().cwnd);
    EXPECT_FALSE(tcp_record(tcp_socket(listening)).own.has<TcpFacts>());
}

TEST(TcpInfo, ANameTooLongIsCut) {
    const std::string name(40, 'x');
    const SocketRecord socket = tcp_record(tcp_socket(established).attribute(inet_diag_cong, text(name)));
    EXPECT_STREQ(socket.own.get<TcpFacts>().congestion.data(), std::string(15, 'x').c_str());
}

NetlinkMessage unix_socket(std::uint32_t inode) {
    return NetlinkMessage(unix_diag_size)
        .set<std::uint8_t>(unix_diag_family, af_unix)
        .set<std::uint32_t>(unix_diag_inode, inode);
}

TEST(UnixDiag, ReportsPeerQueuesAndName) {
    using namespace std::string_view_literals;
    NetlinkMessage queues(unix_rqlen_size);
    queues.set<std::uint32_t>(unix_rqlen_rqueue, 3).set<std::uint32_t>(unix_rqlen_wqueue, 4);
    const NetlinkMessage answer =
        unix_socket(11)
            .attribute(unix_diag_peer, number(12))
            .attribute(unix_diag_rqlen, queues)
            .sent()
            .add(unix_socket(12).attribute(unix_diag_name, text("/run/x\0"sv)).sent())
            .add(unix_socket(13).attribute(unix_diag_name, text("\0a\0b"sv)).sent());
    const Decoded out = decoded("sock_diag.unix", answer.bytes());
    EXPECT_TRUE(out.problems.empty());
    ASSERT_EQ(out.tables.unix_sockets.size(), 3U);
    const UnixDetails& client = out.tables.unix_sockets.at(11);
    EXPECT_EQ(client.peer, 12U);
    ASSERT_TRUE(client.queues);
    EXPECT_EQ(client.queues->receive, 3U);
    EXPECT_EQ(client.queues->send, 4U);
    EXPECT_EQ(client.path, "");
    EXPECT_EQ(out.tables.unix_sockets.at(12).path, "/run/x");
    EXPECT_FALSE(out.tables.unix_sockets.at(12).queues);
    EXPECT_EQ(out.tables.unix_sockets.at(13).path, "@a@b") << "as /proc/net/unix";
}

TEST(UnixDiag, DamageIsReportedAndLosesNothingBefore) {
    const NetlinkMessage good = unix_socket(11).attribute(unix_diag_peer, number(12)).sent();
    const std::vector<std::byte> whole = NetlinkMessage(good).add(good).bytes();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Decoded out =
            decoded("sock_diag.unix", {whole.begin(), whole.begin() + static_cast<long>(size)});
        const bool between = size == 0 || size == whole.size() / 2;
        EXPECT_EQ(out.problems.empty(), between) << size;
        EXPECT_EQ(out.tables.unix_sockets.size(), size < whole.size() / 2 ? 0U : 1U) << size;
    }
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::vector<std::byte> flipped = whole;
        flipped[bit / 8] ^= std::byte{1} << (bit % 8);
        EXPECT_LE(decoded("sock_diag.unix", flipped).tables.unix_sockets.size(), 2U);
    }
}

TEST(SockDiag, AnyFlippedBitEndsAndReadsNothingOutside) {
    const NetlinkMessage good = tcp_socket(established).attribute(inet_diag_info, tcp_info()).sent();
    const std::vector<std::byte> whole = NetlinkMessage(good).add(good).bytes();
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::vector<std::byte> flipped = whole;
        flipped[bit / 8] ^= std::byte{1} << (bit % 8);
        EXPECT_LE(decoded("sock_diag.inet.tcp", flipped).sockets.size(), 2U);
    }
}

} // namespace
} // namespace netstat46
