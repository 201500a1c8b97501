#include "zoo.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <tuple>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace netstat46::live {

using namespace std::chrono_literals;

Fd::~Fd() {
    if (fd_ >= 0) close(fd_);
}

// ---- The namespaces

namespace {

constexpr const char* long_address = "2001:db8:1234:5678:9abc:def0:1234:5678";

constexpr const char* hosts =
    "127.0.0.1 localhost\n"
    "::1 localhost6\n"
    "127.0.0.2 short\n"
    "127.0.0.3 a-name-of-more-than-twenty-two-letters.example\n"
    "127.0.0.4 a-name-of-more-than-sixty-four-letters-which-is-longer-than-any-buffer."
    "that-somebody-may-have-thought-of.example\n"
    "::ffff:127.0.0.2 mapped-short\n"
    "2001:db8:1234:5678:9abc:def0:1234:5678 long6.example\n";

std::string failed(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

bool raise_loopback() {
    const Fd socket = open_socket(AF_INET, SOCK_DGRAM);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
    return ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

bool add_address(const char* address) {
    const Fd socket = open_socket(AF_INET6, SOCK_DGRAM);
    in6_ifreq request{};
    inet_pton(AF_INET6, address, &request.ifr6_addr);
    request.ifr6_prefixlen = 128;
    request.ifr6_ifindex = static_cast<int>(if_nametoindex("lo"));
    if (ioctl(socket.get(), SIOCSIFADDR, &request) != 0) return false;
    const Name name{std::string(address) + "%" + std::to_string(request.ifr6_ifindex), 0};
    for (int i = 0; i < 100; ++i) { // tentative at first
        if (bind_to(open_socket(AF_INET6, SOCK_DGRAM), name)) return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

/// These lines come before those of the file in /etc.
constexpr const char* services = "a-service-name-of-more-than-eighteen-letters 9001/tcp\n"
                                 "only-udp 5358/udp\n"
                                 "name-for-tcp 7101/tcp\n"
                                 "name-for-udp 7101/udp\n"
                                 "ctl\x01service 8888/tcp\n";
constexpr const char* protocols = "a-protocol-name-of-more-than-eighteen-letters 253 P253\n";
constexpr const char* users = "a-user-of-more-than-ten:x:4711:4711::/:/bin/false\n"
                              "ctl\x01user:x:4712:4712::/:/bin/false\n";

/// `path` reads `text` from now on; only this process and its children see that.
bool mount_text(const char* path, const std::string& text) {
    std::array<char, 32> temporary{"/tmp/netstat46-file-XXXXXX"};
    const Fd file(mkstemp(temporary.data()));
    const bool mounted = write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                         fchmod(file.get(), 0644) == 0 &&
                         mount(temporary.data(), path, nullptr, MS_BIND, nullptr) == 0;
    unlink(temporary.data());
    return mounted;
}

bool mount_databases() {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return false;
    for (const auto& [path, text, before] :
         {std::tuple{"/etc/hosts", hosts, false}, std::tuple{"/etc/services", services, true},
          std::tuple{"/etc/protocols", protocols, true}, std::tuple{"/etc/passwd", users, true}}) {
        umount2(path, MNT_DETACH); // of an earlier test
        std::string contents = text;
        if (before) {
            std::ifstream file(path);
            contents.append(std::istreambuf_iterator<char>(file), {});
        }
        if (!mount_text(path, contents)) return false;
    }
    return true;
}

void set_sysctl(const char* path, const char* value) { std::ofstream(path) << value; }

} // namespace

std::string enter_namespaces() {
    if (unshare(CLONE_NEWNET) != 0) return failed("a network namespace");
    if (!raise_loopback()) return failed("lo");
    for (const char* address : {long_address, "2001:db8::1", "fe80::1"})
        if (!add_address(address)) return failed("an IPv6 address on lo");
    if (!mount_databases()) return failed("files of our own over those in /etc");
    // Half-open connections outlive a test.
    set_sysctl("/proc/sys/net/ipv4/tcp_synack_retries", "100");
    set_sysctl("/proc/sys/net/ipv4/tcp_syn_retries", "100");
    set_sysctl("/proc/sys/net/ipv4/ping_group_range", "0 65534");
    // No port that is given out by chance is one that a socket of the zoo asks for.
    set_sysctl("/proc/sys/net/ipv4/ip_local_port_range", "41000 59999");
    return {};
}

// ---- Sockets

namespace {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress address_of(const Name& name) {
    SocketAddress out;
    if (family_of(name) == AF_INET) {
        auto& in = reinterpret_cast<sockaddr_in&>(out.storage);
        in.sin_family = AF_INET;
        in.sin_port = htons(name.port);
        inet_pton(AF_INET, name.address.c_str(), &in.sin_addr);
        out.length = sizeof in;
        return out;
    }
    auto& in6 = reinterpret_cast<sockaddr_in6&>(out.storage);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(name.port);
    const std::size_t percent = name.address.find('%');
    if (percent != std::string::npos)
        in6.sin6_scope_id = static_cast<std::uint32_t>(std::stoul(name.address.substr(percent + 1)));
    inet_pton(AF_INET6, name.address.substr(0, percent).c_str(), &in6.sin6_addr);
    out.length = sizeof in6;
    return out;
}

/// The name that a socket has got.
SocketAddress own_address(const Fd& socket) {
    SocketAddress out;
    out.length = sizeof out.storage;
    getsockname(socket.get(), reinterpret_cast<sockaddr*>(&out.storage), &out.length);
    return out;
}

} // namespace

int family_of(const Name& name) { return name.address.find(':') == std::string::npos ? AF_INET : AF_INET6; }

Fd open_socket(int family, int type, int protocol) {
    return Fd(socket(family, type | SOCK_CLOEXEC, protocol));
}

bool bind_to(const Fd& socket, const Name& name) {
    const SocketAddress address = address_of(name);
    return bind(socket.get(), address.get(), address.length) == 0;
}

bool connect_to(const Fd& socket, const Name& name) {
    const SocketAddress address = address_of(name);
    return connect(socket.get(), address.get(), address.length) == 0;
}

void set_option(const Fd& socket, int level, int option, int value) {
    if (setsockopt(socket.get(), level, option, &value, sizeof value) != 0)
        throw std::runtime_error(failed("setsockopt"));
}

std::uint64_t inode_of(const Fd& socket) {
    struct stat status {};
    return fstat(socket.get(), &status) == 0 ? status.st_ino : 0;
}

void drop_all(const Fd& socket) {
    sock_filter nothing{BPF_RET | BPF_K, 0, 0, 0};
    const sock_fprog program{1, &nothing};
    if (setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
        throw std::runtime_error(failed("SO_ATTACH_FILTER"));
}

void drop_nothing(const Fd& socket) { set_option(socket, SOL_SOCKET, SO_DETACH_FILTER, 0); }

Pair connected_pair(const Name& from, const Name& to) {
    const Fd listener = open_socket(family_of(to), SOCK_STREAM);
    set_option(listener, SOL_SOCKET, SO_REUSEADDR, 1);
    if (!bind_to(listener, to) || listen(listener.get(), 5) != 0)
        throw std::runtime_error(failed("a listener"));
    Pair pair;
    pair.client = open_socket(family_of(from), SOCK_STREAM);
    const SocketAddress address = own_address(listener);
    if (!bind_to(pair.client, from) || connect(pair.client.get(), address.get(), address.length) != 0)
        throw std::runtime_error(failed("a connection"));
    pair.server = Fd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    return pair;
}

// ---- Processes

Holders::~Holders() {
    for (const pid_t pid : pids_) kill(pid, SIGKILL);
    for (const pid_t pid : pids_) waitpid(pid, nullptr, 0);
}

pid_t Holders::add(const std::string& argv0, const std::vector<const Fd*>& sockets, uid_t uid) {
    int started[2]; // closed by execve(2)
    if (pipe2(started, O_CLOEXEC) != 0) throw std::runtime_error(failed("pipe"));
    const pid_t pid = fork();
    if (pid < 0) throw std::runtime_error(failed("fork"));
    if (pid == 0) {
        for (const Fd* socket : sockets) fcntl(socket->get(), F_SETFD, 0);
        if (uid != 0 && (setgid(uid) != 0 || setuid(uid) != 0)) _exit(1);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        // By its path it may be closed to the user, or stand outside a chroot.
        execl("/proc/self/exe", argv0.c_str(), hold_word, nullptr);
        _exit(1);
    }
    close(started[1]);
    char byte = 0;
    [[maybe_unused]] const ssize_t end = read(started[0], &byte, 1);
    close(started[0]);
    pids_.push_back(pid);
    return pid;
}

// ---- The zoo

Zoo::Zoo(ZooNames names) : names_(names) {
    std::array<char, 32> path{"/tmp/netstat46-zoo-XXXXXX"};
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error(failed("mkdtemp"));
    directory_ = path.data();
    tcp_listeners();
    tcp_states();
    datagrams();
    raw_sockets();
    unix_sockets();
    processes();
}

Zoo::~Zoo() { std::filesystem::remove_all(directory_); }

Fd& Zoo::keep(Fd socket, const char* kind) {
    if (!socket) missing_.push_back(failed(kind));
    kept_.push_back(std::move(socket));
    return kept_.back();
}

namespace {

enum class V6 { Default, Only, Dual };

Fd named_socket(const Name& name, int type, int protocol = 0, V6 v6 = V6::Default) {
    Fd socket = open_socket(family_of(name), type, protocol);
    if (!socket) return socket;
    set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    if (v6 != V6::Default) set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, v6 == V6::Only ? 1 : 0);
    if (!bind_to(socket, name)) return Fd();
    return socket;
}

Fd listener(const Name& name, V6 v6 = V6::Default, int backlog = 5) {
    Fd socket = named_socket(name, SOCK_STREAM, 0, v6);
    if (!socket || listen(socket.get(), backlog) != 0) return Fd();
    return socket;
}

} // namespace

bool Zoo::has_name(std::string_view name) const {
    return names_ == ZooNames::All || std::all_of(name.begin() + (name.starts_with('\0') ? 1 : 0), name.end(),
                                                  [](char c) { return c > ' ' && c < 0x7f; });
}

void Zoo::tcp_listeners() {
    keep(listener({"0.0.0.0", 8888}), "tcp 0.0.0.0");
    keep(listener({"127.0.0.1", 22}), "tcp 127.0.0.1");
    keep(listener({"127.0.0.3", 80}), "tcp with a long host name");
    keep(listener({"127.0.0.4", 443}), "tcp with a longer host name");
    keep(listener({"0.0.0.0", 10080}, V6::Default), "tcp with a long service name");
    keep(listener({"::", 8889}, V6::Dual), "tcp6 dual");
    keep(listener({"::", 8890}, V6::Only), "tcp6 only");
    keep(listener({"::1", 8888}), "tcp6 ::1");
    keep(listener({"::ffff:127.0.0.1", 8891}, V6::Dual), "tcp6 mapped");
    keep(listener({"::ffff:127.0.0.2", 80}, V6::Dual), "tcp6 mapped, named");
    keep(listener({"::ffff:0.0.0.0", 8895}, V6::Dual), "tcp6 mapped wildcard");
    keep(listener({long_address, 65535}), "tcp6 long");
    keep(listener({long_address, 60177}), "tcp6 long, with a long service name");
    keep(listener({"fe80::1%1", 8892}), "tcp6 link-local");
    keep(named_socket({"0.0.0.0", 8893}, SOCK_STREAM), "tcp bound");
    keep(named_socket({"::", 8894}, SOCK_STREAM), "tcp6 bound");
    keep(open_socket(AF_INET, SOCK_STREAM), "tcp unbound");
    fchown(keep(listener({"0.0.0.0", 8898}), "tcp of a user with a long name").get(), 4711, 4711);
    fchown(keep(listener({"0.0.0.0", 8899}), "tcp of a user with a bad name").get(), 4712, 4712);
    for (const char* address : {"0.0.0.0", "::", "127.0.0.1", "0.0.0.0", "::", "127.0.0.1"}) {
        Fd& socket = keep(open_socket(family_of({address}), SOCK_STREAM), "tcp reuseport");
        set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1);
        bind_to(socket, {address, 8900});
        listen(socket.get(), 1);
    }
    constexpr int mptcp = 262; // IPPROTO_MPTCP
    if (Fd multipath = open_socket(AF_INET6, SOCK_STREAM, mptcp)) {
        bind_to(multipath, {"::", 8901});
        listen(multipath.get(), 5);
        for (int i = 0; i < 2; ++i) {
            Fd& client = keep(open_socket(AF_INET6, SOCK_STREAM, mptcp), "mptcp");
            connect_to(client, {"::1", 8901});
        }
        keep(Fd(accept4(multipath.get(), nullptr, nullptr, SOCK_CLOEXEC)), "mptcp accepted");
        keep(std::move(multipath), "mptcp");
    } else {
        missing_.push_back(failed("mptcp"));
    }
    fchown(keep(listener({"0.0.0.0", 8896}), "tcp of another user").get(), 65534, 65534);
    fchown(keep(listener({"0.0.0.0", 8897}), "tcp of a user without a name").get(), 4242424, 4242424);
}

namespace {

/// Until the connection is in this state of netinet/tcp.h, or 10 s have passed.
void wait_for_state(const Fd& socket, int state) {
    for (int i = 0; i < 1000; ++i) {
        tcp_info info{};
        socklen_t size = sizeof info;
        if (getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_state == state)
            return;
        std::this_thread::sleep_for(10ms);
    }
}

} // namespace

void Zoo::tcp_states() {
    const auto keep_pair = [this](Pair pair) {
        keep(std::move(pair.client), "a client");
        keep(std::move(pair.server), "a server");
    };
    for (const auto& [from, to] :
         {std::pair<Name, Name>{{"127.0.0.1", 40001}, {"127.0.0.1", 9001}},
          std::pair<Name, Name>{{"127.0.0.2", 40002}, {"127.0.0.3", 9002}},
          std::pair<Name, Name>{{"::1", 40003}, {"::1", 9003}},
          std::pair<Name, Name>{{long_address, 40004}, {long_address, 9004}},
          std::pair<Name, Name>{{"::ffff:127.0.0.1", 40005}, {"::ffff:127.0.0.2", 9005}},
          std::pair<Name, Name>{{"127.0.0.1", 40006}, {"::", 9006}}}) {
        if (family_of(from) == family_of(to))
            keep_pair(connected_pair(from, to));
        else {
            const Fd server = listener(to, V6::Dual);
            Fd client = open_socket(AF_INET, SOCK_STREAM);
            bind_to(client, from);
            connect_to(client, {"127.0.0.1", to.port});
            keep(Fd(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC)), "a mapped connection");
            keep(std::move(client), "its client");
        }
    }

    { // SYN_SENT and SYN_RECV: the client never hears the answer.
        for (const Name& name : {Name{"127.0.0.1", 9010}, Name{"::1", 9011}}) {
            keep(listener(name), "a listener with a half-open connection");
            Fd client = open_socket(family_of(name), SOCK_STREAM | SOCK_NONBLOCK);
            drop_all(client);
            connect_to(client, name);
            keep(std::move(client), "SYN_SENT");
        }
        Fd& deferring = keep(listener({"127.0.0.1", 9012}), "a deferring listener");
        set_option(deferring, IPPROTO_TCP, TCP_DEFER_ACCEPT, 120);
        Fd client = open_socket(AF_INET, SOCK_STREAM);
        connect_to(client, {"127.0.0.1", 9012});
        keep(std::move(client), "a deferred client");
    }
    { // FIN_WAIT1: its FIN is not heard.
        Pair pair = connected_pair({"127.0.0.1", 40020}, {"127.0.0.1", 9020});
        drop_all(pair.server);
        shutdown(pair.client.get(), SHUT_WR);
        keep_pair(std::move(pair));
    }
    { // FIN_WAIT2 and CLOSE_WAIT.
        Pair pair = connected_pair({"::1", 40021}, {"::1", 9021});
        shutdown(pair.client.get(), SHUT_WR);
        keep_pair(std::move(pair));
    }
    { // LAST_ACK: the last FIN is not heard.
        Pair pair = connected_pair({"127.0.0.1", 40022}, {"127.0.0.1", 9022});
        shutdown(pair.client.get(), SHUT_WR);
        wait_for_state(pair.server, TCP_CLOSE_WAIT);
        wait_for_state(pair.client, TCP_FIN_WAIT2);
        drop_all(pair.client);
        shutdown(pair.server.get(), SHUT_WR);
        keep_pair(std::move(pair));
    }
    { // CLOSING: both have said FIN, the client hears the server's and the server nothing.
        Pair pair = connected_pair({"127.0.0.1", 40023}, {"127.0.0.1", 9023});
        drop_all(pair.client);
        drop_all(pair.server);
        shutdown(pair.client.get(), SHUT_WR);
        shutdown(pair.server.get(), SHUT_WR);
        drop_nothing(pair.client);
        wait_for_state(pair.client, TCP_CLOSING); // by a retransmission
        keep_pair(std::move(pair));
    }
    { // TIME_WAIT of both families.
        connected_pair({"127.0.0.1", 40024}, {"127.0.0.1", 9024});
        Pair pair = connected_pair({long_address, 40025}, {"2001:db8::1", 9025});
        pair.client = Fd();
    }
    { // An orphan in FIN_WAIT2.
        Pair pair = connected_pair({"127.0.0.1", 40026}, {"127.0.0.1", 9026});
        pair.client = Fd();
        keep(std::move(pair.server), "CLOSE_WAIT");
    }
    { // Not yet accepted.
        keep(listener({"127.0.0.1", 9027}), "a listener that does not accept");
        Fd client = open_socket(AF_INET, SOCK_STREAM);
        connect_to(client, {"127.0.0.1", 9027});
        keep(std::move(client), "a client not accepted");
    }
    { // Data unread, unacknowledged and unsent (probe); keepalive.
        Pair unread = connected_pair({"127.0.0.1", 40028}, {"127.0.0.1", 9028});
        send(unread.client.get(), "seven..", 7, 0);
        keep_pair(std::move(unread));
        Pair lost = connected_pair({"::1", 40029}, {"::1", 9029});
        drop_all(lost.server);
        send(lost.client.get(), "five.", 5, 0);
        keep_pair(std::move(lost));
        Pair full = connected_pair({"127.0.0.1", 40030}, {"127.0.0.1", 9030});
        const std::string much(65536, 'x');
        while (send(full.client.get(), much.data(), much.size(), MSG_DONTWAIT) > 0) {
        }
        keep_pair(std::move(full));
        Pair alive = connected_pair({"127.0.0.1", 40031}, {"127.0.0.1", 9031});
        set_option(alive.server, SOL_SOCKET, SO_KEEPALIVE, 1);
        keep_pair(std::move(alive));
    }
    std::this_thread::sleep_for(300ms); // for delayed acknowledgements
}

void Zoo::datagrams() {
    for (const int protocol : {IPPROTO_UDP, IPPROTO_UDPLITE}) {
        const char* kind = protocol == IPPROTO_UDP ? "udp" : "udplite";
        keep(named_socket({"0.0.0.0", 53}, SOCK_DGRAM, protocol), kind);
        keep(named_socket({"127.0.0.1", 123}, SOCK_DGRAM, protocol), kind);
        keep(named_socket({"::", 5353}, SOCK_DGRAM, protocol, V6::Dual), kind);
        keep(named_socket({"::", 5354}, SOCK_DGRAM, protocol, V6::Only), kind);
        keep(named_socket({"::1", 5355}, SOCK_DGRAM, protocol), kind);
        keep(named_socket({long_address, 5356}, SOCK_DGRAM, protocol), kind);
        keep(named_socket({"::ffff:127.0.0.1", 5357}, SOCK_DGRAM, protocol, V6::Dual), kind);
        Fd& unread = keep(named_socket({"127.0.0.1", 5358}, SOCK_DGRAM, protocol), kind);
        Fd& client = keep(named_socket({"127.0.0.2", 5359}, SOCK_DGRAM, protocol), kind);
        if (client && unread && connect_to(client, {"127.0.0.1", 5358})) send(client.get(), "datagram", 8, 0);
        connect_to(keep(named_socket({long_address, 5360}, SOCK_DGRAM, protocol), kind), {"2001:db8::1", 53});
        connect_to(keep(named_socket({"::", 5361}, SOCK_DGRAM, protocol), kind), {"::ffff:127.0.0.1", 53});
    }
    for (int i = 0; i < 4; ++i) {
        Fd& socket = keep(open_socket(AF_INET6, SOCK_DGRAM), "udp reuseport");
        set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1);
        bind_to(socket, {"::", 5370});
    }
    keep(open_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), "a ping socket");
}

void Zoo::raw_sockets() {
    for (const int protocol : {1, 89, 253, 255}) keep(open_socket(AF_INET, SOCK_RAW, protocol), "raw");
    for (const int protocol : {58, 89, 253, 255}) keep(open_socket(AF_INET6, SOCK_RAW, protocol), "raw6");
    Fd& bound = keep(open_socket(AF_INET, SOCK_RAW, 1), "raw");
    bind_to(bound, {"127.0.0.1", 0});
    Fd& connected = keep(open_socket(AF_INET, SOCK_RAW, 89), "raw");
    connect_to(connected, {"127.0.0.3", 0});
    Fd& connected6 = keep(open_socket(AF_INET6, SOCK_RAW, 58), "raw6");
    connect_to(connected6, {long_address, 0});
    Fd& unread = keep(open_socket(AF_INET, SOCK_RAW, 253), "raw");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sendto(unread.get(), "raw", 3, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

namespace {

bool bind_path(const Fd& socket, std::string_view path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::copy_n(path.data(), std::min(path.size(), sizeof name.sun_path), name.sun_path);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    return bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), length) == 0;
}

} // namespace

void Zoo::unix_sockets() {
    using namespace std::string_view_literals;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
        keep(open_socket(AF_UNIX, type), "unix unnamed");
        Fd& named = keep(open_socket(AF_UNIX, type), "unix");
        bind_path(named, directory_ + "/named-" + std::to_string(type));
        if (type != SOCK_DGRAM) listen(named.get(), 5);
        std::array<int, 2> pair{};
        if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair.data()) != 0) continue;
        keep(Fd(pair[0]), "unix pair");
        keep(Fd(pair[1]), "unix pair");
    }
    for (const std::string& path :
         {directory_ + "/with blank", directory_ + "/ctl\x01\x1b[31m", directory_ + "/tab\tx",
          directory_ + "/new\nline", directory_ + "/\xc3\xbcml\xc3\xa4ut", directory_ + "/bad\xff",
          directory_ + "/c1\xc2\x9b.", directory_ + "/" + std::string(108 - directory_.size() - 1, 'l'),
          std::string("\0abstract"sv), std::string("\0a blank"sv), std::string("\0nul\0inside"sv),
          std::string("\0", 1) + std::string(107, 'a'), std::string("relative")}) {
        if (!has_name(path)) continue;
        Fd& socket = keep(open_socket(AF_UNIX, SOCK_STREAM), "unix");
        if (path == "relative") {
            const std::string here = std::filesystem::current_path();
            std::filesystem::current_path(directory_);
            bind_path(socket, path);
            std::filesystem::current_path(here);
        } else {
            bind_path(socket, path);
        }
    }
    Fd& autobound = keep(open_socket(AF_UNIX, SOCK_DGRAM), "unix");
    bind_path(autobound, {});
    // Connected by name, and waiting to be accepted.
    Fd& server = keep(open_socket(AF_UNIX, SOCK_STREAM), "unix");
    bind_path(server, "\0server"sv);
    listen(server.get(), 5);
    for (int i = 0; i < 2; ++i) {
        Fd& client = keep(open_socket(AF_UNIX, SOCK_STREAM), "unix");
        sockaddr_un name{AF_UNIX, {'\0', 's', 'e', 'r', 'v', 'e', 'r'}};
        connect(client.get(), reinterpret_cast<const sockaddr*>(&name),
                static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 7));
    }
    Fd accepted(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
    send(accepted.get(), "unread", 6, 0);
    keep(std::move(accepted), "unix accepted");
}

void Zoo::processes() {
    std::uint16_t port = 7001;
    for (const char* name :
         {"plain", "/usr/sbin/absolute", "relative/path", "./dot", "with blank", "sshd: user [priv]",
          "a-name-longer-than-nineteen-characters", "/", "dir/", "/dir/", "",
          "\xc3\xbcml\xc3\xa4ut-\xc3\xa9t\xc3\xa9-\xc3\xa7", "bad\xff", "ctl\x01\x1b[31m", "tab\tx",
          "new\nline", "name-c1\xc2\x9b.", "/opt/a/b: c/d", "100%s%n"}) {
        const Name where{port % 2 == 0 ? "0.0.0.0" : "::", port};
        ++port;
        if (!has_name(name)) continue;
        const Fd socket = listener(where);
        owners_.add(name, {&socket});
    }
    // Shared by three processes; the first of them is shown.
    Fd shared = listener({"::", 7101});
    Fd shared_udp = named_socket({"0.0.0.0", 7101}, SOCK_DGRAM);
    owners_.add("first", {&shared});
    owners_.add("second", {&shared, &shared_udp});
    owners_.add("third", {&shared, &shared_udp}, 65534);
    const Fd other = listener({"0.0.0.0", 7102});
    owners_.add("of-another-user", {&other}, 65534);
}

} // namespace netstat46::live
