#include "darwin/dialect.hpp"

#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "darwin/facts.hpp"
#include "darwin/row.hpp"
#include "linux/row.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

HostFacts mac(const char* release) {
    HostFacts host;
    host.system = &darwin_system;
    host.release = release;
    return host;
}

const HostFacts ventura = mac("22.6.0"), monterey = mac("21.6.0");

Parsed parse(std::vector<std::string> arguments, const HostFacts& host = ventura, bool classic = true) {
    return darwin_dialect.parse(arguments, {classic, &host});
}

TableStatus absent() {
    TableStatus notes;
    notes.present = false;
    return notes;
}

/// The rows of these sockets under these options, headings included, as the pipeline would print them.
class DarwinLookTest : public testing::Test {
protected:
    std::string listed(std::vector<std::string> arguments, const std::vector<SocketRecord>& sockets) const {
        const Parsed parsed = parse(std::move(arguments), host_, classic_);
        const ParsedOptions& chosen = std::get<ParsedOptions>(parsed);
        Names names;
        if (!chosen.numeric.ports)
            names.service = [](std::uint16_t port, std::string_view) {
                return port == 8080 ? std::string_view("http-alternative-name") : std::string_view();
            };
        if (!chosen.numeric.hosts)
            names.host = [](const Address&) { return std::string_view("a-very-long-host.example.net"); };
        names.interface = [](std::uint32_t index) {
            return index == 3 ? std::string_view("en0") : std::string_view();
        };
        const Plan plan = chosen.plan({classic_, &names, &host_, false});
        Text out;
        for (const Listing& listing : plan.listings) {
            bool headed = false;
            for (const Section& section : listing.sections) {
                for (const SocketRecord& socket : sockets)
                    if (socket.protocol == section.table.protocol && section.selects(socket)) {
                        if (!headed) put(out, listing.heading);
                        headed = true;
                        put_row(out, section.columns, {socket, std::nullopt, tables_});
                        out.push_back('\n');
                    }
                if (section.finish) section.finish(out, notes_);
            }
        }
        return fmt::to_string(out);
    }

    /// The rows alone.
    std::string rows(std::vector<std::string> arguments, const std::vector<SocketRecord>& sockets) const {
        const std::string all = listed(std::move(arguments), sockets);
        std::size_t start = 0;
        for (int line = 0; line < 2; ++line) start = all.find('\n', start) + 1;
        return all.substr(start);
    }

    HostFacts host_ = ventura;
    bool classic_ = true;
    HostTables tables_;
    TableStatus notes_ = absent();
};

SocketRecord tcp(const char* local, std::uint16_t local_port, const char* foreign, std::uint16_t foreign_port,
                 State state) {
    SocketRecord socket;
    socket.state = state;
    socket.local = {*parse_address(local), local_port};
    socket.foreign = {*parse_address(foreign), foreign_port};
    socket.family = socket.local.address.family;
    socket.serves = {socket.family == Family::Inet, socket.family == Family::Inet6};
    darwin_facts(socket).socket_protocol = 6;
    return socket;
}

SocketRecord dual_stack_listener(std::uint16_t port) {
    SocketRecord socket = tcp("::", port, "::", 0, State::Listen);
    socket.serves = {true, true};
    return socket;
}

TEST_F(DarwinLookTest, NamesTheFamiliesThatASocketServes) {
    const std::vector<SocketRecord> sockets{dual_stack_listener(8888),
                                            tcp("0.0.0.0", 80, "0.0.0.0", 0, State::Listen),
                                            tcp("::1", 81, "::", 0, State::Listen)};
    EXPECT_EQ(rows({"-an"}, sockets),
              "tcp46      0      0  *.8888                 *.*                    LISTEN     \n"
              "tcp4       0      0  *.80                   *.*                    LISTEN     \n"
              "tcp6       0      0  ::1.81                 *.*                    LISTEN     \n");
}

TEST_F(DarwinLookTest, WithoutAllOnlyConnectionsAreShown) {
    const std::vector<SocketRecord> sockets{dual_stack_listener(8888),
                                            tcp("127.0.0.1", 1, "127.0.0.1", 2, State::Closed),
                                            tcp("127.0.0.1", 1, "127.0.0.1", 2, State::SynSent)};
    EXPECT_EQ(rows({"-n"}, sockets),
              "tcp4       0      0  127.0.0.1.1            127.0.0.1.2            SYN_SENT   \n");
}

TEST_F(DarwinLookTest, AFamilyShowsWhatServesIt) {
    const std::vector<SocketRecord> sockets{dual_stack_listener(1),
                                            tcp("0.0.0.0", 2, "0.0.0.0", 0, State::Listen)};
    EXPECT_NE(rows({"-an", "-f", "inet"}, sockets).find("tcp46"), std::string::npos);
    EXPECT_EQ(rows({"-an", "-f", "inet6"}, sockets).find("tcp4 "), std::string::npos);
}

TEST_F(DarwinLookTest, CutsHostsToSixteenAndServicesToFifteen) {
    const SocketRecord socket = tcp("10.0.0.1", 8080, "10.0.0.2", 8080, State::Established);
    EXPECT_EQ(rows({"-l"}, {socket}), "tcp4       0      0  a-very-long-host.http-alternativ              "
                                      "a-very-long-host.http-alternativ              "
                                      "ESTABLISHED\n");
    EXPECT_EQ(rows({}, {socket}),
              "tcp4       0      0  a-very-long-host.http- a-very-long-host.http- ESTABLISHED\n");
    EXPECT_EQ(
        rows({"-A"}, {socket}),
        "               0        0 tcp4       0      0  a-very-long-.http- a-very-long-.http- ESTABLISHED\n");
    EXPECT_EQ(rows({"-W"}, {socket}), "tcp4       0      0  a-very-long-host.example.net.http-alternativ  "
                                      "a-very-long-host.example.net.http-alternativ  ESTABLISHED\n");
}

TEST_F(DarwinLookTest, TheOtherEndsPortStaysANumberUnlessOursWasChosen) {
    SocketRecord socket = tcp("10.0.0.1", 50000, "10.0.0.2", 8080, State::Established);
    EXPECT_NE(rows({}, {socket}).find(".8080 "), std::string::npos);
    darwin_facts(socket).pcb_flags = 0x40; // INP_ANONPORT
    EXPECT_NE(rows({}, {socket}).find(".http-"), std::string::npos);
}

TEST_F(DarwinLookTest, ScopesAreInterfaces) {
    SocketRecord socket = tcp("fe80::1%3", 1, "fe80::2%9", 2, State::Established);
    EXPECT_EQ(rows({"-n"}, {socket}),
              "tcp6       0      0  fe80::1%en0.1          fe80::2%9.2            ESTABLISHED\n");
}

TEST_F(DarwinLookTest, HeadingsAreWideWhereRowsAreNarrow) {
    const std::vector<SocketRecord> one{dual_stack_listener(8888)};
    EXPECT_EQ(listed({"-anl"}, one).substr(0, 127),
              "Active Internet connections (including servers)\n"
              "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)    \n");
    classic_ = false;
    EXPECT_EQ(listed({"-an"}, one).substr(48), "Proto Recv-Q Send-Q  Local Address          Foreign Address  "
                                               "      (state)     process:pid            V6ONLY\n"
                                               "tcp46      0      0  *.8888                 *.*              "
                                               "      LISTEN      -                      -\n");
}

TEST_F(DarwinLookTest, TheOlderLookHasItsOwnVerboseColumns) {
    host_ = monterey;
    EXPECT_EQ(listed({"-anv"}, {dual_stack_listener(8888)}),
              "Active Internet connections (including servers)\n"
              "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)     rhiwat shiwat  "
              "  pid   epid  "
              "state    options\n"
              "tcp46      0      0  *.8888                 *.*                    LISTEN           0      0  "
              "    0      0 "
              "0x0000 0x00000000\n");
}

TEST_F(DarwinLookTest, StatesWithoutANameAreNumbers) {
    SocketRecord socket = tcp("127.0.0.1", 1, "127.0.0.1", 2, State::Unknown);
    socket.native_state = 11;
    EXPECT_NE(rows({"-n"}, {socket}).find(" 11         \n"), std::string::npos);
    socket.native_state = 0;
    EXPECT_NE(rows({"-n"}, {socket}).find(" -          \n"), std::string::npos) << "nobody told the state";
}

TEST_F(DarwinLookTest, ListenQueuesShowListenersAlone) {
    SocketRecord socket = dual_stack_listener(8080);
    socket.backlog = Backlog{4, 1, 5};
    EXPECT_EQ(listed({"-anL"}, {socket, dual_stack_listener(1)}),
              "Current listen queue sizes (qlen/incqlen/maxqlen)\n"
              "Listen         Local Address                          \n"
              "4/1/5          *.8080                 \n");
}

TEST_F(DarwinLookTest, RawSocketsAreListedByProtocolAnd255Twice) {
    SocketRecord socket = tcp("0.0.0.0", 0, "0.0.0.0", 0, State::Unknown);
    socket.protocol = Protocol::Raw;
    socket.ip_protocol = 255;
    EXPECT_EQ(rows({"-n"}, {socket}),
              "ip 4       0      0  *.*                    *.*                               \n"
              "ip64       0      0  *.*                    *.*                               \n");
    socket.ip_protocol = 89;
    EXPECT_EQ(listed({"-n"}, {socket}).find("ip"), std::string::npos);
}

TEST_F(DarwinLookTest, TheMultipathHeadingNeedsTheTableOnly) {
    EXPECT_EQ(listed({"-an"}, {}), "");
    notes_.present = true;
    EXPECT_EQ(listed({"-an"}, {}),
              "Active Multipath Internet connections\n"
              "Proto/ID  Flags      Local Address          Foreign Address        (state)    \n");
    EXPECT_EQ(listed({"-anA"}, {}), "");
}

TEST_F(DarwinLookTest, PathsAreCleaned) {
    SocketRecord socket;
    socket.protocol = Protocol::Unix;
    unix_facts(socket).type = 1;
    unix_facts(socket).path = "/tmp/\033[31m\n";
    EXPECT_EQ(rows({"-n"}, {socket}),
              "               0 stream      0      0                0                0                0"
              "                0 /tmp/.[31m.\n");
}

TEST_F(DarwinLookTest, OtherSystemsSocketsShowNothingThatTheyDoNotHave) {
    host_.system = &linux_system;
    SocketRecord socket = dual_stack_listener(8888);
    darwin_facts(socket).socket_protocol = 0;
    EXPECT_EQ(
        rows({"-anA"}, {socket}),
        "               0        0 tcp46      0      0  *.8888             *.*                LISTEN     \n");
    const std::string verbose = rows({"-anvv"}, {socket});
    EXPECT_NE(verbose.find(" 0/0 "), std::string::npos);
}

// ---- grammar ----

TEST(DarwinGrammarTest, AWrongOptionEndsWithTheUsage) {
    const Message said = std::get<Message>(parse({"-Z"}));
    EXPECT_EQ(said.status, 64);
    EXPECT_TRUE(said.error.starts_with(
        "netstat: illegal option -- Z\nUsage:\tnetstat [-AaLlnW] [-f address_family | -p "
        "protocol]\n"));
    EXPECT_EQ(std::get<Message>(parse({"-p"})).status, 64);
    EXPECT_EQ(std::get<Message>(parse({"-Z"}, monterey)).status, 1);
}

TEST(DarwinGrammarTest, UnknownProtocolsAndFamiliesListEverything) {
    EXPECT_EQ(std::get<ParsedOptions>(parse({"-an", "-p", "bogus"})).errors,
              "netstat: bogus: unknown or uninstrumented protocol: Success\n");
    EXPECT_EQ(std::get<ParsedOptions>(parse({"-an", "-f", "bogus"})).errors, "");
    EXPECT_TRUE(std::holds_alternative<ParsedOptions>(parse({"-an", "extra"})));
}

TEST(DarwinGrammarTest, OtherModesAreHandedOver) {
    EXPECT_EQ(std::get<NativeMode>(parse({"-rn"})).mode, "-r");
    EXPECT_EQ(std::get<NativeMode>(parse({"-I", "en0"})).mode, "-I");
    EXPECT_EQ(std::get<NativeMode>(parse({"-s", "-p", "tcp"})).mode, "-s");
    EXPECT_EQ(std::get<NativeMode>(parse({"-n", "5"})).mode, "-w");
    EXPECT_TRUE(std::holds_alternative<ParsedOptions>(parse({"-anR"}))) << "-R alone changes nothing";
}

TEST(DarwinGrammarTest, SaysWhichNamesStayNumbers) {
    EXPECT_TRUE(std::get<ParsedOptions>(parse({"-n"})).numeric.hosts);
    EXPECT_FALSE(std::get<ParsedOptions>(parse({"-a"})).numeric.ports);
}

TEST(DarwinGrammarTest, AProtocolAsksForItsTableAlone) {
    const Names names;
    const Plan plan =
        std::get<ParsedOptions>(parse({"-an", "-p", "udp"})).plan({true, &names, &ventura, false});
    ASSERT_EQ(plan.listings.size(), 1U);
    ASSERT_EQ(plan.listings[0].sections.size(), 1U);
    EXPECT_EQ(plan.listings[0].sections[0].table.protocol, Protocol::Udp);
}

} // namespace
} // namespace netstat46
