// Linux's rules for ports, as functions over holders.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "ports/bound_socket.hpp"
#include "ports/rules.hpp"
#include "ports/verdict.hpp"
#include "record/port_facts.hpp"

namespace netstat46 {

extern const PortRules linux_port_rules;

/// Whether bind(2) of Linux wants an interface with this address, and binds the socket to it
/// (__ipv6_addr_needs_scope_id()).
bool linux_needs_scope(const Address& address);

/// bind(2) and listen(2) among `holders` (of the newcomer's protocol and port, in row order). The newcomer's
/// user must be given; whether address and port are permitted to it is not asked here.
BindVerdict linux_bind(const BindRequest& request, std::span<const BoundSocket> bound_sockets);

/// Interfaces by index; nothing: it may be any.
using Interfaces = std::optional<std::set<std::uint32_t>>;

/// Who gets what a new client, connected to none of `holders`, sends to `destination` (not v4-mapped) and
/// comes in on one of `interfaces`.
AnswerVerdict linux_answer(const Address& destination, std::span<const BoundSocket> bound_sockets,
                           const Interfaces& interfaces = std::nullopt);

/// Who gets a datagram to a multicast group or a broadcast address: everybody whom it matches.
/// `groups`: what the host's interfaces have joined; nothing: not known.
AnswerVerdict linux_copies(const Address& destination, std::span<const BoundSocket> bound_sockets,
                           const Interfaces& interfaces,
                           const std::optional<std::vector<JoinedGroup>>& groups);

} // namespace netstat46
