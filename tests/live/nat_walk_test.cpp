// What we expect of the rules, and what the kernel does with a packet: random rules, real connections.
#include "ports/nat_walk.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "posix/child.hpp"
#include "record/address.hpp"
#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

using Kind = NatAction::Kind;

constexpr std::uint16_t ports[] = {7001, 7002, 7003, 7004, 7005, 7006, 7007, 7008};

bool run_all(const std::string& script) { return run_child("sh", {"-ec", script}).good(); }

/// Whose socket a packet came to.
struct Reached {
    std::string address; ///< empty: nobody's, or (a datagram's) not to be known
    std::uint16_t port = 0;

    friend bool operator==(const Reached&, const Reached&) = default;
};

std::ostream& operator<<(std::ostream& out, const Reached& reached) {
    return out << reached.address << " port " << reached.port;
}

/// A host with two neighbours, listening on every port.
class Host {
public:
    Host()
        : neighbour_([] {
              if (unshare(CLONE_NEWNET) != 0) _exit(1);
              while (true) pause();
          }) {
        const std::string pid = std::to_string(neighbour_.pid());
        const std::string there = "nsenter --net=/proc/" + pid + "/ns/net ip ";
        ours_ = Fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
        made_ =
            run_all("i=0; while [ \"$(readlink /proc/" + pid +
                    "/ns/net)\" = \"$(readlink /proc/self/ns/net)\" ]; do i=$((i+1)); [ $i -lt 500 ]; done;"
                    "ip link add v0 type veth peer name v1; ip link set v1 netns " +
                    pid + "; ip link add w0 type veth peer name w1; ip link set w1 netns " + pid +
                    "; ip addr add 10.77.0.1/24 dev v0; ip addr add 10.77.0.2/24 dev v0; ip addr add "
                    "10.78.0.1/24 dev w0;"
                    "ip addr add fd77::1/64 dev v0 nodad; ip addr add fd77::2/64 dev v0 nodad;"
                    "ip link set v0 up; ip link set w0 up;" +
                    there + "addr add 10.77.0.9/24 dev v1;" + there + "addr add 10.78.0.9/24 dev w1;" +
                    there + "addr add fd77::9/64 dev v1 nodad;" + there + "link set lo up;" + there +
                    "link set v1 up;" + there + "link set w1 up");
        theirs_ = Fd(open(("/proc/" + pid + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
        for (const std::uint16_t port : ports)
            for (const int family : {AF_INET, AF_INET6})
                for (const int type : {SOCK_STREAM, SOCK_DGRAM}) add(family, type, port);
    }

    [[nodiscard]] bool made() const { return made_ && theirs_; }

    Reached connect(const Name& to, Protocol protocol, const char* from) {
        drain();
        const bool tcp = protocol == Protocol::Tcp;
        if (from != nullptr) setns(theirs_.get(), CLONE_NEWNET);
        const Fd client = open_socket(family_of(to), (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK);
        if (from != nullptr) setns(ours_.get(), CLONE_NEWNET);
        // A port of its own: conntrack remembers where earlier packets from one went.
        const char* any = family_of(to) == AF_INET ? "0.0.0.0" : "::";
        bind_to(client, {from != nullptr ? from : any, next_port_++});
        const bool started = connect_to(client, to) || errno == EINPROGRESS;
        if (!started) return {};
        if (!tcp) ::send(client.get(), "x", 1, 0);
        return whom(tcp, client);
    }

private:
    struct Socket {
        Fd fd;
        bool tcp;
        std::uint16_t port;
    };

    void add(int family, int type, std::uint16_t port) {
        Fd socket = open_socket(family, type | SOCK_NONBLOCK);
        const int yes = 1;
        if (family == AF_INET6) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
        setsockopt(socket.get(), family == AF_INET6 ? int{IPPROTO_IPV6} : int{IPPROTO_IP},
                   family == AF_INET6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &yes, sizeof yes);
        made_ &= bind_to(socket, {family == AF_INET ? "0.0.0.0" : "::", port});
        if (type == SOCK_STREAM) made_ &= listen(socket.get(), 16) == 0;
        sockets_.push_back({std::move(socket), type == SOCK_STREAM, port});
    }

    static Reached taken_from(const Socket& socket) {
        if (!socket.tcp) {
            char byte = 0;
            return recv(socket.fd.get(), &byte, 1, 0) < 0 ? Reached{} : Reached{"", socket.port};
        }
        const Fd accepted(accept(socket.fd.get(), nullptr, nullptr));
        if (!accepted) return {};
        sockaddr_storage name{};
        socklen_t size = sizeof name;
        getsockname(accepted.get(), reinterpret_cast<sockaddr*>(&name), &size);
        char text[INET6_ADDRSTRLEN] = "";
        if (name.ss_family == AF_INET)
            inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&name)->sin_addr, text, sizeof text);
        else
            inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&name)->sin6_addr, text, sizeof text);
        return {text, socket.port};
    }

    void drain() {
        for (const Socket& socket : sockets_)
            while (taken_from(socket).port != 0) {
            }
    }

    Reached whom(bool tcp, const Fd& client) {
        std::vector<pollfd> waits;
        for (const Socket& socket : sockets_) waits.push_back({socket.fd.get(), POLLIN, 0});
        if (tcp) waits.push_back({client.get(), POLLERR, 0});
        if (poll(waits.data(), waits.size(), 200) <= 0) return {};
        for (const Socket& socket : sockets_)
            if (const Reached reached = taken_from(socket); socket.tcp == tcp && reached.port != 0)
                return reached;
        return {};
    }

    Child neighbour_;
    Fd ours_, theirs_;
    bool made_ = true;
    std::uint16_t next_port_ = 10000;
    std::vector<Socket> sockets_;
};

/// Where a client's packet may come to, as the rules are understood.
struct Foretold {
    std::vector<Reached> possible; ///< an empty address: any; port 0: nobody, or anybody
    bool certain = true;
    bool followed = true; ///< else anything may happen
};

Reached end_of(const NatOutcome& outcome, const NatPacket& packet) {
    Reached reached{"", outcome.target.ports.first == 0 ? packet.port : outcome.target.ports.first};
    if (outcome.kind == Kind::Drop) reached.port = 0;
    // TPROXY and REDIRECT leave it open which of the host's addresses it is.
    if (outcome.kind == Kind::Dnat)
        reached.address = address_text(outcome.target.first.value_or(packet.destination));
    return reached;
}

Foretold foretell(const NatRules& rules, NatPacket packet) {
    const auto is_local = [](const Address&) { return Tristate::Yes; }; // every target here is
    const NatVerdict verdict = packet.source == NatSource::Own
                                   ? nat_verdict_of_own(rules, packet, is_local)
                                   : nat_verdict(rules, NatHook::Prerouting, packet);
    Foretold out;
    for (const NatOutcome& outcome : verdict.taken) {
        if (outcome.kind == Kind::Unclear || !outcome.target.known) out.followed = false;
        out.possible.push_back(end_of(outcome, packet));
    }
    if (verdict.may_pass) out.possible.push_back({address_text(packet.destination), packet.port});
    out.certain = out.followed && out.possible.size() == 1;
    return out;
}

/// A random choice.
class Dice {
public:
    explicit Dice(unsigned seed) : random_(seed) {}
    int below(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }
    bool one_in(int count) { return below(count) == 0; }
    std::string of(const std::vector<std::string>& all) {
        return all[static_cast<std::size_t>(below(static_cast<int>(all.size())))];
    }
    std::string port() { return std::to_string(ports[below(std::size(ports))]); }

private:
    std::mt19937 random_;
};

// ---- nft

std::string nft_ports(Dice& dice) {
    std::string set = "{ " + dice.port();
    for (int i = dice.below(3); i > 0; --i)
        set += ", " + std::to_string(7010 + 3 * i) + "-" + std::to_string(7011 + 3 * i);
    return set + " }";
}

const std::vector<std::string> inet_addresses{"127.0.0.1", "10.77.0.1", "10.77.0.2", "10.78.0.1"};

std::string nft_match(Dice& dice, bool inet) {
    switch (dice.below(22)) {
    case 0:
        return "tcp dport " + dice.port();
    case 1:
        return "tcp dport != " + dice.port();
    case 2:
        return "tcp dport " + nft_ports(dice);
    case 3:
        return "tcp dport != " + nft_ports(dice);
    case 4:
        return "tcp dport 7002-7005";
    case 5:
        return "udp dport " + dice.port();
    case 6:
        return "ip daddr " + dice.of(inet_addresses);
    case 7:
        return "ip daddr != " + dice.of({"127.0.0.0/8", "10.77.0.0/24", "10.77.0.1"});
    case 8:
        return "ip daddr { 10.77.0.2, 10.78.0.0/24 }";
    case 9:
        return "ip daddr & 255.255.0.255 == 10.77.0.1";
    case 10:
        return "ip saddr " + dice.of({"127.0.0.0/8", "10.77.0.9", "10.0.0.0/8"});
    case 11:
        return "iifname " + dice.of({"\"v0\"", "!= \"v0\"", "\"w*\"", "{ \"w0\", \"x\" }", "!= \"v*\""});
    case 12:
        return "oifname " + dice.of({"\"lo\"", "!= \"lo\"", "\"v0\""});
    case 13:
        return "fib daddr type " + dice.of({"local", "!= local", "{ local, broadcast }"});
    case 14:
        return "meta l4proto " + dice.of({"tcp", "udp", "{ tcp, udp }", "!= tcp"});
    case 15:
        return "ct state " + dice.of({"new", "established,related", "new,established"});
    case 16:
        return "tcp dport " + dice.of({"@p", "!= @p"});
    case 17:
        return "ip daddr . tcp dport @c";
    case 18:
        return "ip daddr . meta l4proto . th dport { 10.77.0.1 . tcp . " + dice.port() +
               ", 10.77.0.2 . udp . 7001-7004 }";
    case 19:
        return inet ? "meta nfproto " + dice.of({"ipv4", "ipv6"}) : "ip protocol tcp";
    case 20:
        return "tcp flags " + dice.of({"syn / fin,syn,rst,ack", "& (fin | syn) == syn", "ack"});
    default:
        return dice.of({"iif \"lo\"", "meta mark 0", "meta mark != 5", "tcp dport > 7004",
                        "tcp dport <= 7003", "counter"});
    }
}

std::string nft_verdict(Dice& dice, bool nat, const std::string& deeper) {
    if (!nat) {
        switch (dice.below(4)) {
        case 0:
            return "accept";
        case 1:
            return deeper.empty() ? "return" : "jump " + deeper;
        default:
            return "meta l4proto tcp tproxy ip to :" + dice.port() + (dice.one_in(2) ? " accept" : "");
        }
    }
    switch (dice.below(13)) {
    case 0:
        return "accept";
    case 1:
        return "return";
    case 2:
        return deeper.empty() ? "accept" : "goto " + deeper;
    case 3:
        return deeper.empty() ? "return"
                              : "tcp dport vmap { 7001 : jump " + deeper + ", 7002 : accept, 7003 : goto " +
                                    deeper + ", 7004-7006 : return }";
    case 4:
    case 5:
        return deeper.empty() ? "continue" : "jump " + deeper;
    case 6:
        return "meta l4proto tcp redirect to :" + dice.port();
    case 7:
        return "tcp dport { 7001-7006 } redirect to :tcp dport map { 7001 : 7005, 7002 : 7006 }";
    case 8:
        return "dnat ip to tcp dport map { 7003 : 10.77.0.2, 7004 : 10.77.0.1 }";
    case 9:
        return "dnat ip to tcp dport map @d";
    case 10:
        return deeper.empty() ? "accept" : "ip daddr . tcp dport vmap @v";
    default:
        return "meta l4proto tcp dnat ip to 10.77.0.2:" + dice.port();
    }
}

std::string nft_chain(Dice& dice, const std::string& name, const std::string& head, bool inet, bool nat,
                      const std::string& deeper) {
    std::string text = "chain " + name + " {\n" + head;
    for (int i = 1 + dice.below(5); i > 0; --i) {
        for (int j = dice.below(3); j > 0; --j) {
            std::string match = nft_match(dice, inet);
            // What is foretold is the first packet's way; where TPROXY takes later ones another, nobody
            // answers.
            while (!nat && (match.starts_with("ct ") || match.starts_with("tcp flags")))
                match = nft_match(dice, inet);
            text += match + " ";
        }
        text += nft_verdict(dice, nat, deeper) + "\n";
    }
    return text + "}\n";
}

std::string nft_rules(Dice& dice) {
    const bool inet = dice.one_in(2);
    std::string text =
        std::string("table ") + (inet ? "inet" : "ip") +
        " t {\n"
        "set p {\n type inet_service; flags interval; elements = { " +
        dice.of({"7001", "7002", "7004", "7008"}) +
        ", 7006-7007 }\n}\n"
        "set c {\n type ipv4_addr . inet_service; flags interval; elements = { 10.77.0.0/24 . " +
        dice.port() +
        ", 127.0.0.1 . 7001-7003 }\n}\n"
        "map d {\n type inet_service : ipv4_addr; elements = { 7005 : 10.77.0.1, " +
        "7006 : 10.77.0.2 }\n}\n"
        "map v {\n type ipv4_addr . inet_service : verdict; elements = { 10.77.0.1 . " +
        dice.port() + " : jump u2, 10.77.0.2 . " + dice.port() +
        " : accept, 127.0.0.1 . 7002 : goto u2 }\n}\n";
    text += nft_chain(dice, "u2", "", inet, true, "");
    text += nft_chain(dice, "u1", "", inet, true, "u2");
    int made = 0;
    for (const char* hook : {"output", "prerouting"})
        for (int i = 1 + dice.below(2); i > 0; --i)
            text += nft_chain(dice, "b" + std::to_string(++made),
                              std::string("type nat hook ") + hook + " priority " +
                                  std::to_string(-100 + 10 * dice.below(3)) + ";\n",
                              inet, true, dice.of({"u1", "u2"}));
    if (dice.one_in(3)) {
        text += nft_chain(dice, "f1", "", inet, false, "");
        text += nft_chain(dice, "f", "type filter hook prerouting priority mangle;\n", inet, false, "f1");
    }
    return text + "}\n";
}

// ---- iptables

std::string iptables_match(Dice& dice) {
    switch (dice.below(18)) {
    case 0:
        return "-p tcp --dport " + dice.port();
    case 1:
        return "-p tcp ! --dport " + dice.port();
    case 2:
        return "-p tcp -m multiport --dports 7001,7003:7004";
    case 3:
        return "-p tcp -m multiport ! --dports 7001,7003:7004";
    case 4:
        return "! -p tcp";
    case 5:
        return "-p udp --dport " + dice.port();
    case 6:
        return "-d " + dice.of(inet_addresses);
    case 7:
        return "! -d " + dice.of({"127.0.0.0/8", "10.77.0.0/24"});
    case 8:
        return "-d 10.77.0.1/255.255.0.255";
    case 9:
        return "-s " + dice.of({"127.0.0.0/8", "10.77.0.9", "10.0.0.0/8"});
    case 10:
        return "-i " + dice.of({"v0", "w+"});
    case 11:
        return "! -i " + dice.of({"v0", "w+"});
    case 12:
        return dice.of({"-o lo", "! -o lo", "-o v0"});
    case 13:
        return "-m addrtype " + dice.of({"--dst-type LOCAL", "! --dst-type LOCAL", "--src-type LOCAL"});
    case 14:
        return "-m conntrack " +
               dice.of({"--ctstate NEW", "--ctstate ESTABLISHED,RELATED", "! --ctstate NEW"});
    case 15:
        return "-p tcp " + dice.of({"--syn", "! --syn"});
    case 16:
        return dice.of(
            {"-m mark --mark 0", "-m mark ! --mark 0x5", "-m comment --comment \"-j DROP\"", "-p all"});
    default:
        return "-m iprange --dst-range 10.77.0.1-10.77.0.2";
    }
}

std::string iptables_chain(Dice& dice, const std::string& name, const std::string& deeper) {
    std::string text;
    for (int i = 1 + dice.below(6); i > 0; --i) {
        std::string rule = "-A " + name + " ";
        const bool output = name == "OUTPUT";
        std::string match = dice.one_in(6) ? "" : iptables_match(dice);
        while (output && match.find("-i ") != std::string::npos) match = iptables_match(dice);
        while (name == "PREROUTING" && match.find("-o ") != std::string::npos) match = iptables_match(dice);
        std::string target;
        switch (dice.below(8)) {
        case 0:
            target = "-j ACCEPT";
            break;
        case 1:
            target = "-j RETURN";
            break;
        case 2:
            target = deeper.empty() ? "-j ACCEPT" : "-g " + deeper;
            break;
        case 3:
        case 4:
            target = deeper.empty() ? "-j RETURN" : "-j " + deeper;
            break;
        case 5:
            target = "-j REDIRECT --to-ports " + dice.port();
            break;
        default:
            target = "-j DNAT --to-destination 10.77.0.2:" + dice.port();
            break;
        }
        if (target.find("--to") != std::string::npos &&
            (match.find("-p ") == std::string::npos || match.find("! -p") != std::string::npos ||
             match.find("-p all") != std::string::npos))
            match = "-p tcp";
        text += rule + match + " " + target + "\n";
    }
    return text;
}

std::string iptables_rules(Dice& dice) {
    std::string text = "*nat\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n:U1 -\n:U2 -\n";
    text += iptables_chain(dice, "U2", "") + iptables_chain(dice, "U1", "U2");
    text += iptables_chain(dice, "OUTPUT", dice.of({"U1", "U2"})) +
            iptables_chain(dice, "PREROUTING", dice.of({"U1", "U2"})) + "COMMIT\n";
    if (dice.one_in(3))
        text += "*mangle\n:PREROUTING ACCEPT\n:M -\n-A PREROUTING " +
                dice.of({"-d 10.77.0.1 -j M", "-i lo -j M", "-m addrtype --dst-type LOCAL -j M"}) +
                "\n-A M -p tcp --dport " + dice.port() + " -j TPROXY --on-port " + dice.port() + "\nCOMMIT\n";
    return text;
}

// ---- The comparison

class NatWalkLive : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
        host_ = std::make_unique<Host>();
        if (!host_->made()) GTEST_SKIP() << "no veth, or no sockets";
    }

    void need(const char* program) {
        if (run_child(program, {"--version"}).how == ChildEnd::How::NotFound)
            GTEST_SKIP() << program << " is not installed";
    }

    /// Every destination from every side, and the kernel's word on it.
    void compare(const std::string& listing, const std::string& about, bool inet6) {
        const NatRules rules = parse_nat_rules(listing);
        struct Way {
            const char* to;
            const char* from; ///< null: this host
            const char* in;
        };
        constexpr Way ways[] = {{"127.0.0.1", nullptr, ""},       {"10.77.0.1", nullptr, ""},
                                {"10.77.0.2", nullptr, ""},       {"10.77.0.1", "10.77.0.9", "v0"},
                                {"10.77.0.2", "10.77.0.9", "v0"}, {"10.78.0.1", "10.78.0.9", "w0"},
                                {"fd77::1", nullptr, ""},         {"fd77::1", "fd77::9", "v0"}};
        for (const Way& way : ways) {
            const bool is_inet6 = std::string(way.to).find(':') != std::string::npos;
            if (is_inet6 && !inet6) continue;
            for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp}) {
                const std::uint16_t port = ports[next_++ % std::size(ports)];
                NatPacket packet;
                packet.protocol = protocol;
                packet.destination = *parse_address(way.to);
                packet.port = port;
                packet.source = way.from == nullptr ? NatSource::Own : NatSource::Other;
                packet.in = way.in;
                const Foretold foretold = foretell(rules, packet);
                const Reached reached = host_->connect({way.to, port}, protocol, way.from);
                const bool met =
                    std::any_of(foretold.possible.begin(), foretold.possible.end(), [&](const Reached& one) {
                        return one.port == reached.port && (one.address.empty() || reached.address.empty() ||
                                                            one.address == reached.address);
                    });
                ++(foretold.certain ? certain_ : uncertain_);
                if (!foretold.followed) continue;
                EXPECT_TRUE(met) << (protocol == Protocol::Tcp ? "tcp " : "udp ") << way.to << " port "
                                 << port << " from " << (way.from ? way.from : "here") << " reached "
                                 << reached << ", foretold " << testing::PrintToString(foretold.possible)
                                 << "\n"
                                 << about << listing;
            }
        }
    }

    [[nodiscard]] static int rounds() {
        const char* more = std::getenv("NETSTAT46_NAT_ROUNDS");
        return more == nullptr ? 40 : std::atoi(more);
    }

    void TearDown() override {
        RecordProperty("certain", certain_);
        RecordProperty("uncertain", uncertain_);
        if (std::getenv("NETSTAT46_NAT_ROUNDS"))
            std::fprintf(stderr, "certain %d, uncertain %d\n", certain_, uncertain_);
    }

    std::unique_ptr<Host> host_;
    unsigned next_ = 0;
    int certain_ = 0, uncertain_ = 0, refused_ = 0;
};

TEST_F(NatWalkLive, NftDoesWhatIsForetold) {
    need("nft");
    for (int round = 0; round < rounds() && !HasFailure(); ++round) {
        Dice dice(static_cast<unsigned>(round));
        const std::string rules = nft_rules(dice);
        const ChildEnd loaded = run_child("nft", {"flush ruleset\n" + rules});
        if (!loaded.good()) {
            ++refused_;
            continue;
        }
        compare("# nft\n" + run_child("nft", {"list", "ruleset"}).out,
                "round " + std::to_string(round) + "\n", true);
    }
    EXPECT_LT(refused_, rounds() * 3 / 4);
}

TEST_F(NatWalkLive, IptablesDoesWhatIsForetold) {
    for (const std::string home : {"nft", "legacy"}) {
        need(("iptables-" + home).c_str());
        for (int round = 0; round < rounds() / 2 && !HasFailure(); ++round) {
            Dice dice(static_cast<unsigned>(round) + 1000);
            const std::string rules = iptables_rules(dice);
            const std::string tool = "iptables-" + home;
            const ChildEnd loaded =
                run_child("sh", {"-c", tool + " -t mangle -F; " + tool + " -t mangle -X; " + tool +
                                           "-restore <<'E'\n" + rules + "E\n"});
            ASSERT_TRUE(loaded.good()) << loaded.error << rules;
            const std::string listing =
                (home == "nft" ? "# ipv4\n" : "# ipv4 legacy\n") + run_child(tool + "-save", {}).out;
            compare(listing, "round " + std::to_string(round) + "\n", false);
        }
        run_all("iptables-" + home + " -t nat -F; iptables-" + home + " -t nat -X; iptables-" + home +
                " -t mangle -F;" + (home == "nft" ? "nft flush ruleset" : ""));
    }
}

} // namespace
} // namespace netstat46::live
