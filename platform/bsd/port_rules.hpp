// The BSDs' rules for ports, as functions over holders.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ports/bound_socket.hpp"
#include "ports/rules.hpp"
#include "ports/verdict.hpp"

namespace netstat46 {

inline constexpr std::uint16_t bsd_reserved_ports = 1024; ///< netinet/in.h, IPPORT_RESERVED: those below

/// Which BSD the rules are for, where they differ.
struct BsdKernel {
    bool freebsd = false;
    int major = 0; ///< FreeBSD 13, 14, 15
};

/// bind(2) and listen(2) among `holders` (of the newcomer's protocol and port, in row order). The newcomer's
/// user must be given; whether address and port are permitted to it is not asked here.
BindVerdict bsd_bind(const BsdKernel& kernel, const BindRequest& request,
                     std::span<const BoundSocket> bound_sockets);

/// Who gets what a new client, connected to none of `holders`, sends to `destination` (not v4-mapped).
AnswerVerdict bsd_answer(const BsdKernel& kernel, const Address& destination,
                         std::span<const BoundSocket> bound_sockets);

/// Who gets a datagram to a multicast group or a broadcast address. Which groups are joined is not known.
AnswerVerdict bsd_copies(const BsdKernel& kernel, const Address& destination,
                         std::span<const BoundSocket> bound_sockets);

/// What every BSD refuses before any holder is looked at, as PortRules::refused_outright; `privileged`: the
/// port wants a privilege there.
std::string_view bsd_refused_outright(const PortHost& host, const BindRequest& request,
                                      std::optional<bool> local, bool privileged);

AnswerVerdict bsd_answer(const BsdKernel& kernel, const Address& destination, Cast cast,
                         std::span<const BoundSocket> bound_sockets);

/// Whom it serves, and its so_options.
void bsd_settle(BoundSocket& bound, const SocketRecord& socket, std::optional<std::uint32_t> options);

} // namespace netstat46
