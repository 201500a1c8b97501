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

/// Functions that may all be called: each answers that nothing has a name until it is set. An empty view: no
/// name, and the number is printed. What is given is as the database had it, not cleaned, and lives as long
/// as the Names. Each distinct question is asked once per run. Live: the system's resolver and databases.
/// Replay: the capture's host tables, never this host's.
struct Names {
    using OfAddress = std::function<std::string_view(const Address&)>;
    using OfNumber = std::function<std::string_view(std::uint32_t)>;
    using Number = std::function<std::optional<std::uint32_t>(std::string_view)>;

    OfAddress host = [](const Address&) { return std::string_view{}; };
    OfAddress network = [](const Address&) { return std::string_view{}; };         ///< IPv4 only
    std::function<std::string_view(std::uint16_t port, std::string_view protocol)> ///< protocol: `tcp`, `udp`
        service = [](std::uint16_t, std::string_view) { return std::string_view{}; };
    OfNumber user = [](std::uint32_t) { return std::string_view{}; };
    OfNumber interface = [](std::uint32_t) { return std::string_view{}; };
    std::function<std::string_view(std::uint8_t number)> ip_protocol = [](std::uint8_t) {
        return std::string_view{};
    };

    // By name.
    Number interface_index = [](std::string_view) { return std::optional<std::uint32_t>{}; };
    Number uid = [](std::string_view) { return std::optional<std::uint32_t>{}; };
    std::function<std::vector<std::uint16_t>(std::string_view service)> ports = [](std::string_view) {
        return std::vector<std::uint16_t>{};
    };
    std::function<std::vector<Address>(std::string_view host)> addresses = ///< each once
        [](std::string_view) { return std::vector<Address>{}; };

    bool host_waits = false; ///< host() may keep its caller waiting: prefetch() is to be called before
    std::function<void(std::span<const Address>)> prefetch = [](std::span<const Address>) {}; ///< all at once
    /// errno of a look-up that failed for want of descriptors or memory, so that a name is missing; 0: none
    /// did.
    std::function<int()> failure = [] { return 0; };
    /// Of the host; a replay's only those that it names.
    std::function<bool(std::int32_t pid)> has_process = [](std::int32_t) { return false; };
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
