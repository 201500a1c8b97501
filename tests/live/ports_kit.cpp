#include "ports_kit.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "linux/row.hpp"
#include "ports/target.hpp"
#include "record/address.hpp"

namespace netstat46::live::ports {
namespace {

constexpr std::string_view addresses[] = {
    "0.0.0.0", "127.0.0.1", "127.0.0.2", "127.9.9.9",        "10.46.0.1", "::",
    "::1",     "fd00::23",  "fd46::1",   "::ffff:127.0.0.1", "fe80::77",  "::ffff:0.0.0.0",
};

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
        in.sin6_scope_id = address.scope;
        std::memcpy(&in.sin6_addr, address.bytes.data(), 16);
        std::memcpy(&name.storage, &in, name.length = sizeof in);
    }
    return name;
}

int domain_of(Family family) { return family == Family::Inet ? AF_INET : AF_INET6; }

int type_of(Protocol protocol) { return protocol == Protocol::Tcp ? SOCK_STREAM : SOCK_DGRAM; }

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

void join(int fd, const JoinedGroup& group) {
    group_req request{};
    request.gr_interface = group.interface;
    const Name name = sockaddr_of(group.group, 0);
    std::memcpy(&request.gr_group, &name.storage, sizeof name.storage);
    const int level = group.group.family == Family::Inet ? IPPROTO_IP : IPPROTO_IPV6;
    ::setsockopt(fd, level, MCAST_JOIN_GROUP, &request, sizeof request);
}

/// What a client of a socket bound to `address` connects to.
Address loopback_for(const Address& bound) {
    const Address inner = unmapped(bound);
    if (!is_unspecified(inner)) return inner;
    return address(inner.family == Family::Inet ? "127.0.0.1" : "::1");
}

Address as_family(const Address& destination, const BindRequest& socket) {
    if (socket.family == Family::Inet || destination.family == Family::Inet6) return destination;
    Address mapped = address("::ffff:0.0.0.0");
    std::copy_n(destination.bytes.begin(), 4, mapped.bytes.begin() + 12);
    return mapped;
}

/// Held by an interface that not every kernel can make.
bool needs_links(const Address& one) {
    return is_link_local(one) || one == address("fd46::1") || one == address("10.46.0.1");
}

bool shell(const std::string& commands) {
    return std::system(("PATH=/usr/sbin:/sbin:/usr/bin:/bin; exec 2>/dev/null; " + commands).c_str()) == 0;
}

/// What is wrong, or an empty text.
std::string enter_namespace(Interfaces& interfaces) {
    if (::unshare(::geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return fmt::format("no network namespace: {}", std::strerror(errno));
    if (!shell("ip link set lo up && ip addr add fd00::23/128 dev lo nodad"))
        return "no ip(8), or lo does not come up";
    if (shell("ip link add v1 type veth peer name v2 && ip link add v3 type veth peer name v4 && "
              "for link in v1 v2 v3 v4; do ip link set $link up || exit; done; "
              "ip addr add 10.46.0.1/24 brd + dev v1 && ip addr add fd46::1/64 dev v1 nodad && "
              "ip addr add fe80::77/64 dev v1 nodad && ip route add default dev v1 &&  ip addr add "
              "127.9.9.9/32 dev v3")) {
        interfaces.v1 = ::if_nametoindex("v1");
        interfaces.v3 = ::if_nametoindex("v3");
    }
    const int fd = ::socket(AF_INET6, SOCK_DGRAM, 0);
    for (int i = 0; i < 1000 && bind_to(fd, address("fd00::23"), 0) != 0; ++i) ::usleep(1000);
    ::close(fd);
    return {};
}

} // namespace

Address address(std::string_view text) { return *parse_address(text); }

int bind_to(int fd, const Address& address, std::uint16_t port) {
    const Name name = sockaddr_of(address, port);
    return ::bind(fd, name.get(), name.length) == 0 ? 0 : errno;
}

int connect_to(int fd, const Address& address, std::uint16_t port) {
    const Name name = sockaddr_of(address, port);
    return ::connect(fd, name.get(), name.length) == 0 ? 0 : errno;
}

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

int open_socket(const BindRequest& request, const Extras& extras) {
    const uid_t me = ::geteuid();
    if (*request.uid != me && ::seteuid(*request.uid) != 0) return -1;
    const int fd = ::socket(domain_of(request.family), type_of(request.protocol) | SOCK_NONBLOCK, 0);
    if (*request.uid != me && ::seteuid(me) != 0) std::abort();
    if (request.family == Family::Inet6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, request.v6only ? 1 : 0);
    set(fd, SOL_SOCKET, SO_REUSEADDR, request.reuseaddr ? 1 : 0);
    set(fd, SOL_SOCKET, SO_REUSEPORT, request.reuseport ? 1 : 0);
    if (extras.incoming_cpu >= 0) set(fd, SOL_SOCKET, SO_INCOMING_CPU, extras.incoming_cpu);
    if (!extras.multicast_all) {
        constexpr int ipv6_multicast_all = 29; // linux/in6.h
        set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
        if (request.family == Family::Inet6) set(fd, IPPROTO_IPV6, ipv6_multicast_all, 0);
    }
    for (const JoinedGroup& group : extras.joins) join(fd, group);
    char device[IF_NAMESIZE] = {};
    if (request.device != 0 && ::if_indextoname(request.device, device) != nullptr)
        ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, static_cast<socklen_t>(std::strlen(device)));
    return fd;
}

int helper_listener() {
    const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
    set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    bind_to(fd, address("::"), helper_port);
    ::listen(fd, 4096);
    return fd;
}

PortTable table_of(Protocol protocol, std::uint16_t port, const PortFacts& facts) {
    return read_port_table({live_host(), true, live_blocks}, protocol, port, facts.options,
                           [](const Problem& problem) { ADD_FAILURE() << problem.text; });
}

PortHost host_of(const PortFacts& facts) {
    PortHost host;
    host.rules = linux_system.port_rules;
    host.first_unprivileged = facts.first_unprivileged.value_or(host.first_unprivileged);
    host.is_local = facts.is_local;
    host.may_bind_low = facts.may_bind_low;
    host.addresses = facts.addresses;
    host.groups = facts.groups;
    return host;
}

std::vector<BoundSocket> without_options(const PortTable& table) {
    std::vector<BoundSocket> bound_sockets;
    for (const SocketRecord& socket : table.sockets)
        bound_sockets.push_back(bound_socket(socket, linux_system, bound_sockets.size()));
    return bound_sockets;
}

std::string written_down(const BindRequest& made) {
    return fmt::format("{} {}{}{}{} uid={} device={}", name_of(made.protocol),
                       written(made.address, made.port), made.v6only ? " v6only" : "",
                       made.reuseaddr ? " reuseaddr" : "", made.reuseport ? " reuseport" : "", *made.uid,
                       made.device);
}

std::string written_down(const PortTable& table) {
    std::string out;
    for (const BoundSocket& bound : table.bound_sockets)
        out += fmt::format(
            "\n  inode {}: {} {} state={} reuseaddr={} reuseport={} v6only={} uid={} device={} cpu={} all={}",
            table.sockets[bound.row].inode, bound.family == Family::Inet ? 4 : 6,
            written(bound.address, table.port), static_cast<int>(bound.state),
            static_cast<int>(bound.reuseaddr), static_cast<int>(bound.reuseport),
            static_cast<int>(bound.v6only), bound.uid.value_or(0), bound.device,
            bound.incoming_cpu.value_or(-2), static_cast<int>(bound.multicast_all));
    return out;
}

void Tally::print() const {
    for (const auto& [what, count] : counts_) fmt::print("{:>8} {}\n", count, what);
    fmt::print("{:>8} mismatches\n", mismatches_);
}

Sockets::Sockets(std::mt19937& random, Tally& tally, Protocol protocol, std::uint16_t port,
                 const Interfaces& interfaces)
    : random_(random), tally_(tally), protocol_(protocol), port_(port), interfaces_(interfaces) {}

Sockets::~Sockets() {
    for (const Opened& socket : opened_) reset(socket.fd);
    for (const int fd : peers_) reset(fd);
}

BindRequest Sockets::random_request() {
    const bool root = ::geteuid() == 0;
    BindRequest request;
    request.protocol = protocol_;
    do request.address = address(addresses[pick(std::size(addresses))]);
    while (interfaces_.v1 == 0 && needs_links(request.address));
    if (is_link_local(request.address)) request.address.scope = interfaces_.v1;
    request.family = request.address.family;
    request.port = port_;
    request.v6only = request.family == Family::Inet6 && !is_v4_mapped(request.address) && pick(2) == 0;
    request.reuseaddr = pick(2) == 0;
    request.reuseport = pick(2) == 0;
    request.uid = root && pick(3) == 0 ? another_uid : ::geteuid();
    const std::uint32_t devices[] = {interfaces_.lo, interfaces_.v1, interfaces_.v3};
    // IPv6 admits an address only on the interface that holds it.
    const bool free = request.family == Family::Inet || is_unspecified(unmapped(request.address));
    if (free && pick(6) == 0) request.device = devices[pick(interfaces_.v1 == 0 ? 1 : 3)];
    return request;
}

Extras Sockets::random_extras(const BindRequest& request) {
    Extras extras;
    if (pick(4) == 0) extras.incoming_cpu = static_cast<int>(pick(2));
    if (protocol_ != Protocol::Udp || interfaces_.v1 == 0) return extras;
    extras.multicast_all = pick(3) != 0;
    if (pick(3) == 0)
        extras.joins.push_back({address("224.1.2.3"), pick(2) == 0 ? interfaces_.v1 : interfaces_.v3, false});
    if (request.family == Family::Inet6 && pick(3) == 0)
        extras.joins.push_back({address("ff02::4646"), interfaces_.v1, false});
    return extras;
}

void Sockets::close_one() {
    if (opened_.empty()) return;
    const std::size_t at = pick(static_cast<std::uint32_t>(opened_.size()));
    reset(opened_[at].fd);
    opened_.erase(opened_.begin() + static_cast<std::ptrdiff_t>(at));
}

void Sockets::connect_out() {
    if (opened_.empty()) return;
    const Opened& socket = any();
    const Address to = as_family(loopback_for(socket.made.address), socket.made);
    if (connect_to(socket.fd, to, helper_port) == 0) tally_.note("connected out");
}

void Sockets::connect_in() {
    if (protocol_ != Protocol::Tcp || opened_.empty()) return;
    const Address to = loopback_for(any().made.address);
    const int client = ::socket(domain_of(to.family), SOCK_STREAM, 0);
    if (connect_to(client, to, port_) != 0) {
        ::close(client);
        return;
    }
    peers_.push_back(client);
    if (pick(4) == 0) return; // stays in the accept queue
    for (std::size_t i = 0; i < opened_.size(); ++i) {
        const int child = ::accept4(opened_[i].fd, nullptr, nullptr, SOCK_NONBLOCK);
        if (child < 0) continue;
        BindRequest made = opened_[i].made;
        made.uid = ::geteuid();
        if (pick(2) == 0) {
            opened_.push_back({child, made});
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

std::set<std::uint64_t> Sockets::reached_by_datagram(const Address& destination, std::uint32_t interface) {
    const int client = ::socket(domain_of(destination.family), SOCK_DGRAM, 0);
    set(client, SOL_SOCKET, SO_BROADCAST, 1);
    const ip_mreqn from{{}, {}, static_cast<int>(interface)};
    if (destination.family == Family::Inet)
        ::setsockopt(client, IPPROTO_IP, IP_MULTICAST_IF, &from, sizeof from);
    const Name name = sockaddr_of(destination, port_);
    ::sendto(client, "x", 1, 0, name.get(), name.length);
    std::set<std::uint64_t> who;
    char byte = 0;
    for (const Opened& socket : opened_)
        while (::recv(socket.fd, &byte, 1, MSG_DONTWAIT) == 1)
            EXPECT_TRUE(who.insert(inode_of(socket.fd)).second) << "received twice";
    ::close(client);
    return who;
}

std::set<std::uint64_t> Sockets::reached(const Address& destination, std::uint32_t interface) {
    if (protocol_ == Protocol::Udp) return reached_by_datagram(destination, interface);
    const int client = ::socket(domain_of(destination.family), SOCK_STREAM, 0);
    std::set<std::uint64_t> who;
    sockaddr_storage own{};
    socklen_t length = sizeof own;
    const bool connected = connect_to(client, destination, port_) == 0;
    ::getsockname(client, reinterpret_cast<sockaddr*>(&own), &length);
    for (const Opened& socket : opened_) {
        sockaddr_storage peer{};
        length = sizeof peer;
        int fd = -1;
        // Others may wait in the queue since connect_in().
        while (connected && (fd = ::accept(socket.fd, reinterpret_cast<sockaddr*>(&peer), &length)) >= 0) {
            const in_port_t port = reinterpret_cast<const sockaddr_in*>(&peer)->sin_port;
            if (port == reinterpret_cast<const sockaddr_in*>(&own)->sin_port) who.insert(inode_of(socket.fd));
            reset(fd);
            length = sizeof peer;
        }
    }
    reset(client);
    EXPECT_EQ(connected, !who.empty());
    return who;
}

bool has_time(std::chrono::steady_clock::time_point began) {
    return std::getenv("NETSTAT46_ROUNDS") != nullptr ||
           std::chrono::steady_clock::now() - began < std::chrono::seconds(40);
}

int number_of(const char* variable, int otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::atoi(text);
}

void in_namespace(void (*body)(const Interfaces&)) {
    constexpr int skipped = 77;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        Interfaces interfaces;
        const std::string missing = enter_namespace(interfaces);
        if (missing.empty())
            body(interfaces);
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

} // namespace netstat46::live::ports
