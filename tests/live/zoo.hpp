// A network namespace of our own, and sockets of every kind in it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace netstat46::live {

/// argv[1] of a process that only holds sockets.
inline constexpr const char* hold_word = "--hold-sockets";

/// A file descriptor that closes itself; -1 is none.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Fd();
    [[nodiscard]] int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// Puts this process into a fresh network namespace with lo up and some long addresses on it, and into a
/// mount namespace with a hosts file of our own. Returns what does not work here; empty if all is well.
std::string enter_namespaces();

/// An address and a port; an address with a colon is IPv6. `fe80::1%1` is on interface 1.
struct Name {
    std::string address;
    std::uint16_t port = 0;
};

int family_of(const Name& name);
Fd open_socket(int family, int type, int protocol = 0);
bool bind_to(const Fd& socket, const Name& name);
bool connect_to(const Fd& socket, const Name& name);
void set_option(const Fd& socket, int level, int option, int value);
std::uint64_t inode_of(const Fd& socket);

/// From now on the socket receives nothing (a classic BPF filter that keeps no byte), or again everything.
void drop_all(const Fd& socket);
void drop_nothing(const Fd& socket);

struct Pair {
    Fd client, server;
};

/// A TCP connection to `to` from `from` (port 0: any).
Pair connected_pair(const Name& from, const Name& to);

/// Processes that hold sockets. They end with this.
class Holders {
public:
    Holders() = default;
    Holders(const Holders&) = delete;
    Holders& operator=(const Holders&) = delete;
    ~Holders();

    /// A process of user `uid` with this argv[0] that holds `sockets` and nothing else.
    pid_t add(const std::string& argv0, const std::vector<const Fd*>& sockets, uid_t uid = 0);

private:
    std::vector<pid_t> pids_;
};

/// Which names unix sockets and processes have.
enum class ZooNames : std::uint8_t {
    All,
    Plain, ///< only those that the native program prints as we do: printable, and without blanks
};

/// One socket of every kind that can be made here.
class Zoo {
public:
    explicit Zoo(ZooNames names = ZooNames::All);
    ~Zoo();
    Zoo(const Zoo&) = delete;
    Zoo& operator=(const Zoo&) = delete;

    [[nodiscard]] const std::vector<std::string>& missing() const { return missing_; } ///< kinds not made
    [[nodiscard]] const std::string& directory() const { return directory_; }

private:
    Fd& keep(Fd socket, const char* kind);
    void tcp_listeners();
    void tcp_states();
    void datagrams();
    void raw_sockets();
    void unix_sockets();
    void processes();

    [[nodiscard]] bool has_name(std::string_view name) const;

    ZooNames names_;
    std::deque<Fd> kept_; ///< references to them stay good
    std::vector<std::string> missing_;
    std::string directory_; ///< for unix sockets
    Holders owners_;
};

} // namespace netstat46::live
