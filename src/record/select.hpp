// Our own selections: which sockets a user asked for, in every dialect.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "record/host_tables.hpp"
#include "record/kernel_filter.hpp"
#include "record/names.hpp"
#include "record/ranges.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

/// What --port and its like ask for; a socket must satisfy all of it. Empty members ask for nothing.
struct Selection {
    std::vector<PortRange> ports; ///< local or foreign
    std::vector<PortRange> local_ports, foreign_ports;
    std::vector<AddressRange> addresses;  ///< local or foreign in any of them
    std::vector<std::int32_t> pids;       ///< of any holder
    std::vector<std::string> commands;    ///< shell patterns for any holder: its name, or its cell
    std::vector<std::uint32_t> users;     ///< the socket's; where that is not known, any owner's
    std::vector<std::string_view> states; ///< as state_word() writes them
    std::optional<bool> v6only;

    [[nodiscard]] bool empty() const;
    [[nodiscard]] bool needs_owners() const;
    [[nodiscard]] bool internet_only() const; ///< no socket without ports and addresses can satisfy it
};

/// `8888,8000-8100,http`: numbers, ranges and service names, which `names` knows. The error names the item.
std::variant<std::vector<PortRange>, std::string> parse_ports(std::string_view list, const Names& names);

/// `10.0.0.0/8`, `::1`, `fe80::1%eth0`.
std::optional<AddressRange> parse_address_range(std::string_view text);

/// Whether `pattern` is for a process: its name, the kernel's short name, or what a listing shows of it
/// (`812/nginx`, cut or not; `nginx:812`).
bool is_command(const std::string& pattern, std::int32_t pid, const Process& process);

/// The state in one spelling for every OS and protocol: `listen`, `time_wait`, `established` (connected UDP
/// and unix sockets too), `unconnected`; empty if there is none.
std::string_view state_word(const SocketRecord& socket);

/// The interface that `address` belongs to, 0 if it has none. On Linux it is the socket's device.
std::uint32_t scope_of(const Address& address, const SocketRecord& socket);

/// True for the sockets that `selection` asks for. `tables` and `names` outlive it, and hold what they will
/// by the time of the first call.
std::function<bool(const SocketRecord&)> selector(const Selection& selection, const HostTables& tables,
                                                  const Names& names);

/// What of `selection` a kernel may do.
KernelFilter kernel_filter(const Selection& selection);

/// The TCP states that `selection` leaves, as state_bit()s; 0: all.
std::uint32_t selected_states(const Selection& selection);

} // namespace netstat46
