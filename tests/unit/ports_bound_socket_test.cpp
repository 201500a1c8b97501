#include "ports/bound_socket.hpp"

#include <gtest/gtest.h>

#include "capture/decoders.hpp"
#include "darwin/facts.hpp"
#include "darwin/row.hpp"
#include "linux/row.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

SocketRecord record(Family family, std::string_view local, std::string_view foreign = {}) {
    SocketRecord socket;
    socket.family = family;
    socket.state = foreign.empty() ? State::Listen : State::Established;
    socket.local = {*parse_address(local), 8888};
    socket.foreign.address.family = socket.local.address.family;
    if (!foreign.empty()) socket.foreign = {*parse_address(foreign), 1};
    return socket;
}

TEST(BoundSocket, OnLinuxServesWhatAddressAndV6OnlySay) {
    SocketRecord dual = record(Family::Inet6, "::");
    dual.v6only = V6Only::No;
    EXPECT_EQ(bound_socket(dual, linux_system, 0).ipv4, Tristate::Yes);
    EXPECT_EQ(bound_socket(dual, linux_system, 0).ipv6, Tristate::Yes);
    dual.v6only = V6Only::Yes;
    EXPECT_EQ(bound_socket(dual, linux_system, 0).ipv4, Tristate::No);
    dual.v6only = V6Only::Unknown;
    EXPECT_EQ(bound_socket(dual, linux_system, 0).ipv4, Tristate::Unknown);
    EXPECT_EQ(bound_socket(record(Family::Inet6, "::1"), linux_system, 0).ipv4, Tristate::No);
}

TEST(BoundSocket, AMappedAddressIsAnIpv4One) {
    const BoundSocket mapped = bound_socket(record(Family::Inet6, "::ffff:127.0.0.1"), linux_system, 3);
    EXPECT_EQ(mapped.address, *parse_address("127.0.0.1"));
    EXPECT_EQ(mapped.family, Family::Inet6);
    EXPECT_EQ(mapped.ipv4, Tristate::Yes);
    EXPECT_EQ(mapped.ipv6, Tristate::No);
    EXPECT_EQ(mapped.row, 3U);
    EXPECT_TRUE(bound_socket(record(Family::Inet6, "::ffff:0.0.0.0"), linux_system, 0).wildcard);
}

TEST(BoundSocket, AConnectionsV6OnlyIsNotReportedByLinux) {
    const BoundSocket connected = bound_socket(record(Family::Inet6, "::1", "::1"), linux_system, 0);
    EXPECT_TRUE(connected.connected);
    EXPECT_EQ(connected.v6only, Tristate::Unknown);
    EXPECT_EQ(connected.ipv4, Tristate::No);
}

TEST(BoundSocket, ATimeWaitSocketIsOneWhateverStateItShows) {
    SocketRecord fin_wait = record(Family::Inet, "127.0.0.1", "127.0.0.1");
    fin_wait.state = State::FinWait2;
    EXPECT_FALSE(bound_socket(fin_wait, linux_system, 0).time_wait);
    fin_wait.timer = Timer{3, 1000, 0, 0};
    EXPECT_TRUE(bound_socket(fin_wait, linux_system, 0).time_wait);
}

TEST(BoundSocket, OnBsdTheRecordReportsServesAndOptions) {
    SocketRecord socket = record(Family::Inet6, "::");
    socket.serves = {true, true};
    darwin_facts(socket).options = 0x0206; // SO_ACCEPTCONN, SO_REUSEADDR, SO_REUSEPORT
    const BoundSocket both = bound_socket(socket, darwin_system, 0);
    EXPECT_EQ(both.ipv4, Tristate::Yes);
    EXPECT_EQ(both.reuseaddr, Tristate::Yes);
    EXPECT_EQ(both.reuseport, Tristate::Yes);
    darwin_facts(socket).options = 0x0002;
    EXPECT_EQ(bound_socket(socket, darwin_system, 0).reuseaddr, Tristate::No);
    EXPECT_EQ(bound_socket(record(Family::Inet, "0.0.0.0"), linux_system, 0).reuseaddr, Tristate::Unknown);
}

TEST(BoundSocket, AScopeCountsOnlyWhereBothHaveOne) {
    EXPECT_TRUE(same_address(*parse_address("fe80::1%2"), *parse_address("fe80::1")));
    EXPECT_FALSE(same_address(*parse_address("fe80::1%2"), *parse_address("fe80::1%3")));
    EXPECT_FALSE(same_address(*parse_address("::"), *parse_address("0.0.0.0")));
}

TEST(Tristate, UnknownIsBetweenNoAndYes) {
    EXPECT_EQ(Tristate::Unknown && Tristate::No, Tristate::No);
    EXPECT_EQ(Tristate::Unknown && Tristate::Yes, Tristate::Unknown);
    EXPECT_EQ(Tristate::Unknown || Tristate::Yes, Tristate::Yes);
    EXPECT_EQ(!Tristate::Unknown, Tristate::Unknown);
    EXPECT_EQ(!Tristate::No, Tristate::Yes);
}

// ---- What captures keep besides the sockets

KeptPortFacts read(std::string_view interface, std::string_view text, int problems = 0) {
    HostTables tables;
    const HostFacts host;
    TableStatus notes;
    int said = 0;
    const DecoderEntry* entry = find_decoder(linux_system, interface);
    if (entry == nullptr || entry->tables == nullptr) {
        ADD_FAILURE() << "no decoder of " << interface;
        return {};
    }
    entry->tables({interface, &host, [&](const Problem&) { ++said; }, &notes})(
        Bytes(std::as_bytes(std::span(text.data(), text.size()))), tables);
    EXPECT_EQ(said, problems);
    return tables.ports;
}

TEST(KeptPortFacts, AreOneLineEach) {
    const KeptPortFacts options = read("socket_options.tsv", "17\t1\t0\t-\n18\t-\t1\t0\n");
    EXPECT_EQ(options.options.at(17).reuseaddr, true);
    EXPECT_EQ(options.options.at(17).reuseport, false);
    EXPECT_EQ(options.options.at(17).v6only, std::nullopt);
    EXPECT_EQ(options.options.at(18).v6only, false);
    EXPECT_EQ(options.options.at(17).incoming_cpu, std::nullopt) << "an older capture";
    const SocketOptions all = read("socket_options.tsv", "17\t1\t0\t-\t-1\t1\t0\n").options.at(17);
    EXPECT_EQ(all.incoming_cpu, -1);
    EXPECT_EQ(all.multicast_all, true);
    EXPECT_EQ(all.multicast_all6, false);
    EXPECT_EQ(read("addresses.tsv", "127.0.0.1\n::1\n").addresses.size(), 2U);
    const auto own = read("addresses.tsv", "10.1.0.1\t3\t24\t10.1.0.255\nfe80::1\t3\t64\t-\n").addresses;
    EXPECT_EQ(own.front(), (HostAddress{*parse_address("10.1.0.1"), 3, 24, parse_address("10.1.0.255")}));
    EXPECT_EQ(own.back().address, parse_address("fe80::1%3"));
    EXPECT_EQ(read("addresses.tsv", "").groups, std::nullopt);
    EXPECT_EQ(read("groups.tsv", "").groups, std::vector<JoinedGroup>{});
    EXPECT_EQ(read("groups.tsv", "224.0.0.1\t3\t0\n").groups->front(),
              (JoinedGroup{*parse_address("224.0.0.1"), 3, false}));
    EXPECT_EQ(read("net.ipv4.ip_unprivileged_port_start", "80\n").first_unprivileged, 80);
    EXPECT_EQ(read("nat_rules", "# ipv4\n*nat\n").nat_rules, "# ipv4\n*nat\n");
}

TEST(KeptPortFacts, SayWhichLinesAreNone) {
    EXPECT_TRUE(read("socket_options.tsv", "x\t1\n", 1).options.empty());
    EXPECT_TRUE(read("addresses.tsv", "nowhere\n", 1).addresses.empty());
    EXPECT_TRUE(read("groups.tsv", "224.0.0.1\n", 1).groups->empty());
    EXPECT_EQ(read("net.ipv4.ip_unprivileged_port_start", "70000\n", 1).first_unprivileged, std::nullopt);
}

} // namespace
} // namespace netstat46
