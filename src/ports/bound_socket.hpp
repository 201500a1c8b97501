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
enum class Tristate : std::uint8_t { No, Unknown, Yes };

constexpr Tristate tristate(bool value) { return value ? Tristate::Yes : Tristate::No; }
constexpr Tristate tristate(std::optional<bool> value) {
    return value ? tristate(*value) : Tristate::Unknown;
}
constexpr Tristate operator&&(Tristate a, Tristate b) { return std::min(a, b); }
constexpr Tristate operator||(Tristate a, Tristate b) { return std::max(a, b); }
constexpr Tristate operator!(Tristate a) { return a == Tristate::Unknown ? a : tristate(a == Tristate::No); }

/// Whether a socket has itself joined a multicast group on an interface.
struct Membership {
    Address group;
    std::uint32_t interface = 0;
    bool joined = false;
};

/// A socket as the port rules see it. `address` is never v4-mapped: a socket bound to ::ffff:a.b.c.d has the
/// family Inet6 and the address a.b.c.d.
struct BoundSocket {
    Protocol protocol = Protocol::Tcp;
    Family family = Family::Inet;
    Address address;
    bool wildcard = false;  ///< bound to no address in particular
    bool connected = false; ///< has a foreign address
    State state = State::Unknown;
    bool time_wait = false;                            ///< Linux: a TIME_WAIT socket, whatever state it shows
    Tristate ipv4 = Tristate::No, ipv6 = Tristate::No; ///< whose packets it may get
    Tristate v6only = Tristate::No;
    std::uint32_t device = 0;        ///< interface index it is bound to
    std::uint32_t routing_table = 0; ///< OpenBSD
    std::optional<std::uint32_t> uid;
    Tristate reuseaddr = Tristate::Unknown, reuseport = Tristate::Unknown;
    Tristate reuse_shared_uid = Tristate::No; ///< Darwin: SOF_REUSESHAREUID
    bool balanced = false;                    ///< FreeBSD: SO_REUSEPORT_LB
    std::optional<std::int32_t> incoming_cpu; ///< Linux SO_INCOMING_CPU; -1: none; nothing: not known
    /// Linux: gets what comes for groups that other sockets have joined (IPv4's and IPv6's option).
    Tristate multicast_all = Tristate::Unknown, multicast_all6 = Tristate::Unknown;
    std::vector<Membership> memberships; ///< Linux: of the groups that are asked about
    /// Place in the kernel's own order, which is the listing's: it meets the lower one first. BSD: newest
    /// first. Linux: comparable only within a family.
    std::size_t row = 0;
};

/// A socket about to be bound.
struct BindRequest {
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
BoundSocket bound_socket(const SocketRecord& socket, const System& system, std::size_t row);

/// Linux: the options of a socket that no program has set any of (sock_init_data(), inet_create()).
void set_defaults(BoundSocket& bound);

/// Linux: whose packets the address admits. A specific IPv6 address gets no IPv4 whatever its V6ONLY says.
void set_reach(BoundSocket& bound);

/// What the newcomer will be once it is bound.
BoundSocket bound_socket(const BindRequest& request);

/// The same address; a scope counts only where both have one.
bool same_address(const Address& a, const Address& b);

/// 127.0.0.0/8, ::1.
bool is_loopback(const Address& address);

/// Some packet could be meant for either of two sockets: they share a family, and their addresses there are
/// equal or one is the wildcard. Mirrors Linux inet_rcv_saddr_equal() with wildcards matching.
Tristate overlap(const BoundSocket& a, const BoundSocket& b);

} // namespace netstat46
