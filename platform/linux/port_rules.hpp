// Linux's rules for ports, as functions over holders.
#pragma once

#include <span>

#include "ports/holder.hpp"
#include "ports/verdict.hpp"

namespace netstat46 {

/// Whether bind(2) of Linux wants an interface with this address, and binds the socket to it
/// (__ipv6_addr_needs_scope_id()).
bool linux_needs_scope(const Address& address);

/// bind(2) and listen(2) among `holders` (of the newcomer's protocol and port, in row order). The newcomer's
/// user must be given; whether address and port are permitted to it is not asked here.
BindVerdict linux_bind(const Newcomer& newcomer, std::span<const PortHolder> holders);

/// Who gets what a new client, connected to none of `holders`, sends to `destination` (not v4-mapped).
AnswerVerdict linux_answer(const Address& destination, std::span<const PortHolder> holders);

} // namespace netstat46
