// netstat46 --classic beside the installed netstat: standard output and exit status, byte for byte.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <future>
#include <set>
#include <string>
#include <utility>

#include <sys/socket.h>

#include <gtest/gtest.h>

#include "listing.hpp"
#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

// One option set per line, blanks between arguments; '' is an empty argument.
constexpr const char* option_sets[] = {
    "",
    "-a",
    "-n",
    "-l",
    "-e",
    "-o",
    "-p",
    "-W",
    "-v",
    "-d",
    "-N",
    "-C",
    "-F",
    "-Z",
    "-2",
    "-f",
    "-an",
    "-ln",
    "-aln",
    "-anp",
    "-ane",
    "-aneo",
    "-anee",
    "-aneeo",
    "-ano",
    "-anop",
    "-anW",
    "-anpW",
    "-anpeoW",
    "-anNCF",
    "-and",
    "-anv",
    "-lnv",
    "-nv",
    "-aep",
    "-aW",
    "-aepoW",
    "-t",
    "-u",
    "-U",
    "-S",
    "-w",
    "-x",
    "-4",
    "-6",
    "-tn",
    "-un",
    "-Un",
    "-Sn",
    "-wn",
    "-xn",
    "-4n",
    "-6n",
    "-ta",
    "-ua",
    "-Ua",
    "-Sa",
    "-wa",
    "-xa",
    "-tan",
    "-uan",
    "-Uan",
    "-San",
    "-wan",
    "-xan",
    "-tl",
    "-ul",
    "-Ul",
    "-Sl",
    "-wl",
    "-xl",
    "-tln",
    "-uln",
    "-Uln",
    "-Sln",
    "-wln",
    "-xln",
    "-tulpn",
    "-tulpne",
    "-tulpnea",
    "-plunt",
    "-tunlp",
    "-tuwx",
    "-tuwxan",
    "-tx",
    "-txl",
    "-txlnp",
    "-xnp",
    "-xanp",
    "-xlp",
    "-xeo",
    "-xanpeoW",
    "-4an",
    "-6an",
    "-46an",
    "-64an",
    "-4ln",
    "-6ln",
    "-46",
    "-4t",
    "-6t",
    "-4tan",
    "-6tan",
    "-4uan",
    "-6uan",
    "-4wan",
    "-6wan",
    "-4Uan",
    "-6Uan",
    "-4San",
    "-6San",
    "-4xan",
    "-6xan",
    "-4txan",
    "-46tuwxan",
    "-4v",
    "-6v",
    "-4anv",
    "-tv",
    "-tanv",
    "-xv",
    "-Sv",
    "-Uv",
    "-anS6",
    "-S --netrom",
    "-4S --x25 -v",
    "-n2Sxa",
    "-a -n",
    "-a -n -p -t",
    "-an -pt",
    "-n -an -a",
    "-tt -t -an",
    "--inet",
    "--inet6",
    "--ip",
    "--unix",
    "--tcpip",
    "--inet -an",
    "--inet6 -an",
    "--ip -an",
    "--unix -an",
    "--tcpip -an",
    "--inet --inet6 -an",
    "--inet --unix -an",
    "--ipx",
    "--ax25",
    "--netrom",
    "--rose",
    "--x25",
    "--ddp",
    "--appletalk",
    "--bluetooth",
    "--l2cap",
    "--rfcomm",
    "--ipx -an",
    "--ddp -an",
    "--ax25 --x25 -t",
    "--x25 --ipx",
    "--rose --netrom -v",
    "-v --bluetooth --rose",
    "-A bluetooth,x25 -tan",
    "-Sx",
    "-txS",
    "-6S",
    "-6Sx",
    "--tcp",
    "--udp",
    "--udplite",
    "--sctp",
    "--raw",
    "--tcp --udp --all --numeric",
    "--listening",
    "--all",
    "--timers",
    "--extend",
    "--programs",
    "--verbose",
    "--wide",
    "--numeric",
    "--numeric-hosts",
    "--numeric-ports",
    "--numeric-users",
    "--symbolic",
    "--cache",
    "--fib",
    "--context",
    "-a --numeric-hosts",
    "-a --numeric-ports",
    "-ae --numeric-users",
    "-ae --numeric-hosts --numeric-ports",
    "-ae --numeric-hosts --numeric-users",
    "-ae --numeric-ports --numeric-users",
    "-ta --numeric-hosts -W",
    "-wa --numeric-hosts",
    "-wa --numeric-ports",
    "-ua --numeric-ports -W",
    "--listen",
    "--prog -an",
    "--program -an",
    "--num -an",
    "--numeric-h -a",
    "--tim -an",
    "--ext -an",
    "--wid -an",
    "--verb -an",
    "--list --num",
    "-A inet",
    "-A inet -an",
    "-Ainet -an",
    "-A inet6 -an",
    "-A inet,inet6 -an",
    "-A unix -an",
    "-Aunix -anp",
    "-A inet,unix -an",
    "-A inet -A unix -an",
    "-A inet -A inet6 -t -an",
    "-A ip -an",
    "-A ip6 -an",
    "-A tcpip -an",
    "-A ipx",
    "-A ipx -an",
    "-A ax25 -an",
    "-A x25",
    "-A netrom",
    "-A rose",
    "-A ddp -an",
    "-A appletalk",
    "-A ash",
    "-A econet",
    "-A bluetooth",
    "-A bluetooth,inet -an",
    "-A inet,ipx -an",
    "-A ipx,inet -an",
    "-A foo",
    "-A foo -an",
    "-A inet,foo -an",
    "-A ''",
    "-A inet, -an",
    "-A ,inet -an",
    "-A INET -an",
    "-A inet7",
    "-A in",
    "-A",
    "-anA",
    "-anA unix",
    "--protocol=inet -an",
    "--protocol inet -an",
    "--protocol=unix -an",
    "--protocol=inet,unix -an",
    "--protocol=foo",
    "--protocol=",
    "--protocol",
    "--proto=inet -an",
    "--proto=inet6 --tcp -an",
    "foo",
    "-an foo",
    "foo -an",
    "foo -an bar",
    "-an 1",
    "-an -- -t",
    "-- -an",
    "-an --",
    "-an -",
    "''",
    "-an ''",
    "-k",
    "-j",
    "-q",
    "-ank",
    "-kan",
    "-an -k",
    "-:",
    "-?",
    "-an?",
    "-0",
    "-3",
    "-b",
    "-P",
    "-L",
    "-B",
    "--foo",
    "--foo=bar",
    "--all=yes",
    "--numeric=1 -a",
    "--nume",
    "-V",
    "--version",
    "-anV",
    "-V -k",
    "-k -V",
    "-h",
    "--help",
    "-help",
    "-anh",
    "-h -V",
    "-V -h",
    "-A foo -h",
    "-h -A foo",
    "-r",
    "-rn",
    "-rne",
    "-rn -6",
    "-rnC",
    "-i",
    "-ie",
    "-ia",
    "-g",
    "-gn",
    "-M",
    "-rs",
    "-ri",
    "-rM",
    "-is",
    "-rg",
    "-ig",
    "-gr",
    "-gs",
    "-ris",
    "-ss",
    "-rr",
    "-rni",
    "-an -r",
    "-tr",
    "-xr",
    "-lgn",
    "-A inet -rn",
    "-A foo -rn",
    "--route",
    "--route -n",
    "--interfaces",
    "--groups",
    "--masquerade",
    "-st",
    "-sw",
};

struct Difference {
    std::string native, ours;
};

// What differs on purpose, in the zoo's own names.
const Difference on_purpose[] = {
    {"ctl\x01\x1b[31m", "ctl..[31m"}, // control characters become `.`
    {"ctl\x01service", "ctl.service"},
    {"ctl\x01user", "ctl.user"},
    {"/tab\tx", "/tab.x"},
    {"tab\tx", "tab.x"},
    {"new\nline", "new.line"},
    {"name-c1\xc2\x9b.", "name-c1.. "}, // C1 in UTF-8 is one character; the cell is filled up again
    {"c1\xc2\x9b.", "c1.."},
    {"/with\n", "/with blank\n"}, // unix paths are not cut
    {"@a\n", "@a blank\n"},
    {"/tab\n", "/tab.x\n"},
    {"/new\n", "/new.line\n"},
};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

/// What the native program would have printed, had it the differences that we have on purpose.
std::string as_ours(std::string text) {
    for (const Difference& difference : on_purpose)
        text = replaced(std::move(text), difference.native, difference.ours);
    return text;
}

std::string first_difference(const std::string& wanted, const std::string& got) {
    const auto want = lines_of(wanted), have = lines_of(got);
    std::size_t i = 0;
    while (i < want.size() && i < have.size() && want[i] == have[i]) ++i;
    return "line " + std::to_string(i + 1) + "\n  native |" + (i < want.size() ? want[i] : "(none)") +
           "|\n  ours   |" + (i < have.size() ? have[i] : "(none)") + "|";
}

/// It says that SCTP is missing once for its listeners and once for its connections.
std::string said_once(std::string text) {
    const std::string sctp = "netstat: no support for `AF INET (sctp)' on this system.\n";
    return replaced(std::move(text), sctp + sctp, sctp);
}

class Classic : public testing::Test {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(native_program)) GTEST_SKIP() << "no netstat: " << native_program;
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
    }
};

/// The native answer, which counts if it is the same before and after ours; timers and retransmissions go on.
void compare(const std::string& options, const std::string& program, const char* name, const Way& way,
             const std::string& ours_before = {}) {
    std::vector<std::string> words = words_of(ours_before + options);
    words.insert(words.begin(), name);
    Ran before, mine, after;
    for (int attempt = 0; attempt < 5; ++attempt) {
        before = native(options, way);
        mine = run(program, words, way);
        after = native(options, way);
        if (timers_masked(before.out) == timers_masked(after.out)) break;
    }
    const std::string want = timers_masked(as_ours(after.out)), have = timers_masked(mine.out);
    EXPECT_EQ(after.status, mine.status) << "netstat " << options;
    EXPECT_TRUE(want == have) << "netstat " << options << ": " << first_difference(want, have);
    // A unix path with a newline in it, which it takes for two sockets.
    EXPECT_EQ(said_once(replaced(after.error, "warning, got bogus unix line.\n", "")), mine.error)
        << "netstat " << options;
}

TEST_F(Classic, EveryOptionSetOverTheZoo) {
    const Zoo zoo;
    for (const std::string& kind : zoo.missing()) std::printf("not in the zoo: %s\n", kind.c_str());
    for (const char* options : option_sets) compare(options, our_program(), "netstat46", {}, "--classic ");
    RecordProperty("option_sets", static_cast<int>(std::size(option_sets)));
}

TEST_F(Classic, UnderTheNameNetstatAndByTheEnvironment) {
    const Zoo zoo;
    const std::string link = zoo.directory() + "/netstat";
    std::filesystem::create_symlink(our_program(), link);
    for (const char* options : {"", "-an", "-anp", "-tulpn", "-aneoW", "-h", "-V", "-k", "-A foo", "-rn"}) {
        compare(options, link, link.c_str(), {});
        compare(options, link, "netstat", {});
        compare(options, our_program(), "netstat46", {{"NETSTAT46_CLASSIC=1"}});
    }
    EXPECT_NE(ours("-an", {{"NETSTAT46_CLASSIC="}}).out, native("-an").out) << "set, but empty";
}

TEST_F(Classic, AnOperandEndsTheOptionsWherePosixIsAskedFor) {
    const Zoo zoo;
    const Way posix{{"POSIXLY_CORRECT="}};
    EXPECT_EQ(native("-n foo -k", posix).status, 0) << "the native one heeds the variable";
    for (const char* options : {"-an foo -t", "foo -an", "- -an", "-tA inet foo -n", "-ln -- -t", "'' -k"})
        compare(options, our_program(), "netstat46", posix, "--classic ");
}

// Every long name, and every prefix of one: unique or ambiguous.
constexpr const char* long_names[] = {
    "ax25",          "ip",
    "ipx",           "appletalk",
    "netrom",        "inet",
    "inet6",         "ddp",
    "unix",          "tcpip",
    "rose",          "x25",
    "bluetooth",     "version",
    "interfaces",    "help",
    "route",         "masquerade",
    "protocol",      "tcp",
    "sctp",          "udp",
    "udplite",       "raw",
    "l2cap",         "rfcomm",
    "listening",     "all",
    "timers",        "continuous",
    "extend",        "programs",
    "verbose",       "statistics",
    "wide",          "numeric",
    "symbolic",      "cache",
    "fib",           "groups",
    "context",       "numeric-hosts",
    "numeric-ports", "numeric-users",
};

TEST_F(Classic, EveryAbbreviation) {
    const Fd listener = open_socket(AF_INET6, SOCK_STREAM);
    bind_to(listener, {"::", 8888});
    listen(listener.get(), 1);
    std::set<std::string> tried;
    for (const std::string name : long_names)
        for (std::size_t length = 1; length <= name.size(); ++length) {
            const std::string prefix = name.substr(0, length);
            if (prefix.starts_with("conti") || !tried.insert(prefix).second) continue; // never ends
            compare("--" + prefix, our_program(), "netstat46", {}, "--classic ");
            compare("--" + prefix + "=inet", our_program(), "netstat46", {}, "--classic ");
        }
    RecordProperty("prefixes", static_cast<int>(tried.size()));
}

/// Each of them is there, and nothing of the native one's is left.
TEST_F(Classic, DiffersOnPurposeInTheseTexts) {
    const Zoo zoo;
    const std::string theirs = native("-anp").out + native("-ae").out,
                      mine = ours("--classic -anp").out + ours("--classic -ae").out;
    for (const Difference& difference : on_purpose) {
        EXPECT_NE(mine.find(difference.ours), std::string::npos) << difference.ours;
        EXPECT_NE(theirs.find(difference.native), std::string::npos) << difference.ours;
        EXPECT_EQ(mine.find(difference.native), std::string::npos) << difference.ours;
    }
}

/// Options of other builds of net-tools than the installed one.
TEST_F(Classic, WhatTheInstalledOneRefusesIsRefused) {
    if (!std::filesystem::exists(native_program)) GTEST_SKIP() << "no netstat: " << native_program;
    const auto as_netstat = [](const std::string& program, std::string_view options) {
        std::vector<std::string> words = words_of(options);
        words.insert(words.begin(), "netstat");
        return run(program, words);
    };
    std::vector<std::string> refused{"-T", "-tuan -T", "-tuanT", "-aT -h", "--notrim=1", "-T --notrim"};
    for (std::size_t length = 1; length <= std::string_view("notrim").size(); ++length)
        refused.push_back("-an --" + std::string("notrim").substr(0, length));
    for (const std::string& options : refused) {
        const Ran theirs = as_netstat(native_program, options);
        const Ran mine = as_netstat(our_program(), options);
        EXPECT_EQ(mine.status, theirs.status) << options;
        EXPECT_EQ(mine.out, theirs.out) << options;
        EXPECT_EQ(mine.error, theirs.error) << options;
        EXPECT_EQ(theirs.status, 3) << options;
    }
}

/// Where it need not be the native program's.
TEST_F(Classic, ElseNotrimIsWide) {
    const Zoo zoo;
    const Ran wide = ours("-tuan -W");
    for (const char* options : {"-tuan -T", "-tuanT", "-tuan --notrim"})
        EXPECT_EQ(ours(options).out, wide.out) << options;
    for (const char* options : {"--no", "--notri", "--n", "--notrim=1"})
        EXPECT_EQ(ours(options).status, 3) << "never abbreviated: " << options;
}

/// Ours in classic mode: the rows are the native ones.
TEST_F(Classic, OurOwnOptionsAreAcceptedByTheirFullNames) {
    const Zoo zoo;
    const std::string all = native("-an").out;
    const std::vector<std::string> rows = lines_of(ours("--classic -n --port=8888,9001").out);
    EXPECT_GT(rows.size(), 5U);
    for (const std::string& row : rows) EXPECT_NE(all.find(row + "\n"), std::string::npos) << row;
    EXPECT_EQ(ours("--classic --por=8888").status, 3);
}

/// Answers of many messages, in the kernel's order.
TEST_F(Classic, ThousandsOfConnections) {
    std::vector<Pair> pairs;
    const Fd server = open_socket(AF_INET6, SOCK_STREAM);
    ASSERT_TRUE(bind_to(server, {"::", 9000}) && listen(server.get(), 100) == 0);
    for (int i = 0; i < 1500; ++i) {
        const Name to{i % 2 == 0 ? "127.0.0.1" : "::1", 9000};
        Pair pair{open_socket(family_of(to), SOCK_STREAM), {}};
        ASSERT_TRUE(connect_to(pair.client, to)) << "descriptors: raise the limit to 4096";
        pair.server = Fd(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
        pairs.push_back(std::move(pair));
    }
    for (const char* options : {"-an", "-anp", "-taneo", "-6tn"})
        compare(options, our_program(), "netstat46", {}, "--classic ");
}

/// What both had printed when they were ended, in whole lines.
std::pair<std::string, std::string> as_far_as_both(const std::string& one, const std::string& other) {
    const std::size_t end = std::min(one.rfind('\n'), other.rfind('\n')) + 1;
    return {one.substr(0, end), other.substr(0, end)};
}

TEST_F(Classic, GoesOnWithC) {
    const Zoo zoo;
    for (const char* options : {"-cn", "-tanc", "--conti -xln"}) {
        const Way two_rounds{.enough = [](const std::string& out) {
            const std::string heading = out.substr(0, out.find('\n') + 1);
            return !heading.empty() && out.find(heading, 1) != std::string::npos;
        }};
        auto meanwhile = std::async(std::launch::async, [&] { return native(options, two_rounds); });
        const Ran mine = ours(std::string("--classic ") + options, two_rounds);
        const Ran theirs = meanwhile.get();
        EXPECT_EQ(mine.status, 128 + SIGKILL);
        const auto [want, have] = as_far_as_both(as_ours(theirs.out), mine.out);
        EXPECT_TRUE(want == have) << options << ": " << first_difference(want, have);
        const std::string heading = have.substr(0, have.find('\n') + 1);
        EXPECT_NE(have.find(heading, 1), std::string::npos) << options << " did not go on";
    }
    for (const char* ends : {"-Sc", "-cA ipx", "-cZ", "-ck", "-ch"})
        compare(ends, our_program(), "netstat46", {}, "--classic ");
}

} // namespace
} // namespace netstat46::live
