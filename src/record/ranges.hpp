// Sets of ports and addresses, as users and kernels name them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "record/socket_record.hpp"

namespace netstat46 {

/// Inclusive.
struct PortRange {
    std::uint16_t first = 0, last = 0;
    std::optional<Protocol> protocol = std::nullopt; ///< nothing: any. A kernel filter may ignore it.

    friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// The addresses that share `length` leading bits with `address`. An IPv4 range holds the v4-mapped IPv6
/// addresses of its members too; `address` is never v4-mapped itself unless `length` is below 96.
struct AddressRange {
    Address address;
    unsigned length = 0;
    std::string scope; ///< an interface's index or name; empty: any
};

} // namespace netstat46
