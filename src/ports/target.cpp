#include "ports/target.hpp"

#include <fmt/format.h>

#include "parse.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// Takes `tcp:` or `udp:` off the front.
std::optional<Protocol> take_protocol(std::string_view& text) {
    for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp}) {
        const std::string_view name = name_of(protocol);
        if (!text.starts_with(name) || text.substr(name.size(), 1) != ":") continue;
        text.remove_prefix(name.size() + 1);
        return protocol;
    }
    return std::nullopt;
}

/// `::1`, `fe80::1%3`, `fe80::1%eth0`.
std::optional<Address> parse_scoped(std::string_view text, const Names& names) {
    const std::size_t percent = text.find('%');
    if (percent == std::string_view::npos || is_digits(text.substr(percent + 1))) return parse_address(text);
    auto address = parse_address(text.substr(0, percent));
    const auto index = names.interface_index ? names.interface_index(text.substr(percent + 1)) : std::nullopt;
    if (!address || address->family != Family::Inet6 || !index) return std::nullopt;
    address->scope = *index;
    return address;
}

/// `*`, `127.0.0.1`, `[::1]`. A bare IPv6 address could swallow the port and is none.
std::optional<Address> parse_host(std::string_view text, const Names& names) {
    if (text == "*") return Address{Family::Inet6, {}, 0};
    const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
    if (bracketed) text = text.substr(1, text.size() - 2);
    const auto address = parse_scoped(text, names);
    if (!address || bracketed != (address->family == Family::Inet6)) return std::nullopt;
    return address;
}

std::optional<std::uint16_t> parse_port(std::string_view text, const Names& names) {
    if (text.empty() || !is_digits(text)) {
        const std::vector<std::uint16_t> ports = names.ports(text);
        return ports.empty() ? std::nullopt : std::optional(ports.front());
    }
    const auto port = parse_number<std::uint16_t>(text);
    return port == std::uint16_t{0} ? std::nullopt : port;
}

} // namespace

std::string_view name_of(Protocol protocol) { return protocol == Protocol::Udp ? "udp" : "tcp"; }

std::string scoped_text(const Address& address, const Names& names) {
    Text text;
    put_scoped(text, address, names);
    return fmt::to_string(text);
}

std::string written(const Address& address, std::uint16_t port, const Names& names) {
    const std::string host = scoped_text(address, names);
    return address.family == Family::Inet6 ? fmt::format("[{}]:{}", host, port)
                                           : fmt::format("{}:{}", host, port);
}

std::optional<PortTarget> parse_port_target(std::string_view text, const Names& names) {
    PortTarget target;
    target.protocol = take_protocol(text).value_or(Protocol::Tcp);
    if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
        target.address = parse_host(text.substr(0, colon), names);
        if (!target.address) return std::nullopt;
        text.remove_prefix(colon + 1);
    }
    const auto port = parse_port(text, names);
    if (!port) return std::nullopt;
    target.port = *port;
    return target;
}

std::optional<BindRequest> parse_bind_request(std::string_view text, const Names& names) {
    const std::size_t comma = text.find(',');
    const auto target = parse_port_target(text.substr(0, comma), names);
    if (!target || !target->address) return std::nullopt;
    BindRequest request;
    request.protocol = target->protocol;
    request.address = *target->address;
    request.family = request.address.family;
    request.port = target->port;
    while (!text.empty() && text.find(',') != std::string_view::npos) {
        text.remove_prefix(text.find(',') + 1);
        const std::string_view word = text.substr(0, text.find(','));
        if (word == "reuseaddr")
            request.reuseaddr = true;
        else if (word == "reuseport")
            request.reuseport = true;
        else if (word == "v6only" && request.family == Family::Inet6)
            request.v6only = true;
        else if (word.starts_with("uid=") && !request.uid) {
            request.uid = parse_number<std::uint32_t>(word.substr(4));
            if (!request.uid) return std::nullopt;
        } else
            return std::nullopt;
    }
    return request;
}

} // namespace netstat46
