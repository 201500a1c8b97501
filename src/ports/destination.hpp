// Where a packet goes, and where it comes in.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>

#include "record/port_facts.hpp"

namespace netstat46 {

/// How many a packet to an address is meant for.
enum class Cast : std::uint8_t { Unicast, Multicast, Broadcast };

/// Broadcast: 255.255.255.255, and what the host's own networks use.
Cast cast_of(const Address& address, std::span<const HostAddress> own);

/// Linux: the interfaces on which a packet to this address of the host comes in, by index: those that hold
/// it, also for what the host sends to itself. Nothing: not known, or it may be any.
std::optional<std::set<std::uint32_t>> arrival_interfaces(const Address& address,
                                                          std::span<const HostAddress> own);

} // namespace netstat46
