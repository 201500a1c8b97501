// What the kernel itself answers about packet filters, without nft(8) and iptables(8).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ports/bound_socket.hpp"

namespace netstat46 {

/// Whether a part of the kernel is there, built in or loaded. `symbol` is one of its functions.
Tristate has_part(std::string_view module, std::string_view symbol);

/// Whether the kernel loads no modules at all; then to ask a part that is not there changes nothing.
bool is_fixed();

/// A table of nf_tables.
struct NftTableName {
    std::string family; ///< `ip`, `ip6`, `inet`; others are left out
    std::string name;
};

/// An errno, or the tables.
struct NftTables {
    int error = 0;
    std::vector<NftTableName> tables;
};

NftTables nft_tables();

/// Those of nat, mangle and raw that iptables has in its older place; nothing if that cannot be known. `file`
/// is /proc/net/ip_tables_names or the same of IPv6.
std::optional<std::vector<std::string>> legacy_tables(const char* file);

} // namespace netstat46
