// Who holds a port, and who wants it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "record/socket_record.hpp"
#include "system.hpp"

namespace netstat46 {

/// What can be said from outside. The order makes `and` the lesser and `or` the greater of two.
enum class Truth : std::uint8_t { No, Unknown, Yes };

constexpr Truth truth(bool value) { return value ? Truth::Yes : Truth::No; }
constexpr Truth truth(std::optional<bool> value) { return value ? truth(*value) : Truth::Unknown; }
constexpr Truth operator&&(Truth a, Truth b) { return std::min(a, b); }
constexpr Truth operator||(Truth a, Truth b) { return std::max(a, b); }
constexpr Truth operator!(Truth a) { return a == Truth::Unknown ? a : truth(a == Truth::No); }

/// Whether a socket has itself joined a multicast group on an interface.
struct Membership {
    Address group;
    std::uint32_t interface = 0;
    bool joined = false;
};

/// A socket as the port rules see it. `address` is never v4-mapped: a socket bound to ::ffff:a.b.c.d has the
/// family Inet6 and the address a.b.c.d.
struct PortHolder {
    Protocol protocol = Protocol::Tcp;
    Family family = Family::Inet;
    Address address;
    bool wildcard = false;  ///< bound to no address in particular
    bool connected = false; ///< has a foreign address
    State state = State::Unknown;
    bool time_wait = false;                   ///< Linux: a TIME_WAIT socket, whatever state it shows
    Truth ipv4 = Truth::No, ipv6 = Truth::No; ///< whose packets it may get
    Truth v6only = Truth::No;
    std::uint32_t device = 0; ///< interface index it is bound to
    std::optional<std::uint32_t> uid;
    Truth reuseaddr = Truth::Unknown, reuseport = Truth::Unknown;
    Truth reuse_shared_uid = Truth::No;       ///< Darwin: SOF_REUSESHAREUID
    bool balanced = false;                    ///< FreeBSD: SO_REUSEPORT_LB
    std::optional<std::int32_t> incoming_cpu; ///< Linux SO_INCOMING_CPU; -1: none; nothing: not known
    /// Linux: gets what comes for groups that other sockets have joined (IPv4's and IPv6's option).
    Truth multicast_all = Truth::Unknown, multicast_all6 = Truth::Unknown;
    std::vector<Membership> memberships; ///< Linux: of the groups that are asked about
    /// Place in the kernel's own order, which is the listing's: it meets the lower one first. BSD: newest
    /// first. Linux: comparable only within a family.
    std::size_t row = 0;
};

/// A socket about to be bound.
struct Newcomer {
    Protocol protocol = Protocol::Tcp;
    Family family = Family::Inet;
    Address address; ///< may be v4-mapped
    std::uint16_t port = 0;
    bool v6only = false;
    bool reuseaddr = false, reuseport = false;
    std::optional<std::uint32_t> uid; ///< nothing: any user
    std::uint32_t device = 0;
};

/// The socket at `row` of its table as the rules of its system see it.
PortHolder holder_of(const SocketRecord& socket, const System& system, std::size_t row);

/// Linux: the options of a socket that no program has set any of (sock_init_data(), inet_create()).
void set_defaults(PortHolder& holder);

/// Linux: whose packets the address admits. A specific IPv6 address gets no IPv4 whatever its V6ONLY says.
void set_reach(PortHolder& holder);

/// What the newcomer will be once it is bound.
PortHolder holder_of(const Newcomer& newcomer);

/// The same address; a scope counts only where both have one.
bool same_address(const Address& a, const Address& b);

/// 127.0.0.0/8, ::1.
bool is_loopback(const Address& address);

/// Some packet could be meant for either of two sockets: they share a family, and their addresses there are
/// equal or one is the wildcard. Mirrors Linux inet_rcv_saddr_equal() with wildcards matching.
Truth overlap(const PortHolder& a, const PortHolder& b);

} // namespace netstat46
