// Would a bind succeed, who answers: the kernels' rules plus what the host allows at all.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ports/bound_socket.hpp"
#include "ports/destination.hpp"
#include "ports/nat.hpp"
#include "ports/rules.hpp"
#include "ports/verdict.hpp"
#include "record/port_facts.hpp"

namespace netstat46 {

/// Addresses that stand for those that no socket is bound to (RFC 5737, RFC 3849).
inline constexpr Address any_inet{Family::Inet, {192, 0, 2, 46}, 0};
inline constexpr Address any_inet6{
    Family::Inet6, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x46}, 0};

/// What decides besides the sockets.
struct PortHost {
    const PortRules* rules = nullptr;                            ///< the system's
    int major = 0;                                               ///< FreeBSD 13, 14, 15
    std::map<std::string, std::string, std::less<>> particulars; ///< HostFacts::particulars
    std::uint16_t first_unprivileged = 1024; ///< Linux net.ipv4.ip_unprivileged_port_start
    std::function<std::optional<bool>(const Address&)> is_local; ///< empty, or nothing: not known
    std::function<bool(std::uint32_t uid)> may_bind_low;         ///< empty: root
    std::vector<HostAddress> addresses;                          ///< empty: not known
    std::optional<std::vector<JoinedGroup>> groups;              ///< nothing: not known
    NatRules nat;
    NatKnown nat_known; ///< whether `nat` is all of them

    [[nodiscard]] bool permits_low_ports(std::uint32_t uid) const {
        return may_bind_low ? may_bind_low(uid) : uid == 0;
    }
};

/// The verdict for some users who fare alike.
struct UserVerdict {
    std::vector<std::uint32_t> users;
    bool everybody_else = false;
    BindVerdict verdict;
};

struct BindAnswer {
    BindVerdict verdict;              ///< over all users, if none was given
    std::vector<UserVerdict> by_user; ///< if the outcome depends on the user
    bool assumes_local = false;       ///< whether the host has the address is not known
    std::string intercepted_by;       ///< the nat rule that takes its packets first
    NatKnown nat;                     ///< of the host
};

struct WhoAnswer {
    AnswerVerdict verdict;
    std::string intercepted_by;
    Address reached; ///< the destination, without wildcard or v4-mapping
    Cast cast = Cast::Unicast;
    bool unconnectable = false;       ///< TCP to many: connect(2) refuses it, and no listener answers
    bool unjoined = false;            ///< no interface of the host has joined the group
    bool elsewhere = false;           ///< it is not an address of the host
    NatKnown nat;                     ///< of the host
    bool nat_matters = true;          ///< a rule could change the answer
    std::optional<Endpoint> leads_to; ///< where `intercepted_by` sends it, if that is one place
    bool leads_here = false;          ///< which is a socket of this host

    /// Rules that could change it may be there.
    [[nodiscard]] bool depends_on_nat() const { return nat_matters && nat.state == NatKnown::State::NotRead; }
};

/// The FreeBSD major number in `14.5-RELEASE`; 0 if there is none.
int major_of(const std::string& release);

/// The socket that the host's kernel makes of it: where none is dual-stack, V6ONLY is on.
BindRequest as_made(const PortHost& host, BindRequest request);

/// `holders`: those of the newcomer's protocol and port, in row order.
BindAnswer can_bind(const PortHost& host, const BindRequest& request,
                    std::span<const BoundSocket> bound_sockets);

/// Of a wildcard destination: what a client on the host itself gets, which connects to loopback.
WhoAnswer who_answers(const PortHost& host, Protocol protocol, const Address& destination, std::uint16_t port,
                      std::span<const BoundSocket> bound_sockets);

} // namespace netstat46
