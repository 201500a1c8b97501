#include "options.hpp"

#include <gtest/gtest.h>

#include "record/address.hpp"

namespace netstat46 {
namespace {

/// A host with the services http and ntp, the user someone, and the interface eth0.
Names names() {
    Names names;
    names.ports = [](std::string_view service) {
        return service == "http"  ? std::vector<std::uint16_t>{80}
               : service == "ntp" ? std::vector<std::uint16_t>{123, 1123}
                                  : std::vector<std::uint16_t>{};
    };
    names.uid = [](std::string_view user) -> std::optional<std::uint32_t> {
        if (user == "someone") return 1000;
        return std::nullopt;
    };
    names.interface = [](std::uint32_t index) { return index == 2 ? std::string_view("eth0") : ""; };
    names.interface_index = [](std::string_view name) -> std::optional<std::uint32_t> {
        if (name == "eth0") return 2;
        return std::nullopt;
    };
    return names;
}

/// `--port=80 --state=listen` as a selection; what is wrong with an option goes to `wrong`.
Selection selection(std::initializer_list<std::pair<std::string_view, std::string_view>> given,
                    std::string* wrong = nullptr) {
    Selection selection;
    for (const auto& [name, value] : given)
        for (const OwnOption& option : own_options())
            if (option.name == name && option.select != nullptr)
                if (const auto mistake = option.select(selection, value, names());
                    mistake && wrong != nullptr)
                    *wrong = *mistake;
    return selection;
}

std::string mistake(std::string_view name, std::string_view value) {
    std::string wrong;
    selection({{name, value}}, &wrong);
    return wrong;
}

SocketRecord socket(std::string_view local, std::uint16_t local_port, std::string_view foreign,
                    std::uint16_t foreign_port, State state = State::Established) {
    SocketRecord record;
    record.local = {*parse_address(local), local_port};
    record.foreign = {*parse_address(foreign), foreign_port};
    record.family = record.local.address.family;
    record.state = state;
    return record;
}

bool selects(std::initializer_list<std::pair<std::string_view, std::string_view>> given,
             const SocketRecord& record, const HostTables& tables = {}) {
    const Names host = names();
    return selector(selection(given), tables, host)(record);
}

TEST(Select, PortsAreNumbersRangesAndServices) {
    const auto ports = parse_ports("8888,8000-8100,http,ntp", names());
    EXPECT_EQ(std::get<0>(ports),
              (std::vector<PortRange>{{8888, 8888}, {8000, 8100}, {80, 80}, {123, 123}, {1123, 1123}}));
}

TEST(Select, BadValuesAreNamed) {
    for (const char* bad : {"", "65536", "-1", "8100-8000", "1-", "-", "nosuch", "99999999999999999999"})
        EXPECT_EQ(mistake("--port", bad), std::string("`") + bad + "' is not a port, range or service");
    EXPECT_EQ(mistake("--local-port", "80,,81"), "`' is not a port, range or service");
    for (const char* bad :
         {"", "1.2.3", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4/-1", "fe80::1%", "1.2.3.4%2"})
        EXPECT_EQ(mistake("--address", bad), std::string("`") + bad + "' is not an address, prefix or host");
    for (const char* bad : {"", "x", "-1", "1.5", "99999999999"})
        EXPECT_EQ(mistake("--pid", bad), std::string("`") + bad + "' is not a process id");
    EXPECT_EQ(mistake("--user", "nobody-here"), "`nobody-here' is not a user of this host");
    EXPECT_EQ(mistake("--state", "listen,foo"), "`foo' is not a state (as listen, established, time_wait)");
    EXPECT_EQ(mistake("--v6only", "maybe"), "`maybe' is neither yes nor no");
    EXPECT_EQ(mistake("--command", ""), "`' is not a name");
}

TEST(Select, APortOfEitherSide) {
    const SocketRecord connection = socket("10.0.0.1", 40000, "10.0.0.2", 80);
    EXPECT_TRUE(selects({{"--port", "80"}}, connection));
    EXPECT_TRUE(selects({{"--port", "39999-40000"}}, connection));
    EXPECT_FALSE(selects({{"--port", "8,800,4000"}}, connection)) << "digits of a port are not the port";
    EXPECT_FALSE(selects({{"--local-port", "80"}}, connection));
    EXPECT_TRUE(selects({{"--foreign-port", "http"}}, connection));
    EXPECT_TRUE(selects({{"--local-port", "40000"}, {"--foreign-port", "80"}}, connection));
    EXPECT_FALSE(selects({{"--port", "80"}, {"--local-port", "22"}}, connection)) << "all must hold";
}

TEST(Select, RawAndUnixSocketsHaveNoPorts) {
    SocketRecord raw = socket("0.0.0.0", 1, "0.0.0.0", 0);
    raw.protocol = Protocol::Raw;
    EXPECT_FALSE(selects({{"--port", "1"}}, raw));
    SocketRecord local;
    local.protocol = Protocol::Unix;
    local.family = Family::Local;
    EXPECT_FALSE(selects({{"--port", "0"}}, local));
    EXPECT_FALSE(selects({{"--address", "0.0.0.0/0"}}, local));
}

TEST(Select, AnAddressOfEitherSide) {
    const SocketRecord connection = socket("10.1.2.3", 40000, "192.0.2.1", 80);
    EXPECT_TRUE(selects({{"--address", "10.1.2.3"}}, connection));
    EXPECT_TRUE(selects({{"--address", "192.0.2.0/31"}}, connection));
    EXPECT_FALSE(selects({{"--address", "192.0.2.2/31"}}, connection));
    EXPECT_TRUE(selects({{"--address", "0.0.0.0/0"}}, connection));
    EXPECT_FALSE(selects({{"--address", "::/0"}}, connection));
    EXPECT_TRUE(selects({{"--address", "10.0.0.0/9"}}, connection));
    EXPECT_FALSE(selects({{"--address", "10.128.0.0/9"}}, connection));
    EXPECT_TRUE(selects({{"--address", "::1"}, {"--address", "10.1.2.3"}}, connection)) << "one of several";
}

TEST(Select, AnIpv4AddressIsFoundInsideAMappedOne) {
    const SocketRecord mapped = socket("::ffff:10.1.2.3", 8080, "::ffff:192.0.2.1", 40000);
    EXPECT_TRUE(selects({{"--address", "10.0.0.0/8"}}, mapped));
    EXPECT_TRUE(selects({{"--address", "::ffff:10.0.0.0/104"}}, mapped));
    EXPECT_TRUE(selects({{"--address", "::ffff:10.1.2.3"}}, socket("10.1.2.3", 1, "10.0.0.1", 2)));
    EXPECT_FALSE(selects({{"--address", "::"}}, mapped));
}

TEST(Select, AScopeIsAnIndexOrAName) {
    SocketRecord record = socket("fe80::1", 546, "::", 0);
    record.local.address.scope = 2;
    EXPECT_TRUE(selects({{"--address", "fe80::1"}}, record));
    EXPECT_TRUE(selects({{"--address", "fe80::1%2"}}, record));
    EXPECT_TRUE(selects({{"--address", "fe80::1%eth0"}}, record));
    EXPECT_FALSE(selects({{"--address", "fe80::1%3"}}, record));
    record.local.address.scope = 0;
    record.device = 2;
    EXPECT_TRUE(selects({{"--address", "fe80::/10%eth0"}}, record) ||
                selects({{"--address", "fe80::%eth0/10"}}, record));
}

TEST(Select, AScopeThatIsNoInterfaceIsNamed) {
    EXPECT_EQ(mistake("--address", "fe80::1%eth1"), "`eth1' is not an interface of this host");
    EXPECT_EQ(mistake("--address", "fe80::%eth1/10"), "`eth1' is not an interface of this host");
    EXPECT_EQ(mistake("--address", "fe80::1%3"), "");
}

TEST(Select, AnyHolderCounts) {
    SocketRecord record = socket("0.0.0.0", 80, "0.0.0.0", 0, State::Listen);
    record.owner_key = 7;
    HostTables tables;
    tables.owners.add(7, {100, 3});
    tables.owners.add(7, {200, 4});
    tables.processes[100] = {"nginx: master", "nginx", 0, {}};
    tables.processes[200] = {"worker", "nginx", 33, {}};
    EXPECT_TRUE(selects({{"--pid", "200"}}, record, tables));
    EXPECT_TRUE(selects({{"--pid", "1,100"}}, record, tables));
    EXPECT_FALSE(selects({{"--pid", "20"}}, record, tables));
    EXPECT_TRUE(selects({{"--command", "worker"}}, record, tables)) << "as listed";
    EXPECT_TRUE(selects({{"--command", "nginx"}}, record, tables)) << "as the kernel calls it";
    EXPECT_FALSE(selects({{"--command", "ngin"}}, record, tables)) << "whole names only";
    EXPECT_FALSE(selects({{"--pid", "100"}}, socket("0.0.0.0", 80, "0.0.0.0", 0), tables));
}

TEST(Select, TheUserIsTheSocketsOrElseAHolders) {
    SocketRecord record = socket("0.0.0.0", 80, "0.0.0.0", 0);
    record.uid = 1000;
    EXPECT_TRUE(selects({{"--user", "someone"}}, record));
    EXPECT_TRUE(selects({{"--user", "1000"}}, record));
    EXPECT_FALSE(selects({{"--user", "0"}}, record));
    record.uid.reset();
    record.owner_key = 7;
    HostTables tables;
    tables.owners.add(7, {100, 3});
    tables.processes[100] = {"a", "a", 1000, {}};
    EXPECT_TRUE(selects({{"--user", "someone"}}, record, tables));
    EXPECT_FALSE(selects({{"--user", "0"}}, record, tables)) << "not told is not root";
}

TEST(Select, StatesInAnySystemsSpelling) {
    const SocketRecord half = socket("::1", 80, "::1", 4000, State::SynReceived);
    for (const char* spelling : {"SYN_RECV", "SYN_RCVD", "syn-recv", "syn_received", "LISTEN,SYN_RCVD"})
        EXPECT_TRUE(selects({{"--state", spelling}}, half)) << spelling;
    EXPECT_TRUE(selects({{"--state", "FIN_WAIT_1"}}, socket("::1", 1, "::1", 2, State::FinWait1)));
    EXPECT_TRUE(selects({{"--state", "FIN_WAIT1"}}, socket("::1", 1, "::1", 2, State::FinWait1)));
    EXPECT_TRUE(selects({{"--state", "CLOSE"}}, socket("::1", 1, "::", 0, State::Closed)));
    EXPECT_FALSE(selects({{"--state", "CLOSE"}}, socket("::1", 1, "::1", 2, State::CloseWait)));
    EXPECT_FALSE(selects({{"--state", "listen"}}, half));
}

TEST(Select, DatagramAndUnixSocketsHaveStatesToo) {
    SocketRecord udp = socket("127.0.0.1", 53, "0.0.0.0", 0, State::Closed);
    udp.protocol = Protocol::Udp;
    EXPECT_EQ(state_word(udp), "unconnected");
    udp.foreign = {*parse_address("127.0.0.1"), 5353};
    EXPECT_EQ(state_word(udp), "established");
    SocketRecord local;
    local.protocol = Protocol::Unix;
    unix_facts(local).state = 1;
    EXPECT_EQ(state_word(local), "unconnected");
    unix_facts(local).flags = 1U << 16;
    EXPECT_TRUE(selects({{"--state", "LISTENING"}}, local));
    unix_facts(local).state = 3;
    EXPECT_TRUE(selects({{"--state", "CONNECTED"}}, local));
    local = {};
    local.protocol = Protocol::Unix; // as BSD reports it
    unix_facts(local).peer = 0xfffff8000;
    EXPECT_EQ(state_word(local), "established");
    local.accepts = true;
    EXPECT_EQ(state_word(local), "listen");
}

TEST(Select, V6OnlyAsTheKernelHoldsIt) {
    SocketRecord record = socket("::", 80, "::", 0, State::Listen);
    record.v6only = V6Only::Yes;
    EXPECT_TRUE(selects({{"--v6only", "yes"}}, record));
    EXPECT_FALSE(selects({{"--v6only", "no"}}, record));
    record.v6only = V6Only::Unknown;
    EXPECT_FALSE(selects({{"--v6only", "yes"}}, record));
    EXPECT_FALSE(selects({{"--v6only", "no"}}, record));
}

TEST(Select, TheKernelIsGivenPortsAddressesAndStates) {
    const Selection wanted = selection(
        {{"--port", "80"}, {"--foreign-port", "1-9"}, {"--address", "::1"}, {"--state", "LISTEN,bound"}});
    const KernelFilter filter = kernel_filter(wanted);
    EXPECT_EQ(filter.ports.size(), 1U);
    EXPECT_EQ(filter.foreign_ports.size(), 1U);
    EXPECT_EQ(filter.addresses.size(), 1U);
    EXPECT_EQ(selected_states(wanted), state_bit(State::Listen) | state_bit(State::Bound));
    EXPECT_TRUE(kernel_filter(selection({{"--pid", "1"}})).empty());
    EXPECT_EQ(selected_states({}), 0U) << "all";
}

TEST(Select, NothingAskedForSelectsEverything) {
    EXPECT_TRUE(Selection{}.empty());
    EXPECT_TRUE(selects({}, SocketRecord{}));
    for (const auto& [name, value] :
         {std::pair("--pid", "1"), std::pair("--command", "a"), std::pair("--user", "0")}) {
        EXPECT_FALSE(selection({{name, value}}).empty());
        EXPECT_TRUE(selection({{name, value}}).needs_owners());
    }
    EXPECT_FALSE(selection({{"--v6only", "no"}}).needs_owners());
}

} // namespace
} // namespace netstat46
