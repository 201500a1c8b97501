// OpenBSD's grammar, beyond what the captures try.
#include "openbsd/dialect.hpp"

#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "linux/row.hpp"
#include "openbsd/row.hpp"

namespace netstat46 {
namespace {

HostFacts openbsd() {
    HostFacts host;
    host.system = &openbsd_system;
    host.particulars = {{"rtable", "0"}, {"rtables", "0 1 12"}};
    return host;
}

Parsed parse(std::vector<std::string> arguments, const HostFacts& host = openbsd()) {
    return openbsd_dialect.parse(arguments, {true, &host});
}

/// What stands on standard error before the usage.
std::string refusal(std::vector<std::string> arguments) {
    const Parsed parsed = parse(std::move(arguments));
    const auto* message = std::get_if<Message>(&parsed);
    if (message == nullptr) return {};
    EXPECT_EQ(message->status, 1);
    EXPECT_EQ(message->out, "");
    return message->error.substr(0, message->error.find('\n'));
}

TEST(OpenBsdGrammar, NumbersAreStrtonums) {
    for (const auto& [value, wrong] :
         std::vector<std::pair<std::string, std::string>>{{"", "invalid"},
                                                          {"x", "invalid"},
                                                          {"1x", "invalid"},
                                                          {"0x1", "invalid"},
                                                          {"0", "too small"},
                                                          {"-1", "too small"},
                                                          {"-99999999999999999999", "too small"},
                                                          {"2147483648", "too large"},
                                                          {"99999999999999999999", "too large"}}) {
        EXPECT_EQ(refusal({"-c", value}), "netstat: count is " + wrong);
        EXPECT_EQ(refusal({"-w", value}), "netstat: interval is " + wrong);
    }
    EXPECT_EQ(refusal({"-c", " +7"}), "");
    EXPECT_EQ(refusal({"-T", "-1"}), "netstat: invalid table id: too small");
    EXPECT_EQ(refusal({"-T", "256"}), "netstat: invalid table id: too large");
    EXPECT_EQ(refusal({"extra"}), "netstat: interval is invalid");
    EXPECT_EQ(refusal({"1", "2"}), "usage: netstat [-AaBln] [-M core] [-N system] [-p protocol] [-T rtable]");
}

TEST(OpenBsdGrammar, RoutingTablesMustExist) {
    EXPECT_EQ(refusal({"-T", "12"}), "");
    EXPECT_EQ(refusal({"-T", "2"}), "netstat: routing table 2: No such file or directory");
    HostFacts other;
    other.system = &linux_system;
    EXPECT_TRUE(std::holds_alternative<ParsedOptions>(parse({"-T", "0"}, other)));
    EXPECT_TRUE(std::holds_alternative<Message>(parse({"-T", "1"}, other)));
}

TEST(OpenBsdGrammar, TheFirstMistakeCounts) {
    EXPECT_EQ(refusal({"-T", "x", "-f", "bogus"}), "netstat: invalid table id: invalid");
    EXPECT_EQ(refusal({"-f", "bogus", "-T", "x"}), "netstat: bogus: unknown address family");
    EXPECT_EQ(refusal({"-P", "12g"}), "netstat: 12g: invalid PCB address");
    EXPECT_EQ(refusal({"-P", ""}), "netstat: : invalid PCB address");
    EXPECT_EQ(refusal({"-z", "-f", "bogus"}), "netstat: unknown option -- z");
    EXPECT_EQ(refusal({"--help"}), "netstat: unknown option -- -");
    EXPECT_EQ(refusal({"-L"}), "usage: netstat [-AaBln] [-M core] [-N system] [-p protocol] [-T rtable]");
}

TEST(OpenBsdGrammar, ProtocolsWithoutAListAndUnknownOnes) {
    for (const char* name : {"icmp", "igmp", "ipencap", "ipsec", "esp", "ah", "etherip", "ipcomp", "carp",
                             "pfsync", "pflow", "icmp6", "rip6"})
        EXPECT_EQ(refusal({"-p", name}), std::string("netstat: no protocol handler for protocol ") + name);
    EXPECT_EQ(refusal({"-p", "ICMP"}), "netstat: no protocol handler for protocol icmp");
    for (const char* name : {"tcp6", "Tcp", "udp6", "sctp"})
        EXPECT_EQ(refusal({"-p", name}), std::string("netstat: ") + name + ": unknown protocol");
    for (const char* name : {"tcp", "UDP", "IP", "ip6", "divert", "divert6"})
        EXPECT_EQ(refusal({"-p", name}), "");
}

TEST(OpenBsdGrammar, OtherProgramsInTheOrderInWhichNetstatLooks) {
    const auto mode = [](std::vector<std::string> arguments) {
        const Parsed parsed = parse(std::move(arguments));
        const auto* other = std::get_if<NativeMode>(&parsed);
        return other == nullptr ? std::string{} : other->mode;
    };
    EXPECT_EQ(mode({"-rs"}), "-s");
    EXPECT_EQ(mode({"-rg"}), "-g");
    EXPECT_EQ(mode({"-rR"}), "-R");
    EXPECT_EQ(mode({"-sm"}), "-m");
    EXPECT_EQ(mode({"-s", "5"}), "5");
    EXPECT_EQ(mode({"-m", "5"}), "-m");
    EXPECT_EQ(mode({"-iW", "iwn0"}), "-W");
    EXPECT_EQ(mode({"-P", "0xfffffd80"}), "-P");
    EXPECT_EQ(mode({"-an", "-r", "-p", "icmp"}), "-r");
    EXPECT_EQ(mode({"-bdeFhq"}), "");
}

TEST(OpenBsdGrammar, OperandsEndTheOptions) {
    EXPECT_EQ(refusal({"--", "-z"}), "netstat: interval is invalid");
    EXPECT_EQ(refusal({"-an", "--"}), "");
}

TEST(OpenBsdGrammar, TheLastFamilyCounts) {
    const Parsed parsed = parse({"-n", "-u", "-f", "inet"});
    EXPECT_TRUE(std::get<ParsedOptions>(parsed).numeric.hosts);
}

} // namespace
} // namespace netstat46
