// What people read: over the docker captures, whose scenario files say which sockets there are.
#include "ports/ask.hpp"

#include <filesystem>
#include <stdexcept>

#include <sstream>

#include <gtest/gtest.h>

#include "capture/capture_dir.hpp"
#include "files.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

PortReply ask(const char* capture, const PortQuestion& question, bool json = false) {
    const Source source = open_capture((tests / "captures" / capture).string(), systems());
    const PortAsker asker{source, *source.host.system->dialect, false, json};
    const auto reply = answer_port_question(question, asker, [](const Problem& problem) {
        EXPECT_FALSE(problem.fails) << problem.text;
        EXPECT_EQ(problem.text, "nat rules are not part of this capture");
    });
    if (const UsageError* error = std::get_if<UsageError>(&reply)) return {error->text, 2};
    return std::get<PortReply>(reply);
}

PortQuestion explain(const char* target) { return {target, {}, {}}; }
PortQuestion who_answers(const char* target) { return {{}, target, {}}; }
PortQuestion can_bind(const char* target) { return {{}, {}, target}; }

constexpr const char* darwin = "darwin/s1-docker";
constexpr const char* freebsd = "freebsd/s1";

/// The messages about a capture of these files alone, all of them empty.
std::string said_without(const std::vector<const char*>& files, const std::string& manifest,
                         const PortQuestion& question, const char* addresses = "127.0.0.1\n") {
    Scratch capture;
    capture.with("manifest", manifest).with("addresses.tsv", addresses);
    for (const char* file : files) capture.with(file, "");
    try {
        const Source source = open_capture(capture.path(), systems());
        const PortAsker asker{source, *source.host.system->dialect};
        answer_port_question(question, asker, [](const Problem&) {});
        return {};
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

TEST(PortsExplain, SaysWhoHoldsWhoAnswersAndWhoCouldBind) {
    const PortReply reply = ask(darwin, explain("8888"));
    EXPECT_EQ(reply.status, 0);
    EXPECT_EQ(reply.text, R"(Port 8888/tcp is held by 3 listening sockets

Proto  Local Address  Foreign Address  (state)  process:pid            V6ONLY
tcp46  *.8888         *.*              LISTEN   node:4567              no
tcp4   *.8888         *.*              LISTEN   python3.12:3456        -
tcp6   ::1.8888       *.*              LISTEN   com.docker.backe:2345  yes

Held by pid   program
  2345        com.docker.backe
  3456        python3.12
  4567        node

A client that connects to   is answered by
  127.0.0.1, any IPv4       tcp4   *.8888    python3.12:3456
                            (a 0.0.0.0 socket beats a dual-stack [::])
  ::1                       tcp6   ::1.8888  com.docker.backe:2345
                            (exact: its address beats a wildcard)
  any other IPv6            tcp46  *.8888    node:4567
                            (dual-stack, but IPv4 never reaches it: shadowed)

If a program now listens on
  0.0.0.0     Python           refused (address in use): node, pid 4567
                               (EADDRINUSE) -> stop pids 3456, 4567
  0.0.0.0     Go "tcp4"        refused (address in use): node, pid 4567
                               (EADDRINUSE) -> stop pids 3456, 4567
  [::] dual   Go "tcp", Node   refused (address in use): node, pid 4567
                               (EADDRINUSE) -> stop pids 2345, 4567
  [::] v6only Go "tcp6"        refused (address in use): node, pid 4567
                               (EADDRINUSE) -> stop pids 2345, 4567

udp 8888 is free
)");
}

TEST(PortsExplain, AFreePortIsFree) {
    const PortReply reply = ask(darwin, explain("udp:8888"));
    EXPECT_EQ(reply.status, 1);
    EXPECT_EQ(reply.text, R"(Port 8888/udp is free: no socket holds it

If a program now binds
  0.0.0.0     Python, Go "udp4", Node   works, receives all IPv4
  [::] dual   Go "udp", Node "udp6"     works, receives all IPv4 and all IPv6
  [::] v6only Go "udp6"                 works, receives all IPv6
)");
}

TEST(PortsExplain, SpeaksOfBothProtocolsWhereNoneIsNamed) {
    const PortReply none = ask(darwin, explain("9"));
    EXPECT_EQ(none.status, 1);
    EXPECT_TRUE(none.text.starts_with("Port 9/tcp is free")) << none.text;
    EXPECT_TRUE(none.text.ends_with("\n\nudp 9 is free\n")) << none.text;
    const PortReply held = ask("linux/zoo", explain("5354")); // of UDP alone
    EXPECT_EQ(held.status, 0);
    EXPECT_TRUE(held.text.starts_with("Port 5354/udp is held by ")) << held.text;
    EXPECT_TRUE(held.text.ends_with("\n\ntcp 5354 is free\n")) << held.text;
    const PortReply data = ask("linux/zoo", explain("5354"), true);
    EXPECT_NE(data.text.find(R"("protocol":"tcp","port":5354,"held":false)"), std::string::npos);
    EXPECT_NE(data.text.find(R"("also":[{"protocol":"udp","port":5354,"held":true)"), std::string::npos);
    EXPECT_EQ(ask(darwin, explain("8888"), true).text.find("also"), std::string::npos);
}

TEST(PortsExplain, NothingIsWiderThanATerminal) {
    for (const char* capture : {darwin, freebsd})
        for (const char* port : {"8888", "5353", "22", "80", "[::1]:8888", "80,8888,443"}) {
            std::istringstream lines(ask(capture, explain(port)).text);
            for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
        }
}

TEST(PortsExplain, AnAddressLeavesOutTheOthers) {
    const PortReply reply = ask(darwin, explain("tcp:[::1]:8888"));
    EXPECT_EQ(reply.text, R"(Port [::1]:8888/tcp is held by 2 listening sockets

Proto  Local Address  Foreign Address  (state)  process:pid            V6ONLY
tcp46  *.8888         *.*              LISTEN   node:4567              no
tcp6   ::1.8888       *.*              LISTEN   com.docker.backe:2345  yes

Held by pid   program
  2345        com.docker.backe
  4567        node

A client that connects to   is answered by
  ::1                       tcp6  ::1.8888  com.docker.backe:2345
                            (exact: its address beats a wildcard)

If a program now listens on
  this address no option           refused (address in use): com.docker.backe,
                                   pid 2345 (EADDRINUSE) -> stop pids 2345, 4567
  this address with SO_REUSEADDR   refused (address in use): com.docker.backe,
                                   pid 2345 (EADDRINUSE) -> stop pids 2345, 4567
)");
}

TEST(PortsExplain, WhoAnswersPrintsTheListingsRow) {
    const PortReply lan = ask(darwin, who_answers("192.168.1.23:8888"));
    EXPECT_EQ(lan.status, 0);
    EXPECT_EQ(lan.text, "tcp4       0      0  *.8888                 *.*                    LISTEN      "
                        "python3.12:3456        -\n");
    EXPECT_EQ(ask(darwin, who_answers("udp:127.0.0.1:8888")).status, 1);
}

TEST(PortsExplain, CanBindSaysBecauseOfWhom) {
    const PortReply refused = ask(darwin, can_bind("*:8888,reuseaddr,uid=501"));
    EXPECT_EQ(refused.status, 1);
    EXPECT_EQ(refused.text, R"(tcp [::]:8888: refused (address in use): node, pid 4567 (EADDRINUSE)
tcp [::]:8888: -> stop pid 4567 or bind 127.0.0.1 only

Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)     process:pid            V6ONLY
tcp46      0      0  *.8888                 *.*                    LISTEN      node:4567              no
)");
    EXPECT_EQ(ask(darwin, can_bind("*:8888,reuseport,uid=501")).status, 0);
    EXPECT_EQ(ask(darwin, can_bind("127.0.0.1:8888,reuseaddr,uid=501")).status, 0);
    EXPECT_EQ(ask(darwin, can_bind("127.0.0.1:8888,reuseaddr,uid=502")).status, 1);
}

TEST(PortsExplain, WithoutAUserItDependsWhereUsersFareDifferently) {
    const PortReply reply = ask(darwin, can_bind("127.0.0.1:8888,reuseaddr"));
    EXPECT_EQ(reply.status, 3);
    EXPECT_NE(reply.text.find("for root, uid 501: works\n"), std::string::npos) << reply.text;
    EXPECT_NE(reply.text.find("for everybody else: refused (address in use): "), std::string::npos)
        << reply.text;
}

TEST(PortsExplain, FreeBsdsCapturesFollowFreeBsdsRules) {
    EXPECT_EQ(ask(freebsd, can_bind("127.0.0.1:80,uid=1001")).status, 1);
    EXPECT_EQ(ask(darwin, can_bind("0.0.0.0:80,uid=1001")).status, 0);
    EXPECT_EQ(ask(freebsd, can_bind("0.0.0.0:80,uid=1001")).status, 1);
}

TEST(PortsExplain, ABadTargetIsOneLineWithTheForm) {
    const PortReply reply = ask(darwin, explain("70000"));
    EXPECT_EQ(reply.status, 2);
    EXPECT_EQ(reply.text,
              "--explain: `70000' is not [PROTO:][ADDR:]PORT, such as 8888, udp:53, 80,443 or [::1]:8888");
    EXPECT_EQ(ask(darwin, can_bind("foo")).status, 2);
    EXPECT_EQ(ask(darwin, who_answers("[::1]")).status, 2);
}

/// A value of a small JSON document: it is well formed, and the strings that follow a name.
std::vector<std::string> members(const std::string& json, const std::string& name) {
    std::vector<std::string> values;
    const std::string key = "\"" + name + "\":\"";
    for (std::size_t at = json.find(key); at != std::string::npos; at = json.find(key, at + 1)) {
        const std::size_t begin = at + key.size();
        values.push_back(json.substr(begin, json.find('"', begin) - begin));
    }
    return values;
}

bool balanced(const std::string& json) {
    std::string open;
    bool quoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (quoted && c == '\\')
            ++i;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            open += c;
        else if (!quoted && (c == '}' || c == ']')) {
            if (open.empty() || open.back() != (c == '}' ? '{' : '[')) return false;
            open.pop_back();
        }
    }
    return open.empty() && !quoted;
}

TEST(PortsExplain, JsonSaysTheSame) {
    const PortReply explained = ask(darwin, explain("8888"), true);
    EXPECT_EQ(explained.status, 0);
    EXPECT_TRUE(balanced(explained.text)) << explained.text;
    EXPECT_EQ(members(explained.text, "why").size(), 3U);
    EXPECT_EQ(members(explained.text, "outcome"), std::vector<std::string>(4, "refused"));

    const PortReply bind = ask(darwin, can_bind("127.0.0.1:8888,reuseaddr"), true);
    EXPECT_EQ(bind.status, 3);
    EXPECT_TRUE(balanced(bind.text)) << bind.text;
    EXPECT_EQ(members(bind.text, "outcome"), (std::vector<std::string>{"depends", "ok", "refused"}));
    EXPECT_EQ(members(bind.text, "depends_on"), std::vector<std::string>{"user"});

    const PortReply who = ask(darwin, who_answers("[::1]:8888"), true);
    EXPECT_TRUE(balanced(who.text)) << who.text;
    EXPECT_EQ(members(who.text, "certainty"), std::vector<std::string>{"certain"});
}

TEST(PortsExplain, AHolderInJsonIsASocketAsInTheListing) {
    const PortReply reply = ask(freebsd, who_answers("127.0.0.1:8888"), true);
    EXPECT_NE(reply.text.find(R"("tcp":{"congestion":"cubic","snd_mss":)"), std::string::npos) << reply.text;
    EXPECT_NE(reply.text.find(R"("freebsd":{"stack":"freebsd")"), std::string::npos) << reply.text;
}

TEST(PortsAsk, ACaptureWithoutTheTableIsNoAnswer) {
    constexpr const char* lacks = ": not in this capture, so the port cannot be judged";
    for (const PortQuestion& question :
         {can_bind("0.0.0.0:80"), who_answers("127.0.0.1:80"), explain("80")}) {
        EXPECT_EQ(said_without({}, "os: linux\n", question), std::string("sock_diag.inet.tcp") + lacks);
        EXPECT_EQ(said_without({"net.inet.udp.pcblist"}, "os: freebsd\n", question),
                  std::string("net.inet.tcp.pcblist") + lacks);
        EXPECT_EQ(said_without({}, "os: darwin\n", question), std::string("net.inet.tcp.pcblist_n") + lacks);
    }
}

TEST(PortsAsk, ATableInAnyFormWillDoAndOneOfAFamilyThatTheHostLacksIsNotMissed) {
    const PortQuestion question = can_bind("0.0.0.0:80");
    constexpr const char* both = "127.0.0.1\n::1\n";
    EXPECT_EQ(said_without({"proc.net.tcp"}, "os: linux\n", question), "");
    EXPECT_EQ(said_without({"proc.net.tcp", "proc.net.tcp6"}, "os: linux\n", question, both), "");
    EXPECT_EQ(said_without({"sock_diag.inet.tcp"}, "os: linux\n", question, both),
              "sock_diag.inet6.tcp: not in this capture, so the port cannot be judged");
    EXPECT_NE(said_without({"sock_diag.inet6.tcp"}, "os: linux\n", question), "");
}

} // namespace
} // namespace netstat46
