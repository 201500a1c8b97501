// Our own selections: which sockets a user asked for, in every dialect.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "record/names.hpp"
#include "record/side_tables.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

/// Inclusive.
struct PortRange {
    std::uint16_t first = 0, last = 0;
};

/// What --port and its like ask for. Empty lists select everything.
struct Selection {
    std::vector<PortRange> ports; ///< local or foreign

    [[nodiscard]] bool empty() const { return ports.empty(); }
};

/// `8888,8000-8100,http`: numbers, ranges and service names, which `names` knows. The error names the item.
std::variant<std::vector<PortRange>, std::string> parse_ports(std::string_view list, const Names& names);

/// True for the sockets that `selection` asks for. Unix sockets have no ports.
std::function<bool(const SocketRecord&)> selector(const Selection& selection);

} // namespace netstat46
