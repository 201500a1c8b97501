// What the targets for listings of rules share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ports/nat.hpp"
#include "record/address.hpp"

namespace netstat46 {

/// Puts the text after each of the headings in turn, a NUL beginning the next section; then packets to both
/// families.
inline int follow_listing(const std::vector<std::string_view>& headings, const std::uint8_t* data,
                          std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string listing;
    for (const std::string_view heading : headings) {
        const std::string_view part = text.substr(0, text.find('\0'));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        listing += heading;
        listing += part;
        listing += '\n';
    }
    const NatRules rules = parse_nat_rules(listing);
    for (const char* address : {"127.0.0.1", "192.0.2.1", "::1", "fd00::1"})
        for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp}) {
            const Interception taken =
                interception(rules, {protocol, *parse_address(address), 80, Tristate::Yes});
            if (taken.text.empty() && taken.leads_to) __builtin_trap();
        }
    return 0;
}

} // namespace netstat46
