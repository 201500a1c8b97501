// Linux's port rules against the kernel itself, in a network namespace of our own: random sockets on one
// port, read as the program reads them; what is predicted is then done for real.
//   NETSTAT46_ROUNDS  how many sets of sockets (2000)
//   NETSTAT46_SEED    where the random numbers begin (46)
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "capture/source.hpp"
#include "linux/row.hpp"
#include "platform.hpp"
#include "ports/port_table.hpp"
#include "ports/questions.hpp"
#include "ports/target.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

constexpr std::string_view addresses[] = {
    "0.0.0.0", "127.0.0.1", "127.0.0.2", "::", "::1", "fd00::23", "::ffff:127.0.0.1", "::ffff:0.0.0.0",
};
constexpr std::string_view destinations[] = {"127.0.0.1", "127.0.0.2", "::1", "fd00::23"};
constexpr std::uint16_t helper_port = 1999; ///< where our own sockets connect to; no client has it by chance
constexpr std::uint32_t another_uid = 1234;

Address address(std::string_view text) { return *parse_address(text); }

// ---- Socket calls

struct Name {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Name sockaddr_of(const Address& address, std::uint16_t port) {
    Name name;
    if (address.family == Family::Inet) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        std::memcpy(&in.sin_addr, address.bytes.data(), 4);
        std::memcpy(&name.storage, &in, name.length = sizeof in);
    } else {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(port);
        std::memcpy(&in.sin6_addr, address.bytes.data(), 16);
        std::memcpy(&name.storage, &in, name.length = sizeof in);
    }
    return name;
}

int domain_of(Family family) { return family == Family::Inet ? AF_INET : AF_INET6; }

int type_of(Protocol protocol) { return protocol == Protocol::Tcp ? SOCK_STREAM : SOCK_DGRAM; }

int bind_to(int fd, const Address& address, std::uint16_t port) {
    const Name name = sockaddr_of(address, port);
    return ::bind(fd, name.get(), name.length) == 0 ? 0 : errno;
}

int connect_to(int fd, const Address& address, std::uint16_t port) {
    const Name name = sockaddr_of(address, port);
    return ::connect(fd, name.get(), name.length) == 0 ? 0 : errno;
}

/// Without TIME_WAIT.
void reset(int fd) {
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(fd);
}

std::uint64_t inode_of(int fd) {
    struct stat status {};
    ::fstat(fd, &status);
    return status.st_ino;
}

/// A socket with the newcomer's user and options, not yet bound.
int open_socket(const Newcomer& newcomer) {
    const uid_t me = ::geteuid();
    if (*newcomer.uid != me && ::seteuid(*newcomer.uid) != 0) return -1;
    const int fd = ::socket(domain_of(newcomer.family), type_of(newcomer.protocol) | SOCK_NONBLOCK, 0);
    if (*newcomer.uid != me && ::seteuid(me) != 0) std::abort();
    const auto set = [&](int level, int option, bool value) {
        const int number = value ? 1 : 0;
        ::setsockopt(fd, level, option, &number, sizeof number);
    };
    if (newcomer.family == Family::Inet6) set(IPPROTO_IPV6, IPV6_V6ONLY, newcomer.v6only);
    set(SOL_SOCKET, SO_REUSEADDR, newcomer.reuseaddr);
    set(SOL_SOCKET, SO_REUSEPORT, newcomer.reuseport);
    char device[IF_NAMESIZE] = {};
    if (newcomer.device != 0 && ::if_indextoname(newcomer.device, device) != nullptr)
        ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, static_cast<socklen_t>(std::strlen(device)));
    return fd;
}

// ---- The namespace

/// A second interface, `dummy0`; false where the kernel has no such driver.
bool add_dummy() {
    struct {
        nlmsghdr header;
        ifinfomsg info;
        rtattr link;
        rtattr kind;
        char name[8];
    } request{};
    request.header = {sizeof request, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, 1, 0};
    request.link = {sizeof request.link + sizeof request.kind + sizeof request.name, IFLA_LINKINFO};
    request.kind = {sizeof request.kind + 5, IFLA_INFO_KIND};
    std::memcpy(request.name, "dummy", 5);
    const int fd = ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    ::send(fd, &request, sizeof request, 0);
    struct {
        nlmsghdr header;
        nlmsgerr error;
    } reply{};
    ::recv(fd, &reply, sizeof reply, 0);
    ::close(fd);
    return reply.error.error == 0;
}

/// lo up, with fd00::23 besides its own addresses. What is wrong, or an empty text.
std::string enter_namespace() {
    if (::unshare(::geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return fmt::format("no network namespace: {}", std::strerror(errno));
    const int fd = ::socket(AF_INET6, SOCK_DGRAM, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
    if (::ioctl(fd, SIOCSIFFLAGS, &request) != 0) return "lo does not come up";
    struct {
        in6_addr address;
        std::uint32_t prefix;
        int index;
    } added{};
    std::memcpy(&added.address, address("fd00::23").bytes.data(), 16);
    added.prefix = 128;
    added.index = 1;
    if (::ioctl(fd, SIOCSIFADDR, &added) != 0) return "lo takes no second IPv6 address";
    for (int i = 0; i < 1000 && bind_to(fd, address("fd00::23"), 0) != 0; ++i) ::usleep(1000);
    ::close(fd);
    return {};
}

// ---- The sockets of one round

struct Opened {
    int fd = -1;
    Newcomer made;
};

std::string written_down(const Newcomer& made) {
    return fmt::format("{} {}{}{}{} uid={} device={}", name_of(made.protocol),
                       written(made.address, made.port), made.v6only ? " v6only" : "",
                       made.reuseaddr ? " reuseaddr" : "", made.reuseport ? " reuseport" : "", *made.uid,
                       made.device);
}

std::string written_down(const PortTable& table) {
    std::string out;
    for (const PortHolder& holder : table.holders)
        out +=
            fmt::format("\n  inode {}: {} {} state={} reuseaddr={} reuseport={} v6only={} uid={} device={}",
                        table.sockets[holder.row].inode, holder.family == Family::Inet ? 4 : 6,
                        written(holder.address, table.port), static_cast<int>(holder.state),
                        static_cast<int>(holder.reuseaddr), static_cast<int>(holder.reuseport),
                        static_cast<int>(holder.v6only), holder.uid.value_or(0), holder.device);
    return out;
}

/// How often what happened.
class Tally {
public:
    void note(const std::string& what) { ++counts_[what]; }
    void mismatch() { ++mismatches_; }
    [[nodiscard]] int mismatches() const { return mismatches_; }
    void print() const {
        for (const auto& [what, count] : counts_) fmt::print("{:>8} {}\n", count, what);
        fmt::print("{:>8} mismatches\n", mismatches_);
    }

private:
    std::map<std::string, int> counts_;
    int mismatches_ = 0;
};

class Round {
public:
    Round(std::mt19937& random, Tally& tally, const PortFacts& facts, Protocol protocol, std::uint16_t port,
          std::uint32_t devices)
        : random_(random), tally_(tally), protocol_(protocol), port_(port), devices_(devices),
          options_(facts.options) {
        host_.first_unprivileged = facts.first_unprivileged.value_or(1024);
        host_.is_local = facts.is_local;
        host_.may_bind_low = facts.may_bind_low;
    }
    Round(const Round&) = delete;
    Round& operator=(const Round&) = delete;
    ~Round() {
        for (const Opened& socket : sockets_) reset(socket.fd);
        for (const int fd : peers_) reset(fd);
    }

    void step() {
        try_bind();
        switch (pick(10)) {
        case 0:
            return close_one();
        case 1:
            return listen_late();
        case 2:
            return connect_out();
        case 3:
            return connect_in();
        default:
            return;
        }
    }

    void check_answers() {
        for (const std::string_view to : destinations) check_answer(address(to));
    }

private:
    std::uint32_t pick(std::uint32_t below) { return random_() % below; }

    Opened& any_socket() { return sockets_[pick(static_cast<std::uint32_t>(sockets_.size()))]; }

    [[nodiscard]] PortTable read() const {
        return read_port_table({live_host(), true, live_blocks}, protocol_, port_, options_,
                               [](const Problem& problem) { ADD_FAILURE() << problem.text; });
    }

    /// As a user sees them who may not ask other processes' sockets for their options.
    static std::vector<PortHolder> without_options(const PortTable& table) {
        std::vector<PortHolder> holders;
        for (const SocketRecord& socket : table.sockets)
            holders.push_back(holder_of(socket, linux_system, holders.size()));
        return holders;
    }

    Newcomer random_newcomer() {
        const bool root = ::geteuid() == 0;
        Newcomer newcomer;
        newcomer.protocol = protocol_;
        newcomer.address = address(addresses[pick(std::size(addresses))]);
        newcomer.family = newcomer.address.family;
        newcomer.port = port_;
        newcomer.v6only = newcomer.family == Family::Inet6 && !is_v4_mapped(newcomer.address) && pick(2) == 0;
        newcomer.reuseaddr = pick(2) == 0;
        newcomer.reuseport = pick(2) == 0;
        newcomer.uid = root && pick(3) == 0 ? another_uid : ::geteuid();
        if (pick(6) == 0) newcomer.device = 1 + pick(devices_);
        return newcomer;
    }

    /// A verdict may be `depends`; if it is not, it must be what happened.
    void check(std::string_view who, const BindVerdict& verdict, int error, const Newcomer& newcomer,
               const PortTable& table) {
        const std::string label = fmt::format("{} bind as {}", name_of(protocol_), who);
        if (verdict.outcome == Outcome::Depends) {
            tally_.note(fmt::format("{}: depends (doubt {}), was {}", label, static_cast<int>(verdict.doubt),
                                    error == 0 ? "ok" : "refused"));
            const bool allowed = verdict.doubt != Doubt::ReuseportCache || newcomer.reuseport;
            if (!allowed) tally_.mismatch();
            EXPECT_TRUE(allowed);
            return;
        }
        const bool ok = verdict.outcome == Outcome::Ok;
        tally_.note(fmt::format("{}: {}", label, ok ? "ok" : "refused"));
        const bool right = ok ? error == 0 : error == EADDRINUSE && verdict.error == "EADDRINUSE";
        if (!right) tally_.mismatch();
        EXPECT_TRUE(right) << who << ": " << written_down(newcomer) << " was " << std::strerror(error)
                           << written_down(table);
    }

    void try_bind() {
        const Newcomer newcomer = random_newcomer();
        const PortTable table = read();
        const BindVerdict all = can_bind(host_, newcomer, table.holders).verdict;
        const BindVerdict some = can_bind(host_, newcomer, without_options(table)).verdict;
        const int fd = open_socket(newcomer);
        ASSERT_GE(fd, 0) << std::strerror(errno);
        int error = bind_to(fd, newcomer.address, port_);
        const bool listens = protocol_ == Protocol::Tcp && pick(3) != 0;
        if (error == 0 && listens) error = ::listen(fd, 8) == 0 ? 0 : errno;
        check("root", all, error, newcomer, table);
        check("user", some, error, newcomer, table);
        if (error == 0)
            sockets_.push_back({fd, newcomer});
        else
            ::close(fd);
    }

    void close_one() {
        if (sockets_.empty()) return;
        const std::size_t at = pick(static_cast<std::uint32_t>(sockets_.size()));
        reset(sockets_[at].fd);
        sockets_.erase(sockets_.begin() + static_cast<std::ptrdiff_t>(at));
    }

    /// listen(2) asks once more whether the port may be had.
    void listen_late() {
        if (protocol_ != Protocol::Tcp || sockets_.empty()) return;
        const Opened& socket = any_socket();
        const PortTable table = read();
        std::vector<PortHolder> others;
        const PortHolder* self = nullptr;
        for (const PortHolder& holder : table.holders) {
            if (table.sockets[holder.row].inode == inode_of(socket.fd))
                self = &holder;
            else
                others.push_back(holder);
        }
        if (self == nullptr || self->state != State::Bound) return;
        const BindVerdict verdict = can_bind(host_, socket.made, others).verdict;
        check("root, late", verdict, ::listen(socket.fd, 8) == 0 ? 0 : errno, socket.made, table);
    }

    /// What a client of a socket bound to `address` connects to.
    static Address loopback_for(const Address& bound) {
        const Address inner = unmapped(bound);
        if (!is_unspecified(inner)) return inner;
        return address(inner.family == Family::Inet ? "127.0.0.1" : "::1");
    }

    static Address as_family(const Address& destination, const Newcomer& socket) {
        if (socket.family == Family::Inet || destination.family == Family::Inet6) return destination;
        Address mapped = address("::ffff:0.0.0.0");
        std::copy_n(destination.bytes.begin(), 4, mapped.bytes.begin() + 12);
        return mapped;
    }

    /// One of our sockets becomes the near end of a connection.
    void connect_out() {
        if (sockets_.empty()) return;
        const Opened& socket = any_socket();
        const Address to = as_family(loopback_for(socket.made.address), socket.made);
        if (connect_to(socket.fd, to, helper_port) == 0) tally_.note("connected out");
    }

    /// A client connects; the accepted child stays, or leaves a TIME_WAIT or FIN_WAIT_2 behind.
    void connect_in() {
        if (protocol_ != Protocol::Tcp || sockets_.empty()) return;
        const Address to = loopback_for(any_socket().made.address);
        const int client = ::socket(domain_of(to.family), SOCK_STREAM, 0);
        if (connect_to(client, to, port_) != 0) {
            ::close(client);
            return;
        }
        peers_.push_back(client);
        if (pick(4) == 0) return; // stays in the accept queue
        for (std::size_t i = 0; i < sockets_.size(); ++i) {
            const int child = ::accept4(sockets_[i].fd, nullptr, nullptr, SOCK_NONBLOCK);
            if (child < 0) continue;
            Newcomer made = sockets_[i].made;
            made.uid = ::geteuid();
            if (pick(2) == 0) {
                sockets_.push_back({child, made});
                tally_.note("accepted");
                return;
            }
            ::close(child);
            if (pick(2) == 0) {
                peers_.pop_back();
                ::close(client);
            }
            tally_.note("left behind");
            return;
        }
    }

    /// The inode of the socket that really gets it; 0: nobody.
    std::uint64_t really(const Address& destination) {
        const int client = ::socket(domain_of(destination.family), type_of(protocol_), 0);
        std::uint64_t who = 0;
        const auto found = [&](int fd) {
            EXPECT_EQ(who, 0U) << "received twice";
            who = inode_of(fd);
        };
        if (protocol_ == Protocol::Udp) {
            const Name name = sockaddr_of(destination, port_);
            ::sendto(client, "x", 1, 0, name.get(), name.length);
            char byte = 0;
            for (const Opened& socket : sockets_)
                if (::recv(socket.fd, &byte, 1, MSG_DONTWAIT) == 1) found(socket.fd);
            ::close(client);
            return who;
        }
        sockaddr_storage own{};
        socklen_t length = sizeof own;
        const bool connected = connect_to(client, destination, port_) == 0;
        ::getsockname(client, reinterpret_cast<sockaddr*>(&own), &length);
        for (const Opened& socket : sockets_) {
            sockaddr_storage peer{};
            length = sizeof peer;
            int fd = -1;
            // Others may wait in the queue since connect_in().
            while (connected &&
                   (fd = ::accept(socket.fd, reinterpret_cast<sockaddr*>(&peer), &length)) >= 0) {
                const in_port_t port = reinterpret_cast<const sockaddr_in*>(&peer)->sin_port;
                if (port == reinterpret_cast<const sockaddr_in*>(&own)->sin_port) found(socket.fd);
                reset(fd);
                length = sizeof peer;
            }
        }
        reset(client);
        EXPECT_EQ(connected, who != 0);
        return who;
    }

    void check_answer(const Address& destination) {
        const PortTable table = read();
        const AnswerVerdict all = who_answers(host_, protocol_, destination, port_, table.holders).verdict;
        const AnswerVerdict some =
            who_answers(host_, protocol_, destination, port_, without_options(table)).verdict;
        const std::uint64_t who = really(destination);
        for (const auto& [label, verdict] : {std::pair("root", &all), std::pair("user", &some)}) {
            const bool named = std::any_of(verdict->who.begin(), verdict->who.end(),
                                           [&](std::size_t row) { return table.sockets[row].inode == who; });
            const bool right = who != 0 ? named : verdict->who.empty() || verdict->maybe_nobody;
            const std::string_view what = who == 0 ? "nobody" : "one";
            tally_.note(verdict->doubt == Doubt::None
                            ? fmt::format("{} answer as {}: {}", name_of(protocol_), label, what)
                            : fmt::format("{} answer as {}: depends (doubt {})", name_of(protocol_), label,
                                          static_cast<int>(verdict->doubt)));
            if (!right) tally_.mismatch();
            EXPECT_TRUE(right) << label << ": " << written(destination, port_) << " went to inode " << who
                               << written_down(table);
        }
    }

    std::mt19937& random_;
    Tally& tally_;
    Protocol protocol_;
    std::uint16_t port_;
    std::uint32_t devices_;
    std::function<SocketOptions(const Holder&)> options_;
    PortHost host_;
    std::vector<Opened> sockets_;
    std::vector<int> peers_;
};

int number_of(const char* variable, int otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::atoi(text);
}

/// A dual-stack listener that our sockets connect to.
int helper_listener() {
    const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
    const int off = 0;
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    bind_to(fd, address("::"), helper_port);
    ::listen(fd, 4096);
    return fd;
}

/// An earlier kernel refuses an address for a socket that it does not tell of.
std::string missing_to_predict() {
    Newcomer made;
    made.address = address("127.0.0.1");
    const int fd = open_socket(made);
    bind_to(fd, made.address, helper_port);
    const PortTable table = read_port_table({live_host(), true, live_blocks}, Protocol::Tcp, helper_port,
                                            live_port_facts().options, [](const Problem&) {});
    ::close(fd);
    return table.holders.empty() ? "this kernel does not tell bound sockets (Linux 6.8 does)" : "";
}

void predict_and_do() {
    const int rounds = number_of("NETSTAT46_ROUNDS", 500);
    std::mt19937 random(static_cast<std::uint32_t>(number_of("NETSTAT46_SEED", 46)));
    const std::uint32_t devices = add_dummy() ? 2 : 1;
    PortFacts facts = live_port_facts();
    Tally tally;
    int helper = helper_listener();
    for (int round = 0; round < rounds && tally.mismatches() < 10; ++round) {
        const Protocol protocol = round % 2 == 0 ? Protocol::Tcp : Protocol::Udp;
        Round one(random, tally, facts, protocol, static_cast<std::uint16_t>(2000 + round % 30000), devices);
        const std::uint32_t steps = round % 50 < 2 ? 30 : 1 + random() % 8;
        for (std::uint32_t i = 0; i < steps; ++i) one.step();
        one.check_answers();
        if (round % 1000 == 999) helper = (::close(helper), helper_listener());
    }
    ::close(helper);
    tally.print();
    EXPECT_EQ(tally.mismatches(), 0);
}

/// docker's sockets, and a real Python that wants the port.
void python_is_refused() {
    std::vector<int> docker;
    for (const std::string_view where : {"0.0.0.0", "::1"}) {
        Newcomer made;
        made.address = address(where);
        made.family = made.address.family;
        made.reuseaddr = true;
        made.uid = ::geteuid();
        docker.push_back(open_socket(made));
        ASSERT_EQ(bind_to(docker.back(), made.address, 8888), 0);
        ASSERT_EQ(::listen(docker.back(), 8), 0);
    }
    Newcomer python;
    python.address = address("0.0.0.0");
    python.port = 8888;
    python.uid = ::geteuid();
    const PortFacts facts = live_port_facts();
    const PortTable table = read_port_table({live_host(), true, live_blocks}, Protocol::Tcp, 8888,
                                            facts.options, [](const Problem&) {});
    const BindVerdict verdict = can_bind({}, python, table.holders).verdict;
    EXPECT_EQ(verdict.error, "EADDRINUSE");
    ASSERT_EQ(verdict.because.size(), 1U);
    EXPECT_EQ(table.sockets[verdict.because.front()].inode, inode_of(docker.front()));
    const int status = std::system("command -v python3 >/dev/null || exit 77; python3 -c '"
                                   "import errno, socket, sys\n"
                                   "s = socket.socket()\n"
                                   "try: s.bind((\"0.0.0.0\", 8888))\n"
                                   "except OSError as e: sys.exit(3 if e.errno == errno.EADDRINUSE else 4)'");
    for (const int fd : docker) ::close(fd);
    if (WEXITSTATUS(status) == 77)
        fmt::print("no python3: it is not asked\n");
    else
        EXPECT_EQ(WEXITSTATUS(status), 3);
}

std::string nothing_missing() { return {}; }

/// Runs `body` in a child that is in a namespace of its own, unless something is missing there.
void in_namespace(void (*body)(), std::string (*missing_for)() = nothing_missing) {
    constexpr int skipped = 77;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        std::string missing = enter_namespace();
        if (missing.empty()) missing = missing_for();
        if (missing.empty())
            body();
        else
            fmt::print("{}\n", missing);
        std::fflush(stdout);
        ::_exit(!missing.empty() ? skipped : testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == skipped) GTEST_SKIP() << "what is missing stands above";
    EXPECT_EQ(status, 0);
}

TEST(PortsLive, PredictsWhatLinuxDoes) { in_namespace(predict_and_do, missing_to_predict); }

TEST(PortsLive, PythonIsRefusedAsForetold) { in_namespace(python_is_refused); }

} // namespace
} // namespace netstat46
