// Rules of packet filters that may send a packet elsewhere before any socket is asked, as data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "record/ranges.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

/// What of a packet a condition asks about.
enum class NatField : std::uint8_t {
    Unknown, ///< something that is not followed: its conditions are neither met nor unmet
    Family,  ///< 4 or 6
    Protocol,
    DestinationPort,
    SourcePort,
    Destination,
    Source,
    In,              ///< a device's name; what this host sends has none
    Out,             ///< a device's name; what arrives has none
    DestinationType, ///< RTN_LOCAL and its like, linux/rtnetlink.h
    SourceType,
    State, ///< of conntrack, as bits: NF_CT_STATE_BIT
    Mark,
    TcpFlags,
    Random, ///< a number that is drawn for each packet
};

/// A number of up to 128 bits, big-endian. IPv4 addresses and other short numbers stand at the end.
using NatNumber = std::array<std::uint8_t, 16>;

NatNumber nat_number(std::uint64_t value);
NatNumber nat_number(const Address& address);

/// What a field is compared with.
struct NatValue {
    enum class Kind : std::uint8_t {
        Unknown, ///< not understood
        Range,   ///< of numbers, inclusive
        Name,
        Prefix, ///< of names
        Group,  ///< of interfaces: its own name, or a name and a number; others may belong to it
    };
    Kind kind = Kind::Unknown;
    NatNumber first{}, last{};
    std::optional<NatNumber> mask; ///< the bits of the field that are compared; nothing: all
    std::string name;
};

/// Where a packet is sent.
struct NatTarget {
    bool known = true;                  ///< what stands below is all
    std::optional<Address> first, last; ///< nothing: of REDIRECT and TPROXY this host's own, else as it was
    PortRange ports;                    ///< 0: as it was
};

struct NatAction {
    enum class Kind : std::uint8_t {
        None, ///< the next rule follows
        Dnat,
        Redirect,
        Tproxy,
        Drop,
        Accept, ///< ends the base chain, from whatever chain it was called
        Return,
        Jump,
        Goto,
        Unclear, ///< not followed
    };
    Kind kind = Kind::None;
    std::string chain; ///< of Jump and Goto: its key
    NatTarget target;
};

/// An element of a set, or of a map: then with what it maps to.
struct NatElement {
    std::vector<NatValue> values; ///< one for each field; empty: matches what no other element does
    NatAction action;
};

using NatSet = std::vector<NatElement>;

struct NatMatch {
    std::vector<NatField> fields; ///< several: a concatenation
    bool negated = false;
    std::shared_ptr<const NatSet> set; ///< null: not known
};

struct NatRule {
    std::vector<NatMatch> matches; ///< all must be met
    NatAction action;
    /// Its element gives the action; or the target, if `action` has a kind. No element: the next rule
    /// follows.
    std::optional<NatMatch> map;
    std::size_t modulus = 0; ///< of a map over NatField::Random: its numbers are below
    bool marks = false;      ///< sets the packet's mark
    bool untracks = false;   ///< conntrack, and with it nat, leaves the packet alone
    bool goes_on = false;    ///< of Tproxy: the next rule follows all the same
    std::string text;
};

enum class NatHook : std::uint8_t {
    Prerouting, ///< what arrives, before it is looked at whose it is
    Output,     ///< what this host sends, before it leaves its socket's hands
};

/// A chain that the kernel calls.
struct NatBase {
    std::string chain; ///< its key
    NatHook hook = NatHook::Prerouting;
    bool inet = false, inet6 = false; ///< whose packets it sees
    bool nat = false;   ///< of the type nat; in others only TPROXY, marks and notrack are followed
    bool drops = false; ///< its policy
    int priority = 0;
};

struct NatRules {
    std::vector<NatBase> bases;                                   ///< in the order in which they are listed
    std::unordered_map<std::string, std::vector<NatRule>> chains; ///< by key: unique over all tables
    bool pf = false; ///< of BSD's pf: what the host sends to itself arrives on lo0, and is asked there
    std::vector<std::string> skipped; ///< pf: interfaces whose packets are not looked at
    std::size_t size = 0;             ///< of rules and the words of sets
    bool cut = false;                 ///< there are more than are kept
};

/// So many rules and words of sets are kept.
inline constexpr std::size_t most_nat_parts = 2'000'000;

/// Reads what iptables-save, ip6tables-save and `nft list ruleset` write, after lines `# ipv4`, `# ipv6`
/// (perhaps with ` legacy`) and `# nft`; and what pfctl writes, after `# pf nat`, `# pf rules` (perhaps with
/// an anchor's path) and `# pf interfaces`. Never fails: what it does not understand becomes a condition
/// that is neither met nor unmet.
NatRules parse_nat_rules(std::string_view text);

} // namespace netstat46
