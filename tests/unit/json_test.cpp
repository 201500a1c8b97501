#include "format/json.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "darwin/facts.hpp"
#include "darwin/row.hpp"
#include "freebsd/facts.hpp"
#include "freebsd/row.hpp"
#include "linux/facts.hpp"
#include "linux/row.hpp"
#include "record/address.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

std::string text_of(const Text& text) { return {text.data(), text.size()}; }

std::string quoted(std::string_view text) {
    Text out;
    put_json_string(out, text);
    return text_of(out);
}

Names no_names() {
    Names names;
    names.host = [](const Address&) { return std::string_view{}; };
    names.service = [](std::uint16_t, std::string_view) { return std::string_view{}; };
    names.user = [](std::uint32_t) { return std::string_view{}; };
    names.interface = [](std::uint32_t) { return std::string_view{}; };
    names.ip_protocol = [](std::uint8_t) { return std::string_view{}; };
    return names;
}

HostFacts linux_host() {
    HostFacts host;
    host.system = &linux_system;
    return host;
}

/// `socket` as the document has it.
std::string object(const SocketRecord& socket, const HostFacts& host = linux_host(),
                   const HostTables& tables = {}, const Names& names = no_names()) {
    Text out;
    JsonSockets(host, names).put(out, Row{socket, std::nullopt, tables});
    return text_of(out);
}

bool has(const std::string& object, std::string_view member) {
    return object.find(member) != std::string::npos;
}

Endpoint endpoint(std::string_view address, std::uint16_t port) { return {*parse_address(address), port}; }

SocketRecord listener(std::string_view address, std::uint16_t port) {
    SocketRecord socket;
    socket.local = endpoint(address, port);
    socket.foreign.address.family = socket.family = socket.local.address.family;
    socket.state = State::Listen;
    return socket;
}

TEST(JsonString, EscapesWhatJsonForbidsAndTerminalsObey) {
    EXPECT_EQ(quoted("plain"), R"("plain")");
    EXPECT_EQ(quoted("a\"b\\c/d"), R"("a\"b\\c/d")");
    EXPECT_EQ(quoted("\n\t\x1b[31m\x7f"), R"("\u000a\u0009\u001b[31m\u007f")");
    EXPECT_EQ(quoted(std::string_view("a\0b", 3)), R"("a\u0000b")");
    EXPECT_EQ(quoted("\xc2\x9b"), R"("\u009b")"); // CSI as one C1 character
    EXPECT_EQ(quoted("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

TEST(JsonString, EscapesWhatBreaksLinesOrTurnsText) {
    EXPECT_EQ(quoted("a\u061c\u200e\u200f\u2028\u2029z"), R"("a\u061c\u200e\u200f\u2028\u2029z")");
    EXPECT_EQ(quoted("\u202a\u202b\u202c\u202d\u202e"), R"("\u202a\u202b\u202c\u202d\u202e")");
    EXPECT_EQ(quoted("\u2066\u2067\u2068\u2069"), R"("\u2066\u2067\u2068\u2069")");
    EXPECT_EQ(quoted("\xc2\x80\xc2\x85\xc2\x9f"), R"("\u0080\u0085\u009f")");
    for (const std::string_view neighbour :
         {"\xc2\xa0", "\u061b", "\u061d", "\u200d", "\u2010", "\u2027", "\u202f", "\u2065", "\u206a"})
        EXPECT_EQ(quoted(neighbour), '"' + std::string(neighbour) + '"');
}

TEST(JsonString, ReplacesEveryByteThatIsNoUtf8) {
    const std::string replacement = "\xef\xbf\xbd";
    EXPECT_EQ(quoted("a\xff"), "\"a" + replacement + "\"");
    EXPECT_EQ(quoted("\xc0\x80"), "\"" + replacement + replacement + "\"") << "overlong";
    EXPECT_EQ(quoted("\xed\xa0\x80"), "\"" + replacement + replacement + replacement + "\"") << "a surrogate";
    EXPECT_EQ(quoted("\xe2\x82"), "\"" + replacement + replacement + "\"") << "cut short";
}

TEST(JsonFields, AreThese) {
    std::map<std::string, std::string> names;
    for (const JsonField& field : json_fields(systems())) {
        EXPECT_FALSE(field.meaning.empty()) << field.name;
        std::string& list = names[std::string(field.object)];
        list += list.empty() ? "" : " ";
        list += field.name;
    }
    const std::map<std::string, std::string> documented{
        {"document", "version os release hostname time sockets problems"},
        {"socket",
         "protocol family ip_protocol ip_protocol_name local foreign state state_number recv_q send_q "
         "backlog "
         "backlog_incomplete backlog_max v6only v6only_unknown serves uid user inode pcb tcb device owners "
         "owner_unknown timer tcp options socket_state pcb_flags vflag receive_buffer send_buffer darwin "
         "freebsd openbsd "
         "type flags refs path path_abstract peer vnode first_referrer next_referrer past_damage"},
        {"endpoint", "address port scope host service"},
        {"owner", "pid fd name command uid user context"},
        {"peer", "inode pcb path owners"},
        {"timer", "kind remaining_ms retransmits probes"},
        {"tcp", "congestion rtt_us rttvar_us rto_us snd_mss rcv_mss pmtu cwnd ssthresh retransmitted "
                "out_of_order bytes_sent "
                "bytes_acked bytes_received bytes_retransmitted last_sent_ms last_received_ms cwnd_bytes "
                "ssthresh_bytes"},
        {"buffer", "high_water low_water mbuf_bytes mbuf_limit"},
        {"darwin",
         "rx_packets rx_bytes tx_packets tx_bytes last_pid effective_pid pcb_generation socket_generation "
         "flags flags1 flags2 flow_hash filter_flags use_count retain_count"},
        {"freebsd", "stack log_id tcp_flags retransmit_ms persist_ms keepalive_ms time_wait_ms "
                    "delayed_ack_ms "
                    "idle_ms ecn zero_windows "
                    "flow_id flow_type "
                    "fib"},
        {"openbsd", "routing_table socket_state receive_window send_window congestion_window"},
    };
    EXPECT_EQ(names, documented);
}

TEST(JsonSocket, ADualStackListenerInFull) {
    SocketRecord socket = listener("::", 8888);
    socket.v6only = V6Only::No;
    socket.serves = {true, true};
    socket.recv_q = 2;
    socket.backlog = Backlog{2, 0, 4096};
    socket.uid = 1000;
    socket.inode = socket.owner_key = 4711;
    socket.device = 3;
    socket.timer = Timer{};
    HostTables tables;
    tables.owners.add(4711, {20, 7});
    tables.owners.add(4711, {10, 3});
    tables.processes[10] = {"my \"server\"", "server", 1000, {}};
    Names names = no_names();
    names.user = [](std::uint32_t uid) { return uid == 1000 ? std::string_view("someone") : ""; };
    names.interface = [](std::uint32_t index) { return index == 3 ? std::string_view("eth0") : ""; };
    names.service = [](std::uint16_t, std::string_view protocol) {
        return protocol == "tcp" ? std::string_view("ddi-tcp-1") : "";
    };
    EXPECT_EQ(object(socket, linux_host(), tables, names),
              R"({"protocol":"tcp","family":"ipv6",)"
              R"("local":{"address":"::","port":8888,"service":"ddi-tcp-1"},)"
              R"("foreign":{"address":"::","port":0},"state":"listen","recv_q":2,"send_q":0,)"
              R"("backlog":2,"backlog_max":4096,"v6only":false,"serves":["ipv4","ipv6"],)"
              R"("uid":1000,"user":"someone","inode":4711,"device":"eth0",)"
              R"("owners":[{"pid":10,"fd":3,"name":"my \"server\"","command":"server",)"
              R"("uid":1000,"user":"someone"},{"pid":20,"fd":7}],)"
              R"("timer":{"kind":"off","retransmits":0,"probes":0}})");
}

TEST(JsonSocket, LeavesOutWhatIsNotKnown) {
    const std::string socket = object(listener("127.0.0.1", 80));
    for (const char* member : {"\"uid\"", "\"user\"", "\"inode\"", "\"pcb\"", "\"device\"", "\"timer\"",
                               "\"backlog\"", "\"v6only\"", "\"serves\"", "\"path\"", "\"host\"",
                               "\"service\"", "\"scope\"", "\"darwin\"", "\"freebsd\"", "\"options\""})
        EXPECT_FALSE(has(socket, member)) << member;
}

TEST(JsonSocket, SaysWhyV6OnlyIsUnknown) {
    SocketRecord socket = listener("::", 80);
    socket.v6only = V6Only::Unknown;
    EXPECT_TRUE(has(object(socket), R"("v6only_unknown":"not told")"));
    socket.v6only = V6Only::NotApplicable;
    EXPECT_TRUE(has(object(socket), R"("v6only_unknown":"connected")"));
    EXPECT_TRUE(has(object(listener("0.0.0.0", 80)), R"("v6only_unknown":"not an IPv6 socket")"));
    socket.v6only = V6Only::Yes;
    EXPECT_TRUE(has(object(socket), R"("v6only":true)"));
    EXPECT_FALSE(has(object(socket), "v6only_unknown"));
}

TEST(JsonSocket, SaysWhyItHasNoOwner) {
    const auto why = [](std::uint64_t key, bool withheld, bool read, Visibility visibility) {
        SocketRecord socket = listener("0.0.0.0", 80);
        socket.owner_key = key;
        HostFacts host = linux_host();
        host.visibility = visibility;
        HostTables tables;
        tables.owners_withheld = withheld;
        tables.owners_read = read;
        const std::string text = object(socket, host, tables);
        EXPECT_TRUE(has(text, R"("owners":[])"));
        const std::size_t begin = text.find(R"("owner_unknown":")") + 17;
        return text.substr(begin, text.find('"', begin) - begin);
    };
    EXPECT_EQ(why(0, true, true, Visibility::Own), "no process holds it");
    EXPECT_EQ(why(5, true, true, Visibility::Everyone), "not permitted");
    EXPECT_EQ(why(5, false, true, Visibility::Own), "not permitted") << "/proc may hide what others hold";
    EXPECT_EQ(why(5, false, true, Visibility::Everyone), "kernel");
    EXPECT_EQ(why(5, false, true, Visibility::Namespace), "other pid namespace");
    EXPECT_EQ(why(5, false, true, Visibility::NotTold), "not told");
    EXPECT_EQ(why(5, false, false, Visibility::Everyone), "not read") << "a capture without descriptors";
}

TEST(JsonSocket, WhereOnlyTheLastUserIsReportedItIsAnOwnerWithoutDescriptor) {
    SocketRecord socket = listener("0.0.0.0", 80);
    socket.owner_key = 0xfffff80012345678;
    socket.pcb = 0xfffff80012345678;
    socket.last_pid = 77;
    HostFacts host = linux_host();
    host.system = &darwin_system;
    const std::string text = object(socket, host);
    EXPECT_TRUE(has(text, R"("owners":[{"pid":77}])"));
    EXPECT_FALSE(has(text, "owner_unknown"));
    EXPECT_TRUE(has(text, R"("pcb":"0xfffff80012345678")")) << "as a number it would not survive a double";
}

TEST(JsonSocket, LinkLocalAddressesHaveAScope) {
    SocketRecord socket = listener("fe80::1", 80);
    socket.local.address.scope = 4;
    EXPECT_TRUE(has(object(socket), R"("address":"fe80::1","port":80,"scope":"4")"));
    socket.local.address.scope = 0;
    socket.device = 2; // all that Linux reports
    EXPECT_TRUE(has(object(socket), R"("address":"fe80::1","port":80,"scope":"2")"));
}

TEST(JsonSocket, RawSocketsHaveAProtocolAndNoPorts) {
    SocketRecord socket = listener("0.0.0.0", 1); // Linux shows the protocol as port
    socket.protocol = Protocol::Raw;
    socket.ip_protocol = 1;
    socket.state = State::Closed;
    const std::string text = object(socket);
    EXPECT_TRUE(has(text, R"("ip_protocol":1)"));
    EXPECT_TRUE(has(text, R"("local":{"address":"0.0.0.0"})"));
    EXPECT_TRUE(has(text, R"("state":"unconnected")"));
}

TEST(JsonSocket, AUnixListenerWithAnAbstractName) {
    SocketRecord socket;
    socket.protocol = Protocol::Unix;
    socket.family = Family::Local;
    unix_facts(socket).type = 5;
    unix_facts(socket).flags = 1U << 16;
    unix_facts(socket).state = 1;
    unix_facts(socket).refs = 2;
    unix_facts(socket).path = "@a\nb";
    EXPECT_EQ(object(socket), R"({"protocol":"unix","family":"unix","state":"listen","owners":[],)"
                              R"("owner_unknown":"no process holds it","type":"seqpacket",)"
                              R"("flags":["accepting"],"refs":2,"path":"@a\u000ab","path_abstract":true})");
}

TEST(JsonSocket, ALinuxUnixSocketHasAPeerAndQueuesWhereSockDiagReports) {
    SocketRecord socket;
    socket.protocol = Protocol::Unix;
    socket.family = Family::Local;
    socket.inode = socket.owner_key = 11;
    socket.recv_q = 3;
    unix_facts(socket).has_queues = true;
    unix_facts(socket).peer = 12;
    unix_facts(socket).peer_path = "/run/a\nb";
    HostTables tables;
    EXPECT_TRUE(has(object(socket, linux_host(), tables), R"("peer":{"inode":12,"path":"/run/a\u000ab"})"));
    EXPECT_TRUE(has(object(socket, linux_host(), tables), R"("recv_q":3,"send_q":0)"));
    tables.owners.add(12, {77, 5});
    EXPECT_TRUE(
        has(object(socket, linux_host(), tables), R"("path":"/run/a\u000ab","owners":[{"pid":77,"fd":5}]})"));
    socket.unix_ = {};
    EXPECT_FALSE(has(object(socket), "\"peer\"")) << "connected to none, or not told";
    EXPECT_FALSE(has(object(socket), "recv_q")) << "/proc/net/unix alone has none";
}

TEST(JsonSocket, ABsdPeerIsAControlBlock) {
    SocketRecord socket;
    socket.protocol = Protocol::Unix;
    unix_facts(socket).peer = 0xfffff80003d10000;
    HostFacts host = linux_host();
    host.system = &freebsd_system;
    EXPECT_TRUE(has(object(socket, host), R"("peer":{"pcb":"0xfffff80003d10000"})"));
}

TEST(JsonSocket, TcpFactsAreThoseThatAreKnown) {
    SocketRecord socket = listener("127.0.0.1", 80);
    EXPECT_FALSE(has(object(socket), "\"tcp\":"));
    TcpFacts& facts = socket.own.make<TcpFacts>();
    std::string_view("cubic").copy(facts.congestion.data(), 5);
    EXPECT_TRUE(has(object(socket), R"("tcp":{"congestion":"cubic"})"));
    facts.rtt_us = 30;
    facts.cwnd = 10;
    facts.bytes_received = 0;
    EXPECT_TRUE(
        has(object(socket), R"("tcp":{"congestion":"cubic","rtt_us":30,"cwnd":10,"bytes_received":0})"))
        << "a zero that the kernel told is one";
}

TEST(JsonSocket, WhatMeansTheSameHasOneNameOnEverySystem) {
    SocketRecord socket = listener("127.0.0.1", 80);
    HostFacts host = linux_host();
    host.system = &freebsd_system;
    freebsd_facts(socket).congestion = "newreno";
    freebsd_facts(socket).segment = 1448;
    freebsd_facts(socket).send_window = 14480;
    EXPECT_TRUE(
        has(object(socket, host), R"("tcp":{"congestion":"newreno","snd_mss":1448,"cwnd_bytes":14480})"));
    socket.own.clear();
    darwin_facts(socket).has_packet_counts = true;
    darwin_facts(socket).tx_bytes = 5;
    host.system = &darwin_system;
    EXPECT_TRUE(has(object(socket, host), R"("tcp":{"bytes_sent":5,"bytes_received":0})"));
}

TEST(JsonDocument, HoldsTheHostItsSocketsAndTheProblems) {
    HostFacts host = linux_host();
    host.system = &freebsd_system;
    host.release = "14.3-RELEASE";
    Text out;
    put_json_head(out, host);
    put_json_tail(out, std::vector<std::string>{"kern.file: cut at offset 12"});
    EXPECT_EQ(text_of(out), R"({"version":1,"os":"freebsd","release":"14.3-RELEASE","sockets":[)"
                            "\n],\"problems\":[\n\"kern.file: cut at offset 12\"\n]}\n");
}

// ---- Real parsers

/// A document whose every name is random bytes.
std::string nasty_document(unsigned count) {
    std::mt19937 random(46);
    const auto name = [&] {
        std::string bytes(random() % 24, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        return bytes;
    };
    HostFacts host = linux_host();
    host.hostname = "\"host\"\n\xff";
    Names names = no_names();
    std::string user, service;
    names.user = [&](std::uint32_t) { return std::string_view(user); };
    names.service = [&](std::uint16_t, std::string_view) { return std::string_view(service); };
    Text out;
    put_json_head(out, host);
    for (unsigned i = 0; i < count; ++i) {
        user = name();
        service = name();
        const std::string path = name(), peer = name();
        SocketRecord socket = listener("::1", static_cast<std::uint16_t>(random()));
        socket.protocol = i % 2 == 0 ? Protocol::Unix : Protocol::Tcp;
        socket.uid = i;
        socket.owner_key = i + 1;
        unix_facts(socket).path = path;
        unix_facts(socket).peer_path = peer;
        HostTables tables;
        tables.owners.add(i + 1, {1, 2});
        tables.processes[1] = {name(), name(), 0, name()};
        put(out, i == 0 ? "\n" : ",\n");
        JsonSockets(host, names).put(out, Row{socket, std::nullopt, tables});
    }
    put_json_tail(out, std::vector<std::string>{name(), name()});
    return text_of(out);
}

/// Another program that reads JSON: how to see that it is there, and what ends with 0 if it accepts the file
/// named behind.
struct JsonParser {
    std::string name, there, accepts;
};

class JsonParsers : public testing::TestWithParam<JsonParser> {};

TEST_P(JsonParsers, AcceptAnyName) {
    const JsonParser& parser = GetParam();
    if (std::system((parser.there + " >/dev/null 2>&1").c_str()) != 0)
        GTEST_SKIP() << parser.name << " is not installed";
    const std::string file = testing::TempDir() + "/netstat46-nasty.json";
    std::ofstream(file, std::ios::binary) << nasty_document(5000);
    EXPECT_EQ(std::system((parser.accepts + file).c_str()), 0);
    std::remove(file.c_str());
}

INSTANTIATE_TEST_SUITE_P(
    Real, JsonParsers,
    testing::Values(
        JsonParser{"jq", "command -v jq",
                   "jq -e '(.sockets | length) == 5000 and (.problems | length) == 2' >/dev/null "},
        JsonParser{"python3's json", "python3 -c 'import json'", // python3-minimal comes without
                   "python3 -c 'import json,sys; d = json.load(open(sys.argv[1], encoding=\"utf-8\")); "
                   "sys.exit(len(d[\"sockets\"]) != 5000 or len(d[\"problems\"]) != 2)' "}),
    [](const auto& info) { return std::string(info.param.name, 0, info.param.name.find('3')); });

} // namespace
} // namespace netstat46
