// Whether rules of a packet filter take what clients send before any socket is asked.
#pragma once

#include <string>

#include "ports/nat_walk.hpp"

namespace netstat46 {

/// What is asked about: clients' packets to one destination.
struct NatQuestion {
    Protocol protocol = Protocol::Tcp;
    Address destination; ///< not v4-mapped
    std::uint16_t port = 0;
    Tristate to_local = Tristate::Yes; ///< it is an address of the host
};

struct Interception {
    std::string text; ///< the rule, and for whom or on what it depends; empty: nothing takes anything
    std::optional<Endpoint> leads_to; ///< where `first` sends them, if that is one place
    bool leads_here = false;          ///< which is a socket of this host
    NatOutcome first;     ///< what is done to clients of the host itself if to any, else to others
    bool certain = false; ///< one thing happens, to every client
};

/// Follows the packets of clients on the host itself (of Linux through OUTPUT, then over lo through
/// PREROUTING without nat), and of others through PREROUTING, by every interface that a rule names and by one
/// that none names. Loopback addresses have no clients elsewhere.
Interception interception(const NatRules& rules, const NatQuestion& question);

/// Its text.
std::string intercepting_rule(const NatRules& rules, Protocol protocol, const Address& destination,
                              std::uint16_t port, Tristate to_local = Tristate::Yes);

} // namespace netstat46
