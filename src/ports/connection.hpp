// --explain of one connection, and of the path of a unix socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ports/ask_one.hpp"

namespace netstat46 {

/// `10.0.0.1:443-192.0.2.7:50211`
struct ConnectionTarget {
    std::optional<Protocol> protocol; ///< nothing: TCP or UDP
    Endpoint one, other;
};

/// Nothing if it is not one.
std::optional<ConnectionTarget> parse_connection(std::string_view text, const Names& names);

/// The ends that this host has, who holds them, and what the kernel knows of each. Status: as of --explain.
Part explain_connection(const Asked& asked, const ConnectionTarget& target);

/// The path after `unix:`, or nothing.
std::optional<std::string_view> unix_path_in(std::string_view text);

/// Who listens at `path` (an abstract name begins with `@`), and who is connected there.
Part explain_unix(const Asked& asked, std::string_view path);

} // namespace netstat46
