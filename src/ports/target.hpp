// The ports that --explain, --who-answers and --can-bind ask about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ports/bound_socket.hpp"
#include "record/names.hpp"

namespace netstat46 {

/// One port that is asked about.
struct PortTarget {
    Protocol protocol = Protocol::Tcp;
    std::optional<Address> address; ///< nothing: every address
    std::uint16_t port = 0;
    bool inet = true, inet6 = true; ///< the families that are asked about
};

/// A port as it was written; nothing stands for what was left out.
struct WrittenPort {
    std::optional<Protocol> protocol;
    std::optional<Address> address;
    std::uint16_t port = 0;
};

/// Reads a list, with commas: `8888`, `:8888`, `*:8888`, `any:8888`, `*.8888`, `127.0.0.1:80`, `[::1]:80`,
/// `::1:80` and `::1.80` as listings have it, `localhost:http` (each of its addresses), `udp:53`, `53/udp`.
/// Empty if it is not one.
std::vector<WrittenPort> parse_ports_asked(std::string_view text, const Names& names);

/// What else stands in the value of --can-bind.
struct BindOptions {
    bool v6only = false, reuseaddr = false, reuseport = false;
    std::optional<std::uint32_t> uid;
};

struct WrittenBinds {
    std::vector<WrittenPort> ports;
    BindOptions options;
};

/// Reads such a list, and after the ports `,v6only`, `,reuseaddr`, `,reuseport`, `,uid=N`.
std::optional<WrittenBinds> parse_binds_asked(std::string_view text, const Names& names);

/// The socket that one of them asks about: any address is the dual-stack [::], or 0.0.0.0 of IPv4 alone.
/// Nothing if `v6only` is to be set on an IPv4 socket.
std::optional<BindRequest> bind_request(const PortTarget& target, const BindOptions& options);

/// `tcp`, `udp`.
std::string_view name_of(Protocol protocol);

/// `fe80::1%eth0`.
std::string scoped_text(const Address& address, const Names& names);

/// `127.0.0.1:80`, `[::1]:80`, `[fe80::1%eth0]:80`.
std::string written(const Address& address, std::uint16_t port, const Names& names = {});

/// The same, or of every address `80`, and of one family `80 (IPv4)`.
std::string written(const PortTarget& target, const Names& names = {});

} // namespace netstat46
