// Names for numbers: hosts, services, users, interfaces, IP protocols.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/socket_record.hpp"

namespace netstat46 {

/// Every function gives an empty view for what has no name; then the number is printed. What is given is as
/// the database had it, not cleaned, and lives as long as the Names. Each distinct question is asked once per
/// run. Live: the system's resolver and databases. Replay: the capture's host tables, never this host's.
struct Names {
    std::function<std::string_view(const Address&)> host;
    std::function<std::string_view(std::uint16_t port, std::string_view protocol)>
        service; ///< protocol: `tcp`, `udp`
    std::function<std::string_view(std::uint32_t uid)> user;
    std::function<std::string_view(std::uint32_t index)> interface;
    std::function<std::optional<std::uint32_t>(std::string_view interface)>
        interface_index; ///< unset: no interface is known by its name
    std::function<std::string_view(std::uint8_t number)> ip_protocol;
    std::function<std::vector<std::uint16_t>(std::string_view service)> ports; ///< a service name's ports
    std::function<std::optional<std::uint32_t>(std::string_view user)> uid;
    std::function<std::vector<Address>(std::string_view host)>
        addresses; ///< of a host by its name, each once; unset: no name is known
    std::function<std::string_view(const Address&)> network; ///< IPv4 only; unset: none has a name
    /// Resolves all of them at once, before host() is asked; unset: host() keeps nobody waiting.
    std::function<void(std::span<const Address>)> prefetch;
    /// errno of a look-up that failed for want of descriptors or memory, so that a name is missing; 0: none
    /// did; unset: none can.
    std::function<int()> failure;
    std::function<bool(std::int32_t pid)> has_process; ///< of the host; a replay's only those that it names
};

/// The protocol that a port's service is named after.
constexpr std::string_view service_protocol(Protocol protocol) {
    if (protocol == Protocol::Tcp) return "tcp";
    return protocol == Protocol::Sctp ? "sctp" : "udp";
}

struct HostTables;

/// Names out of a capture's host tables, which outlive them. `N/raw` among the services names IP protocol N.
Names replayed_names(const HostTables& tables);

/// Names of this host (platform/posix).
Names live_names();

} // namespace netstat46
