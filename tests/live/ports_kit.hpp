// Sockets made as the port rules describe them, in a network namespace with several interfaces.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "capture/source.hpp"
#include "platform.hpp"
#include "ports/port_table.hpp"
#include "ports/questions.hpp"

namespace netstat46::live::ports {

inline constexpr std::uint16_t helper_port =
    1999; ///< where our own sockets connect to; no client has it by chance
inline constexpr std::uint32_t another_uid = 1234;

/// The interfaces of the namespace: lo has fd00::23 besides its own addresses, v1 has 10.46.0.1/24, fd46::1
/// and fe80::77, v3 has 127.9.9.9/32. v1 and v3 are one end each of a pair.
struct Interfaces {
    std::uint32_t lo = 1, v1 = 0, v3 = 0; ///< 0: this kernel has no such interfaces
};

/// `127.0.0.1`, `::1`, `fe80::1%3`.
Address address(std::string_view text);

/// What a socket has besides that which bind(2) looks at.
struct Extras {
    int incoming_cpu = -1;
    bool multicast_all = true;
    std::vector<JoinedGroup> joins;
};

/// A socket with the newcomer's user and options, not yet bound; -1 and errno.
int open_socket(const BindRequest& request, const Extras& extras = {});

int bind_to(int fd, const Address& address, std::uint16_t port);    ///< 0, or errno
int connect_to(int fd, const Address& address, std::uint16_t port); ///< 0, or errno
void reset(int fd);                                                 ///< closes it without TIME_WAIT
std::uint64_t inode_of(int fd);

/// A dual-stack listener that our sockets connect to.
int helper_listener();

/// What the program reads.
PortTable table_of(Protocol protocol, std::uint16_t port, const PortFacts& facts);

/// And what it knows of the host.
PortHost host_of(const PortFacts& facts);

/// What a user sees who may not ask other processes' sockets for their options.
std::vector<BoundSocket> without_options(const PortTable& table);

std::string written_down(const BindRequest& made);
std::string written_down(const PortTable& table);

/// How often what happened.
class Tally {
public:
    void note(const std::string& what) { ++counts_[what]; }
    void check(bool right) { mismatches_ += right ? 0 : 1; }
    [[nodiscard]] int mismatches() const { return mismatches_; }
    void print() const;

private:
    std::map<std::string, int> counts_;
    int mismatches_ = 0;
};

/// Random sockets on one port, and what becomes of them. All are reset with this.
class Sockets {
public:
    Sockets(std::mt19937& random, Tally& tally, Protocol protocol, std::uint16_t port,
            const Interfaces& interfaces);
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;
    ~Sockets();

    struct Opened {
        int fd = -1;
        BindRequest made;
    };

    BindRequest random_request();
    Extras random_extras(const BindRequest& request);
    void keep(int fd, const BindRequest& made) { opened_.push_back({fd, made}); }
    void close_one();
    void connect_out(); ///< one becomes the near end of a connection
    void connect_in();  ///< a client connects; the child stays, or leaves a TIME_WAIT or FIN_WAIT_2
    [[nodiscard]] const std::vector<Opened>& all() const { return opened_; }
    [[nodiscard]] const Opened& any() { return opened_[pick(static_cast<std::uint32_t>(opened_.size()))]; }
    std::uint32_t pick(std::uint32_t below) { return random_() % below; }

    /// The inodes of those that really get what a new client sends to `destination`, by way of `interface`
    /// if that is a multicast group.
    std::set<std::uint64_t> reached(const Address& destination, std::uint32_t interface);

private:
    std::set<std::uint64_t> reached_by_datagram(const Address& destination, std::uint32_t interface);

    std::mt19937& random_;
    Tally& tally_;
    Protocol protocol_;
    std::uint16_t port_;
    Interfaces interfaces_;
    std::vector<Opened> opened_;
    std::vector<int> peers_;
};

/// Whether a test that began then still has time; a busy machine makes fewer rounds.
bool has_time(std::chrono::steady_clock::time_point began);

/// The number in an environment variable.
int number_of(const char* variable, int otherwise);

/// Runs `body` in a child that is in a namespace of its own, unless something is missing there.
void in_namespace(void (*body)(const Interfaces&));

} // namespace netstat46::live::ports
