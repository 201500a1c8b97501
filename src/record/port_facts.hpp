// What decides over ports besides the sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "record/owners.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

/// What getsockopt(2) gives of a socket; nothing where it is not permitted or has no such option.
struct SocketOptions {
    std::optional<bool> reuseaddr, reuseport, v6only;
    std::optional<std::int32_t> incoming_cpu;          ///< Linux SO_INCOMING_CPU; -1: none
    std::optional<bool> multicast_all, multicast_all6; ///< Linux IP_MULTICAST_ALL, IPV6_MULTICAST_ALL
};

/// An address of the host.
struct HostAddress {
    Address address;                  ///< link-local ones with their interface as scope
    std::uint32_t interface = 0;      ///< the index of the one that holds it; 0: not known
    unsigned prefix = 0;              ///< length in bits; 0: not known
    std::optional<Address> broadcast; ///< IPv4: as it was set, if it was

    friend bool operator==(const HostAddress&, const HostAddress&) = default;
};

/// A multicast group that an interface receives.
struct JoinedGroup {
    Address group;
    std::uint32_t interface = 0;
    bool filtered = false; ///< some socket takes only certain senders

    friend bool operator==(const JoinedGroup&, const JoinedGroup&) = default;
};

/// Whether it is known what rules of packet filters do before any socket is asked.
struct NatKnown {
    enum class State : std::uint8_t {
        NotTold, ///< a capture does not say
        Read,    ///< the rules are all there
        None,    ///< there are none
        NotRead,
    };
    State state = State::NotTold;
    std::string reason; ///< None: how that is known, or empty. NotRead: why, and what would help.

    friend bool operator==(const NatKnown&, const NatKnown&) = default;
};

struct NatListing {
    NatKnown known;
    std::string rules; ///< as parse_nat_rules() reads them; empty unless they are Read
};

/// What decides over ports besides the sockets, of the host that runs.
struct PortFacts {
    std::function<SocketOptions(const Owner&)> options; ///< of another process's socket, which stays as it is
    std::function<std::optional<bool>(const Address&)> is_local; ///< an address of this host
    std::vector<HostAddress> addresses;                          ///< of this host
    std::optional<std::vector<JoinedGroup>> groups;              ///< nothing: not known
    /// Whether another process's socket is a member itself; nothing where that cannot be asked.
    std::function<std::optional<bool>(const Owner&, const JoinedGroup&)> joined;
    std::function<bool(std::uint32_t uid)> may_bind_low; ///< bind(2) to privileged ports
    std::optional<std::uint16_t> first_unprivileged;     ///< where the kernel has a setting for it
    NatKnown nat;
    std::string nat_rules; ///< as parse_nat_rules() reads them; empty unless `nat` is Read
    /// What a process was started as, and the service manager's unit that it belongs to; unset: not asked
    /// for. What they give is as the process chose it.
    std::function<std::string(std::int32_t pid)> command_line, unit;
};

/// What a capture holds of PortFacts. BSD socket tables hold options themselves.
struct KeptPortFacts {
    std::unordered_map<std::uint64_t, SocketOptions> options; ///< by owner key
    std::vector<HostAddress> addresses;                       ///< of the host; empty: not known
    std::optional<std::vector<JoinedGroup>> groups;           ///< nothing: not known
    std::optional<std::uint16_t> first_unprivileged;
    std::string nat_rules; ///< as PortFacts::nat_rules
};

} // namespace netstat46
