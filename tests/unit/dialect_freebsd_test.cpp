// FreeBSD's grammar, and rows that no capture shows: other systems' sockets, long names, odd states.
#include "freebsd/dialect.hpp"

#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "freebsd/facts.hpp"
#include "freebsd/row.hpp"
#include "linux/row.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

HostFacts freebsd(std::string release) {
    HostFacts host;
    host.system = &freebsd_system;
    host.release = std::move(release);
    host.hostname = "fbsd.example.org";
    return host;
}

Parsed parse(std::vector<std::string> arguments, const HostFacts& host = freebsd("14.5-RELEASE")) {
    return freebsd_dialect.parse(arguments, {true, &host});
}

Endpoint end(std::string_view address, std::uint16_t port) { return {parse_address(address).value(), port}; }

SocketRecord tcp(State state, Endpoint local, Endpoint foreign) {
    SocketRecord socket;
    socket.state = state;
    socket.local = local;
    socket.foreign = foreign;
    socket.family = local.address.family;
    socket.serves = {local.address.family == Family::Inet, local.address.family == Family::Inet6};
    freebsd_facts(socket).socket_protocol = 6;
    socket.native_state = 4;
    return socket;
}

/// Lists `sockets` of one table as the plan has it: heading, rows and what stands at the end.
struct Listed {
    HostFacts host = freebsd("14.5-RELEASE");
    bool classic = true;
    TableStatus notes;
    Names names;

    std::string operator()(std::vector<std::string> arguments, Protocol protocol,
                           const std::vector<SocketRecord>& sockets) const {
        const Parsed parsed = freebsd_dialect.parse(arguments, {classic, &host});
        const PlanContext context{classic, &names, &host, false};
        const Plan plan = std::get<ParsedOptions>(parsed).plan(context);
        Text out;
        const HostTables tables;
        for (const Listing& listing : plan.listings) {
            bool headed = false;
            const auto head = [&] {
                if (!headed) put(out, listing.late_heading ? listing.late_heading() : listing.heading);
                headed = true;
            };
            for (const Section& section : listing.sections) {
                if (section.table.protocol != protocol) continue;
                for (const SocketRecord& socket : sockets) {
                    if (section.announces && section.announces(socket)) head();
                    if (!section.selects(socket)) continue;
                    head();
                    put_row(out, section.columns, {socket, std::nullopt, tables});
                    out.push_back('\n');
                }
                if (section.finish) section.finish(out, notes);
            }
        }
        return fmt::to_string(out);
    }
};

std::string without_heading(const std::string& text) {
    const std::size_t first = text.find('\n');
    return text.substr(text.find('\n', first + 1) + 1);
}

TEST(FreeBsdGrammar, AnUnknownFamilyOrProtocolEndsAsTheReleaseDoes) {
    for (const auto& [release, status] :
         {std::pair{"13.5-RELEASE", 1}, {"14.2-RELEASE", 1}, {"14.5-RELEASE", 65}, {"15.0-RELEASE", 65}}) {
        const Message family = std::get<Message>(parse({"-f", "bad"}, freebsd(release)));
        EXPECT_EQ(family.error, "netstat: bad: unknown address family\n");
        EXPECT_EQ(family.status, status) << release;
        const Message protocol = std::get<Message>(parse({"-pbad"}, freebsd(release)));
        EXPECT_EQ(protocol.error, "netstat: bad: unknown or uninstrumented protocol\n");
        EXPECT_EQ(protocol.status, status) << release;
    }
}

TEST(FreeBsdGrammar, ProtocolsHaveTheAliasesOfEtcProtocols) {
    EXPECT_TRUE(std::holds_alternative<ParsedOptions>(parse({"-p", "TCP"})));
    EXPECT_TRUE(std::holds_alternative<ParsedOptions>(parse({"-p", "divert"})));
    EXPECT_EQ(std::get<Message>(parse({"-p", "arp"})).out, "arp: no PCB routine\n");
    EXPECT_TRUE(std::holds_alternative<ParsedOptions>(parse({"-p", "udplite"})));
    EXPECT_TRUE(std::holds_alternative<Message>(parse({"-p", "udplite"}, freebsd("14.2-RELEASE"))));
}

TEST(FreeBsdGrammar, MistakesSayWhatIsWrong) {
    EXPECT_EQ(std::get<Message>(parse({"-xT"})).error, "netstat: -x and -T are incompatible, pick one.\n");
    const Message unknown = std::get<Message>(parse({"-Z"}));
    EXPECT_TRUE(unknown.error.starts_with("netstat: illegal option -- Z\nusage: netstat [-46AaCc"));
    EXPECT_EQ(unknown.status, 1);
}

TEST(FreeBsdGrammar, MistakesBeginWithTheProgramsName) {
    const HostFacts host = freebsd("14.2-RELEASE");
    for (const auto& [classic, name] : {std::pair{true, "netstat: "}, {false, "netstat46: "}})
        for (const std::vector<std::string>& words :
             std::vector<std::vector<std::string>>{{"-Z"}, {"-p"}, {"-f", "bad"}, {"-pbad"}, {"-xT"}}) {
            const Message said = std::get<Message>(freebsd_dialect.parse(words, {classic, &host}));
            EXPECT_TRUE(said.error.starts_with(name)) << said.error;
        }
}

TEST(FreeBsdGrammar, OtherModesAreHandedOver) {
    EXPECT_EQ(std::get<NativeMode>(parse({"-rn"})).mode, "-r");
    EXPECT_EQ(std::get<NativeMode>(parse({"-I", "em0"})).mode, "-I");
    EXPECT_EQ(std::get<NativeMode>(parse({"5"})).mode, "5");
}

TEST(FreeBsdGrammar, WhatStaysANumber) {
    const ParsedOptions numeric = std::get<ParsedOptions>(parse({"-an"}));
    EXPECT_TRUE(numeric.numeric.hosts && numeric.numeric.ports && numeric.all);
    const ParsedOptions hosts = std::get<ParsedOptions>(parse({"-S"}));
    EXPECT_TRUE(hosts.numeric.hosts);
    EXPECT_FALSE(hosts.numeric.ports);
    EXPECT_EQ(std::get<ParsedOptions>(parse({"-aLc"})).look_options, (std::vector<std::string>{"-L", "-c"}));
}

TEST(FreeBsdRows, NoSocketNoHeading) { EXPECT_EQ(Listed{}({"-an"}, Protocol::Tcp, {}), ""); }

TEST(FreeBsdRows, WithoutAListenersAndUnspecifiedAddressesAreLeftOut) {
    const std::vector<SocketRecord> sockets{
        tcp(State::Listen, end("127.0.0.1", 80), end("0.0.0.0", 0)),
        tcp(State::Closed, end("0.0.0.0", 81), end("0.0.0.0", 0)),
        tcp(State::Established, end("127.0.0.1", 82), end("127.0.0.1", 83)),
    };
    EXPECT_EQ(Listed{}({"-n"}, Protocol::Tcp, sockets),
              "Active Internet connections\n"
              "Proto     Recv-Q Send-Q Local Address          Foreign Address        (state)    \n"
              "tcp4           0      0 127.0.0.1.82           127.0.0.1.83           ESTABLISHED\n");
}

TEST(FreeBsdRows, TheEarlierReleasesCutTheProtocolToThreeLetters) {
    Listed list;
    list.host = freebsd("14.3-RELEASE-p2");
    SocketRecord socket = tcp(State::Unknown, end("::1", 0), end("::", 0));
    socket.protocol = Protocol::Raw;
    freebsd_facts(socket).socket_protocol = 58;
    EXPECT_EQ(without_heading(list({"-an"}, Protocol::Raw, {socket})),
              "icm6       0      0 ::1.*                  *.*                    \n");
}

TEST(FreeBsdRows, AStateWithoutANameIsItsNumber) {
    SocketRecord socket = tcp(State::Unknown, end("127.0.0.1", 1), end("127.0.0.1", 2));
    socket.native_state = 42;
    EXPECT_EQ(without_heading(Listed{}({"-an"}, Protocol::Tcp, {socket})),
              "tcp4           0      0 127.0.0.1.1            127.0.0.1.2            42         \n");
}

TEST(FreeBsdRows, TheNamesOfStacksAndCongestionControlSetTheirColumnsWidth) {
    SocketRecord one = tcp(State::Established, end("127.0.0.1", 1), end("127.0.0.1", 2));
    freebsd_facts(one).stack = "rack";
    freebsd_facts(one).congestion = "cubic";
    freebsd_facts(one).ecn = 1;
    SocketRecord other = one;
    freebsd_facts(other).stack = "freebsd-long";
    EXPECT_EQ(Listed{}({"-ancC"}, Protocol::Tcp, {one, other}),
              "Active Internet connections (including servers)\n"
              "Proto     Recv-Q Send-Q Local Address          Foreign Address        (state)     Stack       "
              " CC          cwin   ssthresh   MSS ECN\n"
              "tcp4           0      0 127.0.0.1.1            127.0.0.1.2            ESTABLISHED rack        "
              " cubic          0          0     0 ecn\n"
              "tcp4           0      0 127.0.0.1.1            127.0.0.1.2            ESTABLISHED "
              "freebsd-long cubic          0          0     0 ecn\n");
}

TEST(FreeBsdRows, TheHostsOwnDomainIsLeftOutOfNames) {
    Listed list;
    list.names.host = [](const Address& address) -> std::string_view {
        return address.family == Family::Inet ? "a.b.EXAMPLE.org" : "a.b.example.org";
    };
    const std::string inet =
        list({"-a"}, Protocol::Tcp, {tcp(State::Closed, end("10.0.0.1", 0), end("0.0.0.0", 0))});
    EXPECT_NE(inet.find(" a.b.* "), std::string::npos) << inet;
    const std::string inet6 =
        list({"-a"}, Protocol::Tcp, {tcp(State::Closed, end("2001:db8::1", 0), end("::", 0))});
    EXPECT_NE(inet6.find(" a.b.example.org.* "), std::string::npos) << "IPv6: only behind the first dot\n"
                                                                    << inet6;
}

TEST(FreeBsdRows, PortsThatTheKernelChoseStayNumbers) {
    Listed list;
    list.names.service = [](std::uint16_t port, std::string_view) -> std::string_view {
        return port == 80 ? "http" : port == 50000 ? "chosen" : "";
    };
    SocketRecord client = tcp(State::Established, end("10.0.0.1", 50000), end("10.0.0.2", 80));
    freebsd_facts(client).pcb_flags = 0x40;
    SocketRecord server = tcp(State::Established, end("10.0.0.2", 80), end("10.0.0.1", 50000));
    EXPECT_EQ(without_heading(list({}, Protocol::Tcp, {client, server})),
              "tcp4           0      0 10.0.0.1.50000         10.0.0.2.http          ESTABLISHED\n"
              "tcp4           0      0 10.0.0.2.http          10.0.0.1.50000         ESTABLISHED\n");
}

TEST(FreeBsdRows, ControlCharactersNeverReachTheScreen) {
    Listed list;
    list.names.host = [](const Address&) -> std::string_view { return "evil\x1b[2J"; };
    SocketRecord path;
    path.protocol = Protocol::Unix;
    unix_facts(path).type = 1;
    unix_facts(path).path = "/tmp/\x07\nx";
    const std::string inet =
        list({}, Protocol::Tcp, {tcp(State::Established, end("10.0.0.1", 1), end("10.0.0.1", 2))});
    EXPECT_NE(inet.find("evil.[2J.1"), std::string::npos);
    EXPECT_NE(list({}, Protocol::Unix, {path}).find(" /tmp/..x\n"), std::string::npos);
}

TEST(FreeBsdRows, OtherSystemsSocketsFitIn) {
    Listed list;
    list.host.system = &linux_system;
    list.classic = false;
    SocketRecord socket = tcp(State::Bound, end("::ffff:10.0.0.1", 80), end("::", 0));
    freebsd_facts(socket).socket_protocol = 0;
    socket.serves = {true, false};
    socket.v6only = V6Only::Unknown;
    EXPECT_EQ(without_heading(list({"-an"}, Protocol::Tcp, {socket})),
              "tcp4           0      0 10.0.0.1.80            *.*                    CLOSED      -           "
              "           ?\n");
    SocketRecord unnamed;
    unnamed.protocol = Protocol::Unix;
    unix_facts(unnamed).type = 3;
    unix_facts(unnamed).path = std::string_view("x", 0);
    EXPECT_TRUE(list({"-an"}, Protocol::Unix, {unnamed}).ends_with("               0\n"))
        << "no blank for an empty path";
}

TEST(FreeBsdRemarks, WhatChangedWhileTheKernelAnswered) {
    Listed list;
    list.notes.generation_changed = true;
    list.notes.count_change = -1;
    EXPECT_EQ(list({"-p", "tcp"}, Protocol::Tcp, {}), "Some tcp sockets may have been deleted.\n");
    list.notes.count_change = 0;
    EXPECT_EQ(list({"-p", "icmp"}, Protocol::Raw, {}),
              "Some icmp sockets may have been created or deleted.\n");
}

TEST(FreeBsdRemarks, UnixOnesComeAfterTheirOwnType) {
    Listed list;
    list.notes.remarks = {"Some dgram sockets may have been created or deleted"};
    SocketRecord stream;
    stream.protocol = Protocol::Unix;
    unix_facts(stream).type = 1;
    SocketRecord seqpacket = stream;
    unix_facts(seqpacket).type = 5;
    const std::string text = list({"-f", "unix"}, Protocol::Unix, {seqpacket, stream});
    const std::size_t remark =
        text.find("Some dgram sockets may have been created or deleted               0 seqpac");
    EXPECT_NE(remark, std::string::npos) << "this one ends without a line end\n" << text;
    EXPECT_LT(text.find("stream"), remark);
}

} // namespace
} // namespace netstat46
