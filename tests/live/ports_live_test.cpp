// Linux's port rules against the kernel: random sockets on one port in a network namespace of our own; what
// the rules predict is then done for real.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "format/address.hpp"
#include "ports/rules.hpp"

namespace netstat46 {
namespace {

constexpr std::string_view addresses[] = {
    "0.0.0.0", "127.0.0.1", "127.0.0.2", "::", "::1", "fd00::23", "::ffff:127.0.0.1", "::ffff:0.0.0.0",
};
constexpr std::string_view destinations[] = {"127.0.0.1", "127.0.0.2", "::1", "fd00::23"};

Address address(std::string_view text) { return *parse_address(text); }

struct Name {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Name name_of(const Address& address, std::uint16_t port) {
    Name name;
    if (address.family == Family::Inet) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        std::memcpy(&in.sin_addr, address.bytes.data(), 4);
        std::memcpy(&name.storage, &in, sizeof in);
        name.length = sizeof in;
    } else {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(port);
        std::memcpy(&in.sin6_addr, address.bytes.data(), 16);
        std::memcpy(&name.storage, &in, sizeof in);
        name.length = sizeof in;
    }
    return name;
}

/// One socket that the test opened, and what is known of it.
struct Opened {
    int fd = -1;
    Newcomer made;
    bool listening = false;
    bool connected = false;
    Address local; ///< of a connected one
};

class World {
public:
    explicit World(std::uint32_t seed) : random_(seed) {}
    ~World() { clear(); }

    void clear() {
        for (const Opened& socket : sockets_) ::close(socket.fd);
        sockets_.clear();
        for (const int fd : peers_) ::close(fd);
        peers_.clear();
    }

    void close_one() {
        if (sockets_.empty()) return;
        const auto one =
            sockets_.begin() + static_cast<std::ptrdiff_t>(pick(static_cast<std::uint32_t>(sockets_.size())));
        const linger reset{1, 0};
        ::setsockopt(one->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        ::close(one->fd);
        sockets_.erase(one);
    }

    std::uint32_t pick(std::uint32_t below) { return random_() % below; }

    Newcomer random_newcomer(Protocol protocol, std::uint16_t port, bool root) {
        Newcomer newcomer;
        newcomer.protocol = protocol;
        newcomer.address = address(addresses[pick(std::size(addresses))]);
        newcomer.family = newcomer.address.family;
        newcomer.port = port;
        newcomer.v6only = newcomer.family == Family::Inet6 && !is_v4_mapped(newcomer.address) && pick(2) == 0;
        newcomer.reuseaddr = pick(2) == 0;
        newcomer.reuseport = pick(2) == 0;
        newcomer.uid = root && pick(3) == 0 ? 1234 : ::geteuid();
        if (root && devices_ != 0 && pick(6) == 0) newcomer.device = 1 + pick(devices_);
        return newcomer;
    }

    /// A socket with the newcomer's options, not yet bound.
    static int open(const Newcomer& newcomer) {
        const uid_t me = ::geteuid();
        if (*newcomer.uid != me && ::seteuid(*newcomer.uid) != 0) return -1;
        const int fd =
            ::socket(newcomer.family == Family::Inet ? AF_INET : AF_INET6,
                     (newcomer.protocol == Protocol::Tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0);
        if (*newcomer.uid != me && ::seteuid(me) != 0) std::abort();
        const auto set = [&](int level, int option, int value) {
            ::setsockopt(fd, level, option, &value, sizeof value);
        };
        if (newcomer.family == Family::Inet6) set(IPPROTO_IPV6, IPV6_V6ONLY, newcomer.v6only ? 1 : 0);
        set(SOL_SOCKET, SO_REUSEADDR, newcomer.reuseaddr ? 1 : 0);
        set(SOL_SOCKET, SO_REUSEPORT, newcomer.reuseport ? 1 : 0);
        if (newcomer.device != 0) {
            char name[IF_NAMESIZE] = {};
            if (::if_indextoname(newcomer.device, name) != nullptr)
                ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name,
                             static_cast<socklen_t>(std::strlen(name)));
        }
        return fd;
    }

    /// In the order in which the kernel meets them: newest first, AF_INET6 with SO_REUSEPORT at the tail.
    [[nodiscard]] std::vector<PortHolder> holders() const {
        std::vector<PortHolder> head;
        std::vector<PortHolder> tail;
        for (std::size_t i = 0; i < sockets_.size(); ++i) {
            const Opened& socket = sockets_[i];
            PortHolder holder = holder_of(socket.made);
            if (socket.connected) {
                Newcomer as = socket.made;
                as.address = socket.local;
                holder = holder_of(as);
                holder.connected = true;
                const bool specific = !is_unspecified(unmapped(socket.made.address));
                if (holder.address.family == Family::Inet6)
                    holder.v6only = truth(socket.made.v6only || specific);
            }
            holder.state = socket.connected   ? State::Established
                           : socket.listening ? State::Listen
                                              : State::Bound;
            holder.row = i;
            if (holder.family == Family::Inet6 && socket.made.reuseport)
                tail.push_back(holder);
            else
                head.insert(head.begin(), holder);
        }
        head.insert(head.end(), tail.begin(), tail.end());
        std::vector<PortHolder> holders = head;
        rows_.clear();
        for (PortHolder& holder : holders) {
            rows_.push_back(holder.row);
            holder.row = rows_.size() - 1;
        }
        return holders;
    }

    [[nodiscard]] std::string describe() const {
        std::string out;
        for (const Opened& socket : sockets_) out += fmt::format("\n  {}", describe(socket));
        return out;
    }

    static std::string describe(const Newcomer& made) {
        Text text;
        put_address(text, made.address);
        return fmt::format("{} {}{}{}{} uid={} dev={}", made.protocol == Protocol::Tcp ? "tcp" : "udp",
                           fmt::to_string(text), made.v6only ? " v6only" : "",
                           made.reuseaddr ? " reuseaddr" : "", made.reuseport ? " reuseport" : "", *made.uid,
                           made.device);
    }

    static std::string describe(const Opened& socket) {
        return describe(socket.made) + (socket.listening ? " LISTEN" : socket.connected ? " CONNECTED" : "");
    }

    std::uint32_t devices_ = 1;
    std::mt19937 random_;
    std::vector<Opened> sockets_;
    std::vector<int> peers_;
    mutable std::vector<std::size_t> rows_; ///< holder row to index in sockets_
};

struct Tally {
    std::map<std::string, int> counts;
    int mismatches = 0;

    void note(const std::string& what) { ++counts[what]; }
    void report() const {
        for (const auto& [what, count] : counts) fmt::print("{:>8} {}\n", count, what);
    }
};

void check_bind(const BindVerdict& verdict, int error, const World& world, const std::string& what,
                Tally& tally) {
    const std::string protocol = what.substr(0, 3);
    if (verdict.outcome == Outcome::Depends) {
        tally.note(fmt::format("{} bind depends (doubt {}), was {}", protocol,
                               static_cast<int>(verdict.doubt), error == 0 ? "ok" : "refused"));
        return;
    }
    tally.note(fmt::format("{} bind {}", protocol, verdict.outcome == Outcome::Ok ? "ok" : "refused"));
    const int predicted = verdict.outcome == Outcome::Ok ? 0 : EADDRINUSE;
    if (predicted != error) ++tally.mismatches;
    EXPECT_EQ(predicted, error) << what << world.describe();
}

void try_bind(World& world, Protocol protocol, std::uint16_t port, bool root, Tally& tally) {
    const Newcomer newcomer = world.random_newcomer(protocol, port, root);
    const BindVerdict verdict = linux_bind(newcomer, world.holders());
    const int fd = World::open(newcomer);
    ASSERT_GE(fd, 0);
    const Name name = name_of(newcomer.address, port);
    int error = ::bind(fd, name.get(), name.length) == 0 ? 0 : errno;
    const bool bound = error == 0;
    bool listening = false;
    if (bound && protocol == Protocol::Tcp && world.pick(3) != 0) {
        error = ::listen(fd, 8) == 0 ? 0 : errno;
        listening = error == 0;
    }
    check_bind(verdict, error, world, world.describe(newcomer), tally);
    if (bound && error == 0)
        world.sockets_.push_back({fd, newcomer, listening, false, {}});
    else
        ::close(fd);
}

/// Who really gets it: an index into the world's sockets, or nothing.
std::optional<std::size_t> really(World& world, const Address& destination, std::uint16_t port,
                                  Protocol protocol) {
    const bool tcp = protocol == Protocol::Tcp;
    const int client =
        ::socket(destination.family == Family::Inet ? AF_INET : AF_INET6, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    const Name name = name_of(destination, port);
    std::optional<std::size_t> who;
    if (tcp) {
        const bool connected = ::connect(client, name.get(), name.length) == 0;
        for (std::size_t i = 0; i < world.sockets_.size() && connected; ++i) {
            if (!world.sockets_[i].listening) continue;
            const int fd = ::accept(world.sockets_[i].fd, nullptr, nullptr);
            if (fd < 0) continue;
            EXPECT_FALSE(who) << "accepted twice";
            who = i;
            const linger reset{1, 0};
            ::setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
            ::close(client);
            ::close(fd);
        }
        EXPECT_EQ(connected, who.has_value());
        if (who) return who;
    } else {
        ::sendto(client, "x", 1, 0, name.get(), name.length);
        for (std::size_t i = 0; i < world.sockets_.size(); ++i) {
            char byte = 0;
            if (::recv(world.sockets_[i].fd, &byte, 1, MSG_DONTWAIT) == 1) {
                EXPECT_FALSE(who) << "delivered twice";
                who = i;
            }
        }
    }
    ::close(client);
    return who;
}

void check_answers(World& world, std::uint16_t port, Protocol protocol, Tally& tally) {
    for (const std::string_view to : destinations) {
        const Address destination = address(to);
        const AnswerVerdict verdict = linux_answer(destination, world.holders());
        std::vector<std::size_t> who;
        for (const std::size_t row : verdict.who) who.push_back(world.rows_[row]);
        const auto real = really(world, destination, port, protocol);
        const char* name = protocol == Protocol::Tcp ? "tcp" : "udp";
        const bool allowed = real ? std::find(who.begin(), who.end(), *real) != who.end()
                                  : who.empty() || verdict.maybe_nobody;
        tally.note(verdict.doubt == Doubt::None
                       ? fmt::format("{} answer {}", name, real ? "one" : "nobody")
                       : fmt::format("{} answer doubt {}", name, static_cast<int>(verdict.doubt)));
        if (!allowed) ++tally.mismatches;
        EXPECT_TRUE(allowed) << to << " got " << (real ? World::describe(world.sockets_[*real]) : "nobody")
                             << ", predicted " << testing::PrintToString(who) << world.describe();
    }
}

/// A connection through one of the sockets, so that connected sockets and accepted children hold the port.
void try_connect(World& world, Protocol protocol, std::uint16_t port) {
    if (world.sockets_.empty()) return;
    Opened& socket = world.sockets_[world.pick(static_cast<std::uint32_t>(world.sockets_.size()))];
    if (socket.connected) return;
    if (protocol == Protocol::Udp) {
        Name peer = name_of(address(socket.made.family == Family::Inet  ? "127.0.0.1"
                                    : is_v4_mapped(socket.made.address) ? "::ffff:127.0.0.1"
                                                                        : "::1"),
                            9);
        if (::connect(socket.fd, peer.get(), peer.length) != 0) return;
    } else if (socket.listening) {
        const Address inner = unmapped(socket.made.address);
        const Address to =
            !is_unspecified(inner) ? inner : address(inner.family == Family::Inet ? "127.0.0.1" : "::1");
        const int client = ::socket(to.family == Family::Inet ? AF_INET : AF_INET6, SOCK_STREAM, 0);
        const Name name = name_of(to, port);
        if (::connect(client, name.get(), name.length) != 0) {
            ::close(client);
            return;
        }
        for (std::size_t i = 0; i < world.sockets_.size(); ++i) {
            if (!world.sockets_[i].listening) continue;
            const int fd = ::accept4(world.sockets_[i].fd, nullptr, nullptr, SOCK_NONBLOCK);
            if (fd < 0) continue;
            Opened child = world.sockets_[i];
            child.fd = fd;
            child.listening = false;
            if (!is_unspecified(unmapped(child.made.address)))
                child.made.v6only = child.made.family == Family::Inet6;
            child.connected = true;
            child.made.uid = ::geteuid(); // who accepts owns it
            child.local = to;
            world.sockets_.push_back(child);
            break;
        }
        world.peers_.push_back(client);
        return;
    } else {
        return;
    }
    sockaddr_storage own{};
    socklen_t length = sizeof own;
    ::getsockname(socket.fd, reinterpret_cast<sockaddr*>(&own), &length);
    socket.connected = true;
    socket.local = {own.ss_family == AF_INET ? Family::Inet : Family::Inet6, {}, 0};
    const char* bytes = reinterpret_cast<const char*>(&own) + (own.ss_family == AF_INET ? 4 : 8);
    std::memcpy(socket.local.bytes.data(), bytes, own.ss_family == AF_INET ? 4 : 16);
}

/// A second interface, `dummy0`, index 2; false where the kernel has no such driver.
bool add_dummy() {
    struct {
        nlmsghdr header;
        ifinfomsg info;
        rtattr kind_attributes;
        rtattr kind;
        char name[8];
    } request{};
    request.header = {sizeof request, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, 1, 0};
    request.kind_attributes = {sizeof request.kind_attributes + sizeof request.kind + sizeof request.name,
                               IFLA_LINKINFO};
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

void set_up_namespace() {
    ASSERT_EQ(::unshare(::geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET), 0)
        << std::strerror(errno);
    const int fd = ::socket(AF_INET6, SOCK_DGRAM, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
    ASSERT_EQ(::ioctl(fd, SIOCSIFFLAGS, &request), 0) << std::strerror(errno);
    struct {
        in6_addr address;
        std::uint32_t prefix;
        int index;
    } added{};
    ::inet_pton(AF_INET6, "fd00::23", &added.address);
    added.prefix = 128;
    added.index = 1;
    ASSERT_EQ(::ioctl(fd, SIOCSIFADDR, &added), 0) << std::strerror(errno);
    const Name name = name_of(address("fd00::23"), 0);
    for (int i = 0; i < 1000 && ::bind(fd, name.get(), name.length) != 0; ++i) ::usleep(1000);
    ::close(fd);
}

TEST(PortsLive, PredictsWhatLinuxDoes) {
    if (const char* probe = std::getenv("NETSTAT46_SKIP_NAMESPACE"); probe != nullptr) GTEST_SKIP();
    const bool root = ::geteuid() == 0;
    set_up_namespace();
    if (testing::Test::HasFatalFailure()) return;
    const char* seeds = std::getenv("NETSTAT46_SEED");
    World world(seeds != nullptr ? static_cast<std::uint32_t>(std::atoi(seeds)) : 46);
    const char* rounds_text = std::getenv("NETSTAT46_ROUNDS");
    const int rounds = rounds_text != nullptr ? std::atoi(rounds_text) : 1500;
    world.devices_ = add_dummy() ? 2 : 1;
    fmt::print("devices {}\n", world.devices_);
    Tally tally;
    for (int round = 0; round < rounds && tally.mismatches < 10; ++round) {
        const auto port = static_cast<std::uint16_t>(2000 + round % 30000);
        const Protocol protocol = round % 2 == 0 ? Protocol::Tcp : Protocol::Udp;
        const std::uint32_t tries = round % 50 < 2 ? 30 : 1 + world.pick(8);
        for (std::uint32_t i = 0; i < tries; ++i) {
            try_bind(world, protocol, port, root, tally);
            if (world.pick(8) == 0) world.close_one();
            if (world.pick(8) == 0) try_connect(world, protocol, port);
        }
        check_answers(world, port, protocol, tally);
        world.clear();
    }
    tally.report();
    EXPECT_EQ(tally.mismatches, 0);
}

} // namespace
} // namespace netstat46
