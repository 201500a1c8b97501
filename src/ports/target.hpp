// The ports that --explain, --who-answers and --can-bind ask about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ports/bound_socket.hpp"
#include "record/names.hpp"

namespace netstat46 {

/// `[PROTO:][ADDR:]PORT`. `*` stands for `[::]`.
struct PortTarget {
    Protocol protocol = Protocol::Tcp;
    std::optional<Address> address;
    std::uint16_t port = 0;
};

/// The port of a service (`http`, `tcp`), or nothing.
using ServicePort =
    std::function<std::optional<std::uint16_t>(std::string_view name, std::string_view protocol)>;

/// Reads `tcp:127.0.0.1:80`, `[::1]:8080`, `udp:domain`, `*:80`. Nothing if it is not a target.
std::optional<PortTarget> parse_port_target(std::string_view text, const Names& names);

/// Reads `[PROTO:]ADDR:PORT[,v6only][,reuseaddr][,reuseport][,uid=N]`; without `uid=` the uid stays unset.
std::optional<BindRequest> parse_bind_request(std::string_view text, const Names& names);

/// `tcp`, `udp`.
std::string_view name_of(Protocol protocol);

/// `fe80::1%eth0`.
std::string scoped_text(const Address& address, const Names& names);

/// `127.0.0.1:80`, `[::1]:80`, `[fe80::1%eth0]:80`.
std::string written(const Address& address, std::uint16_t port, const Names& names = {});

} // namespace netstat46
