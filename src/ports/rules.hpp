// One kernel's rules for ports, as functions: what each system hands to the questions about ports.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "ports/bound_socket.hpp"
#include "ports/destination.hpp"
#include "ports/verdict.hpp"

namespace netstat46 {

struct PortHost;

/// `holders` are those of one protocol and port, in row order.
struct PortRules {
    /// What refuses the newcomer before any holder is looked at: the name of an errno, or an empty view.
    /// `local`: the host has its address, if that is known. The newcomer's user is given.
    std::string_view (*refused_outright)(const PortHost&, const BindRequest&, std::optional<bool> local);

    /// bind(2), and for TCP listen(2) after it. The newcomer's user is given.
    BindVerdict (*bind)(const PortHost&, const BindRequest&, std::span<const BoundSocket> bound_sockets);

    /// Who gets what a new client, connected to none of `holders`, sends to `address` (not v4-mapped). TCP to
    /// many is not asked here.
    AnswerVerdict (*answer)(const PortHost&, const Address& address, Cast,
                            std::span<const BoundSocket> bound_sockets);

    /// Fills in what only this system's records say of a socket. All else in `holder` is there.
    void (*settle)(BoundSocket& bound, const SocketRecord& socket);

    bool binds_broadcast;   ///< bind(2) admits broadcast addresses, which no interface holds
    bool dual_stack = true; ///< an IPv6 socket can serve IPv4 too: its V6ONLY can be off
};

} // namespace netstat46
