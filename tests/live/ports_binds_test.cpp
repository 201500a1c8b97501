// Linux's bind rules against the kernel itself, in a network namespace of our own: random sockets on one
// port, read as the program reads them; what is predicted is then done for real.
//   NETSTAT46_ROUNDS  how many sets of sockets (400)
//   NETSTAT46_SEED    where the random numbers begin (46)
#include "ports_kit.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ports/target.hpp"
#include "record/address.hpp"

namespace netstat46::live::ports {
namespace {

/// An earlier kernel refuses an address for a socket that it does not list.
bool tells_bound_sockets(const PortFacts& facts) {
    BindRequest made;
    made.address = address("127.0.0.1");
    made.uid = ::geteuid();
    const int fd = open_socket(made);
    bind_to(fd, made.address, helper_port);
    const bool told = !table_of(Protocol::Tcp, helper_port, facts).bound_sockets.empty();
    ::close(fd);
    if (!told) fmt::print("this kernel does not tell bound sockets (Linux 6.8 does)\n");
    return told;
}

/// What was asked, of whom, and what the kernel did.
struct Try {
    std::string_view who;
    const BindVerdict& verdict;
    int error;
    const BindRequest& request;
    const PortTable& table;
};

/// A verdict may be `depends`; if it is not, it must be what happened.
void check(Tally& tally, const Try& done) {
    const BindVerdict& verdict = done.verdict;
    const std::string label = fmt::format("{} bind as {}", name_of(done.request.protocol), done.who);
    if (verdict.outcome == Outcome::Depends) {
        tally.note(fmt::format("{}: depends (doubt {}), was {}", label, static_cast<int>(verdict.doubt),
                               done.error == 0 ? "ok" : "refused"));
        EXPECT_TRUE(verdict.doubts.empty() || verdict.doubts.size() == verdict.because.size());
        return;
    }
    const bool ok = verdict.outcome == Outcome::Ok;
    tally.note(fmt::format("{}: {}", label, ok ? "ok" : "refused"));
    const bool right = ok ? done.error == 0 : done.error == EADDRINUSE && verdict.error == "EADDRINUSE";
    tally.check(right);
    EXPECT_TRUE(right) << done.who << ": " << written_down(done.request) << " was "
                       << std::strerror(done.error) << written_down(done.table);
}

class Round {
public:
    Round(std::mt19937& random, Tally& tally, const PortFacts& facts, Protocol protocol, std::uint16_t port,
          const Interfaces& interfaces)
        : sockets_(random, tally, protocol, port, interfaces), tally_(tally), facts_(facts),
          host_(host_of(facts)), protocol_(protocol), port_(port) {}

    void step() {
        try_bind();
        switch (sockets_.pick(10)) {
        case 0:
            return sockets_.close_one();
        case 1:
            return listen_late();
        case 2:
            return sockets_.connect_out();
        case 3:
            return sockets_.connect_in();
        default:
            return;
        }
    }

private:
    void try_bind() {
        const BindRequest request = sockets_.random_request();
        const PortTable table = table_of(protocol_, port_, facts_);
        const BindVerdict all = can_bind(host_, request, table.bound_sockets).verdict;
        const BindVerdict some = can_bind(host_, request, without_options(table)).verdict;
        const int fd = open_socket(request);
        ASSERT_GE(fd, 0) << std::strerror(errno);
        int error = bind_to(fd, request.address, port_);
        const bool listens = protocol_ == Protocol::Tcp && sockets_.pick(3) != 0;
        if (error == 0 && listens) error = ::listen(fd, 8) == 0 ? 0 : errno;
        check(tally_, {"root", all, error, request, table});
        check(tally_, {"user", some, error, request, table});
        if (error == 0)
            sockets_.keep(fd, request);
        else
            ::close(fd);
    }

    /// listen(2) asks once more whether the port may be had.
    void listen_late() {
        if (protocol_ != Protocol::Tcp || sockets_.all().empty()) return;
        const Sockets::Opened& socket = sockets_.any();
        const PortTable table = table_of(protocol_, port_, facts_);
        std::vector<BoundSocket> others;
        const BoundSocket* self = nullptr;
        for (const BoundSocket& bound : table.bound_sockets) {
            if (table.sockets[bound.row].inode == inode_of(socket.fd))
                self = &bound;
            else
                others.push_back(bound);
        }
        if (self == nullptr || self->state != State::Bound) return;
        const BindVerdict verdict = can_bind(host_, socket.made, others).verdict;
        check(tally_, {"root, late", verdict, ::listen(socket.fd, 8) == 0 ? 0 : errno, socket.made, table});
    }

    Sockets sockets_;
    Tally& tally_;
    const PortFacts& facts_;
    PortHost host_;
    Protocol protocol_;
    std::uint16_t port_;
};

void predict_and_bind(const Interfaces& interfaces) {
    const PortFacts facts = live_port_facts();
    if (!tells_bound_sockets(facts)) return;
    const int rounds = number_of("NETSTAT46_ROUNDS", 400);
    std::mt19937 random(static_cast<std::uint32_t>(number_of("NETSTAT46_SEED", 46)));
    Tally tally;
    const auto began = std::chrono::steady_clock::now();
    int helper = helper_listener();
    for (int round = 0; round < rounds && tally.mismatches() < 10 && has_time(began); ++round) {
        const Protocol protocol = round % 2 == 0 ? Protocol::Tcp : Protocol::Udp;
        Round one(random, tally, facts, protocol, static_cast<std::uint16_t>(2000 + round % 30000),
                  interfaces);
        const std::uint32_t steps = round % 50 < 2 ? 30 : 1 + random() % 8;
        for (std::uint32_t i = 0; i < steps; ++i) one.step();
        if (round % 1000 == 999) helper = (::close(helper), helper_listener());
    }
    ::close(helper);
    tally.print();
    EXPECT_EQ(tally.mismatches(), 0);
}

// ---- Every pair of addresses, as the kernel's own tests go through them

struct Kind {
    std::string_view address;
    bool v6only;
};

constexpr Kind kinds[] = {
    {"0.0.0.0", false},
    {"127.0.0.1", false},
    {"127.0.0.2", false},
    {"::", false},
    {"::", true},
    {"::1", false},
    {"::1", true},
    {"fd00::23", false},
    {"::ffff:0.0.0.0", false},
    {"::ffff:127.0.0.1", false},
};

BindRequest of_kind(Protocol protocol, const Kind& kind, std::uint16_t port, unsigned options) {
    BindRequest request;
    request.protocol = protocol;
    request.address = address(kind.address);
    request.family = request.address.family;
    request.port = port;
    request.v6only = kind.v6only;
    request.reuseaddr = (options & 1) != 0;
    request.reuseport = (options & 2) != 0;
    request.uid = ::geteuid();
    return request;
}

/// One holds the port, listening or not; another wants it. `options`: two bits of each.
void try_pair(Tally& tally, const PortFacts& facts, const BindRequest& first, const BindRequest& second,
              bool listens) {
    const int bound = open_socket(first);
    ASSERT_EQ(bind_to(bound, first.address, first.port), 0) << written_down(first);
    if (listens) {
        ASSERT_EQ(::listen(bound, 8), 0);
    }
    const PortTable table = table_of(first.protocol, first.port, facts);
    const BindVerdict verdict = can_bind(host_of(facts), second, table.bound_sockets).verdict;
    const int fd = open_socket(second);
    int error = bind_to(fd, second.address, second.port);
    if (error == 0 && second.protocol == Protocol::Tcp) error = ::listen(fd, 8) == 0 ? 0 : errno;
    check(tally, {"root", verdict, error, second, table});
    const BoundSocket self = bound_socket(second);
    const bool dual = self.ipv4 == Tristate::Yes && self.ipv6 == Tristate::Yes;
    EXPECT_TRUE(verdict.outcome != Outcome::Depends || (second.reuseport && (!listens || dual)))
        << written_down(second) << written_down(table);
    ::close(fd);
    ::close(bound);
}

void every_pair(const Interfaces& /*interfaces*/) {
    const PortFacts facts = live_port_facts();
    if (!tells_bound_sockets(facts)) return;
    Tally tally;
    std::uint16_t port = 3000;
    for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp})
        for (const Kind& one : kinds)
            for (const Kind& other : kinds)
                for (const unsigned options : {0U, 5U, 8U, 10U, 15U}) {
                    ++port;
                    const BindRequest first = of_kind(protocol, one, port, options & 3);
                    const BindRequest second = of_kind(protocol, other, port, options >> 2);
                    try_pair(tally, facts, first, second, protocol == Protocol::Tcp && port % 3 != 0);
                }
    tally.print();
    EXPECT_EQ(tally.mismatches(), 0);
}

// ---- A program that is not ours

/// docker's sockets, and a real Python that wants the port.
void python_is_refused(const Interfaces& /*interfaces*/) {
    std::vector<int> docker;
    for (const std::string_view where : {"0.0.0.0", "::1"}) {
        BindRequest made;
        made.address = address(where);
        made.family = made.address.family;
        made.reuseaddr = true;
        made.uid = ::geteuid();
        docker.push_back(open_socket(made));
        ASSERT_EQ(bind_to(docker.back(), made.address, 8888), 0);
        ASSERT_EQ(::listen(docker.back(), 8), 0);
    }
    BindRequest python;
    python.address = address("0.0.0.0");
    python.port = 8888;
    python.uid = ::geteuid();
    const PortTable table = table_of(Protocol::Tcp, 8888, live_port_facts());
    const BindVerdict verdict = can_bind(host_of(live_port_facts()), python, table.bound_sockets).verdict;
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

/// vxlan's socket, which no process holds.
void kernel_socket_refuses(const Interfaces& /*interfaces*/) {
    if (std::system("ip link add vx46 type vxlan id 46 dstport 4789 2>/dev/null && ip link set vx46 up") !=
        0) {
        fmt::print("no vxlan: it is not asked\n");
        return;
    }
    const PortFacts facts = live_port_facts();
    const PortTable table = table_of(Protocol::Udp, 4789, facts);
    ASSERT_FALSE(table.bound_sockets.empty());
    if (!is_kernels_own(table.sockets.front(), table.tables, table.host)) {
        fmt::print("not every process is seen from here: the kernel's sockets are not known\n");
        return;
    }
    Tally tally;
    for (const unsigned options : {0U, 1U, 2U, 3U}) {
        const BindRequest request = of_kind(Protocol::Udp, {"0.0.0.0", false}, 4789, options);
        const BindVerdict verdict = can_bind(host_of(facts), request, table.bound_sockets).verdict;
        EXPECT_EQ(verdict.outcome, Outcome::Refused);
        const int fd = open_socket(request);
        check(tally, {"root", verdict, bind_to(fd, request.address, 4789), request, table});
        ::close(fd);
    }
    EXPECT_EQ(tally.mismatches(), 0);
}

TEST(PortsLive, PredictsWhatBindDoes) { in_namespace(predict_and_bind); }

TEST(PortsLive, PredictsEveryPairOfAddresses) { in_namespace(every_pair); }

TEST(PortsLive, PythonIsRefusedAsForetold) { in_namespace(python_is_refused); }

TEST(PortsLive, TheKernelsOwnSocketRefusesCertainly) { in_namespace(kernel_socket_refuses); }

} // namespace
} // namespace netstat46::live::ports
