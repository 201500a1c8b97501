// What one socket is, in words that no operating system owns.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "record/own_facts.hpp"

namespace netstat46 {

/// Our own numbers: AF_INET6 is 10, 30 or 28 by OS, so no record carries the kernel's.
enum class Family : std::uint8_t { Unknown, Inet, Inet6, Local };

/// `Other`: what no list shows and yet decides over the order of what it shows (OpenBSD's routing sockets).
enum class Protocol : std::uint8_t { Tcp, Udp, UdpLite, Raw, Sctp, Unix, Multipath, KernelControl, Other };

/// Connection states under one name for every OS. `Bound` is a TCP socket with a port that neither listens
/// nor connects.
enum class State : std::uint8_t {
    Unknown,
    Closed,
    Bound,
    Listen,
    SynSent,
    SynReceived,
    Established,
    CloseWait,
    FinWait1,
    Closing,
    LastAck,
    FinWait2,
    TimeWait,
};

/// A state's place in a set of states.
constexpr std::uint32_t state_bit(State state) { return 1U << static_cast<unsigned>(state); }

/// The IPV6_V6ONLY option as the kernel holds it. `NotApplicable`: not an IPv6 socket, or connected.
/// `Unknown`: an IPv6 socket whose kernel interface lacks the option.
enum class V6Only : std::uint8_t { NotApplicable, No, Yes, Unknown };

/// An internet address. IPv4 fills the first four bytes; a v4-mapped address of Linux stays Inet6
/// (::ffff:a.b.c.d). Bytes are in network order. `scope` is an interface index, 0 if the address has none.
struct Address {
    Family family = Family::Unknown;
    std::array<std::uint8_t, 16> bytes{};
    std::uint32_t scope = 0;

    friend bool operator==(const Address&, const Address&) = default;
};

/// `port` in host order; 0 is "any".
struct Endpoint {
    Address address;
    std::uint16_t port = 0;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Which address families a socket's packets may use: the `46` of tcp46.
struct Serves {
    bool ipv4 = false;
    bool ipv6 = false;

    friend bool operator==(const Serves&, const Serves&) = default;
};

/// The timer that the Linux kernel reports. `remaining_ms` is what is left of it.
struct Timer {
    std::uint8_t kind = 0; ///< idiag_timer: 0 off, 1 on, 2 keepalive, 3 timewait, 4 probe
    std::int64_t remaining_ms = 0;
    std::uint32_t retransmits = 0;
    std::uint32_t probes = 0;
};

/// How full the accept queue of a listener is.
struct Backlog {
    std::uint32_t waiting = 0;    ///< connections ready for accept(2)
    std::uint32_t incomplete = 0; ///< handshakes under way (BSD's incqlen; 0 on Linux)
    std::uint32_t limit = 0;
};

/// SOCK_* by number, the same on every OS; 0 is none.
inline constexpr std::array<std::string_view, 6> socket_types{"",    "stream", "dgram",
                                                              "raw", "rdm",    "seqpacket"};

/// Bits of UnixFacts::flags on Linux. linux/net.h: __SO_ACCEPTCON, the only one that net/unix/af_unix.c
/// prints; net-tools knows SO_WAITDATA and SO_NOSPACE too.
inline constexpr std::uint32_t unix_accepting = 1U << 16, unix_wait_data = 1U << 17, unix_no_space = 1U << 18;

/// A unix socket's own facts. Views point into the block that the record was decoded from.
struct UnixFacts {
    std::uint16_t type = 0; ///< SOCK_*: 1 stream, 2 dgram, 3 raw, 4 rdm, 5 seqpacket (the same on every OS)
    std::uint32_t protocol = 0;
    std::uint32_t flags = 0;    ///< Linux: `unix_accepting` and its like
    std::uint8_t state = 0;     ///< Linux: SS_FREE 0 .. SS_DISCONNECTING 4
    bool has_queues = false;    ///< Linux: recv_q and send_q are known
    bool refs_supposed = false; ///< Linux: refs is a guess: what such a socket mostly has
    bool path_is_file = false;  ///< Linux: the path is not an abstract name, although it may begin with `@`
    std::uint64_t refs = 0;     ///< Linux: reference count; BSD: address of the first referring pcb
    std::uint64_t vnode = 0;
    std::uint64_t peer = 0; ///< Linux: inode of the connected socket; BSD: address of its pcb
    std::uint64_t next_ref = 0;
    std::string_view path; ///< as the kernel gave it; a Linux abstract name begins with a NUL or, from /proc,
                           ///< with `@`, which stands there for every NUL
    std::string_view peer_path;
};

/// What every system and protocol may have of a socket. A field that a kernel does not give keeps its
/// default; where 0 would be a claim the field is optional.
struct SocketCore {
    Protocol protocol = Protocol::Tcp;
    Family family = Family::Unknown; ///< of the socket itself, not of the address it shows
    State state = State::Unknown;
    V6Only v6only = V6Only::NotApplicable;
    Serves serves;
    std::uint8_t ip_protocol = 0; ///< raw sockets: the IP protocol number
    bool past_damage = false;     ///< read after damage at which the native program stops
    bool accepts = false;         ///< SO_ACCEPTCONN is set, where the kernel gives the option (BSD)
    bool no_descriptor = false;   ///< SS_NOFDREF is set, where the kernel gives the socket's state (BSD)
    bool has_options = false;     ///< the record has the socket's options (BSD); else a process must be asked
    std::int32_t native_state = 0; ///< the kernel's own number, for states that have no name

    Endpoint local, foreign;
    std::uint64_t recv_q = 0, send_q = 0;
    std::optional<Backlog> backlog; ///< listeners only
    std::optional<Timer> timer;     ///< Linux TCP
    std::optional<std::uint32_t> uid;
    std::uint32_t device = 0; ///< interface index it is bound to (Linux idiag_if)
    std::uint64_t inode = 0;  ///< Linux; 0: none
    std::uint64_t pcb = 0;    ///< BSD: address of the protocol control block
    std::uint64_t tcb = 0;    ///< BSD: address of the tcpcb (what -A shows for TCP)
    /// Finds the socket's owners in Owners: Linux inode, BSD socket address. 0: no owner can be found.
    std::uint64_t owner_key = 0;
    std::optional<std::int32_t> last_pid; ///< the process that used it last (Darwin so_last_pid)
    std::int32_t effective_pid = 0;       ///< the process that it acts for (Darwin so_e_pid)
};

/// One socket. Trivially copyable. The views of its UnixFacts live as long as the block it was decoded from.
struct SocketRecord : SocketCore {
    std::optional<UnixFacts> unix_; ///< unix sockets only: unix_facts() reads them
    OwnFacts own;                   ///< what its system alone has

    /// As a new one. Much cheaper than to assign one: what is optional is not written.
    void clear() {
        static_cast<SocketCore&>(*this) = SocketCore{};
        unix_.reset();
        own.clear();
    }
};

/// A unix socket's facts, or their defaults.
inline const UnixFacts& unix_facts(const SocketRecord& socket) {
    static constexpr UnixFacts absent{};
    return socket.unix_ ? *socket.unix_ : absent;
}

/// The same to be written: made if there are none.
inline UnixFacts& unix_facts(SocketRecord& socket) {
    return socket.unix_ ? *socket.unix_ : socket.unix_.emplace();
}

/// Whether it views into the block that it was decoded from.
inline bool views_block(const SocketRecord& socket) {
    return socket.unix_ && !(socket.unix_->path.empty() && socket.unix_->peer_path.empty());
}

} // namespace netstat46
