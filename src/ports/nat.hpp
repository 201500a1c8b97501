// Packet filter rules that send what arrives for a port somewhere else, before any socket is asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/ranges.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

/// One rule of a nat chain, as far as it can be judged. Conditions that are not understood count as met.
struct NatRule {
    enum class Action : std::uint8_t { Other, Take, Jump, Return, Accept };

    std::string chain; ///< with its family and table, which chains of others may share the name of
    Action action = Action::Other;
    std::string jump; ///< the chain, as `chain`
    std::optional<Protocol> protocol;
    std::vector<PortRange> ports;       ///< empty: any
    bool other_ports = false;           ///< met by those that are not in `ports`
    std::vector<AddressRange> networks; ///< of the destination; empty: any
    bool outside = false;               ///< met by what is in none of `networks`
    bool conditional = false;           ///< has conditions that are not understood
    std::string text;
};

struct NatChain {
    std::string name;
    bool inet = false, inet6 = false; ///< whose packets it sees
    bool arriving = false;            ///< PREROUTING; else OUTPUT: what this host itself sends
};

struct NatRules {
    std::vector<NatChain> hooks;
    std::vector<NatRule> rules;
};

/// Reads what iptables-save, ip6tables-save and `nft list ruleset` write, behind lines `# ipv4`, `# ipv6`, `#
/// nft`.
NatRules parse_nat_rules(std::string_view text);

/// The rule that takes packets for the destination away, or an empty text; if that depends on conditions that
/// are not understood, the text says so behind it. What a host sends to its own loopback addresses passes
/// only the output chains.
std::string intercepting_rule(const NatRules& rules, Protocol protocol, const Address& destination,
                              std::uint16_t port);

} // namespace netstat46
