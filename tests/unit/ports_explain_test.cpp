// What people read: over the docker captures, whose scenario files say which sockets there are.
#include "ports/ask.hpp"

#include <filesystem>
#include <stdexcept>

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

Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)     process:pid            V6ONLY
tcp46      0      0  *.8888                 *.*                    LISTEN      node:4567              no
tcp4       0      0  *.8888                 *.*                    LISTEN      python3.12:3456        -
tcp6       0      0  ::1.8888               *.*                    LISTEN      com.docker.backe:2345  yes

A client that connects to   is answered by
  127.0.0.1, any IPv4       tcp4   *.8888    python3.12:3456        (a 0.0.0.0 socket beats a dual-stack [::])
  ::1                       tcp6   ::1.8888  com.docker.backe:2345  (exact: its address beats a wildcard)
  any other IPv6            tcp46  *.8888    node:4567              (dual-stack, but IPv4 never reaches it: shadowed)

A program that binds             would get
  0.0.0.0       Python           EADDRINUSE  because of tcp46 *.8888 node:4567
  0.0.0.0       Go "tcp4"        EADDRINUSE  because of tcp46 *.8888 node:4567
  [::] dual     Go "tcp", Node   EADDRINUSE  because of tcp46 *.8888 node:4567
  [::] v6only   Go "tcp6"        EADDRINUSE  because of tcp46 *.8888 node:4567
)");
}

TEST(PortsExplain, AFreePortIsFree) {
    const PortReply reply = ask(darwin, explain("udp:8888"));
    EXPECT_EQ(reply.status, 1);
    EXPECT_EQ(reply.text, R"(Port 8888/udp is free: no socket holds it

A program that binds                      would get
  0.0.0.0       Python, Go "udp4", Node   ok, and would get any IPv4
  [::] dual     Go "udp", Node "udp6"     ok, and would get any IPv4, any IPv6
  [::] v6only   Go "udp6"                 ok, and would get any IPv6
)");
}

TEST(PortsExplain, AnAddressLeavesOutTheOthers) {
    const PortReply reply = ask(darwin, explain("[::1]:8888"));
    EXPECT_EQ(reply.text, R"(Port [::1]:8888/tcp is held by 2 listening sockets

Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)     process:pid            V6ONLY
tcp46      0      0  *.8888                 *.*                    LISTEN      node:4567              no
tcp6       0      0  ::1.8888               *.*                    LISTEN      com.docker.backe:2345  yes

A client that connects to   is answered by
  ::1                       tcp6  ::1.8888  com.docker.backe:2345  (exact: its address beats a wildcard)

A program that binds                would get
  this address  no option           EADDRINUSE  because of tcp6 ::1.8888 com.docker.backe:2345
  this address  with SO_REUSEADDR   EADDRINUSE  because of tcp6 ::1.8888 com.docker.backe:2345
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
    EXPECT_EQ(refused.text, R"(tcp [::]:8888: EADDRINUSE  because of tcp46 *.8888 node:4567

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
    EXPECT_NE(reply.text.find("for root, uid 501: ok\n"), std::string::npos) << reply.text;
    EXPECT_NE(reply.text.find("for everybody else: EADDRINUSE  because of "), std::string::npos)
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
              "--explain: `70000' is not [PROTO:][ADDR:]PORT, such as 8888, udp:53 or [::1]:8888");
    EXPECT_EQ(ask(darwin, can_bind("foo")).status, 2);
    EXPECT_EQ(ask(darwin, who_answers("8888")).status, 2);
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
    constexpr const char* lacks = ": this capture lacks it, so nothing can be said of the port";
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
              "sock_diag.inet6.tcp: this capture lacks it, so nothing can be said of the port");
    EXPECT_NE(said_without({"sock_diag.inet6.tcp"}, "os: linux\n", question), "");
}

} // namespace
} // namespace netstat46
