// What the rules of a packet filter make of one packet.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ports/bound_socket.hpp"
#include "ports/nat_rules.hpp"

namespace netstat46 {

/// Who sends the packet.
enum class NatSource : std::uint8_t {
    Own,   ///< this host: from one of its addresses
    Other, ///< another host, or a container
};

/// The first packet of a new client.
struct NatPacket {
    Protocol protocol = Protocol::Tcp;
    Address destination; ///< not v4-mapped
    std::uint16_t port = 0;
    Tristate to_local = Tristate::Yes; ///< the destination is an address of this host
    NatSource source = NatSource::Own;
    std::string in;                      ///< the interface it comes in on; empty: none, it is on its way out
    bool seen = false;                   ///< it passed Output before, so nat has been asked
    std::optional<Address> connected_to; ///< the destination before Output changed it
};

/// What may become of it: a way that a rule sends it.
struct NatOutcome {
    NatAction::Kind kind = NatAction::Kind::Unclear; ///< Dnat, Redirect, Tproxy, Drop; Unclear: perhaps none
    NatTarget target;
    const NatRule* rule = nullptr; ///< null: more rules than are followed
};

struct NatVerdict {
    std::vector<NatOutcome> taken; ///< in the order of the rules
    bool may_pass = true;          ///< it may also go on to this host's sockets or be routed as it is

    /// It is known what happens: one thing.
    [[nodiscard]] bool certain() const { return taken.empty() || (taken.size() == 1 && !may_pass); }
};

/// What the rules at `hook` do with the packet, given what conditions can be judged: those that cannot make
/// several outcomes possible. Filters that only drop packets, outside of nat, are not followed.
NatVerdict nat_verdict(const NatRules& rules, NatHook hook, const NatPacket& packet);

/// 127.0.0.1, ::1.
Address loopback_of(Family family);

/// Whether this host has the address.
using IsLocal = std::function<Tristate(const Address&)>;

/// What becomes of a packet that this host sends: at Output, and where that keeps it on the host, at
/// Prerouting after lo, where nat is not asked again. `is_local` judges where it is sent; may be empty.
NatVerdict nat_verdict_of_own(const NatRules& rules, NatPacket packet, const IsLocal& is_local = {});

} // namespace netstat46
