#include "ports/target.hpp"

#include <algorithm>

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
    const auto index = names.interface_index(text.substr(percent + 1));
    if (!address || address->family != Family::Inet6 || !index) return std::nullopt;
    address->scope = *index;
    return address;
}

/// Where a port may be: at one address, at each address of a name, or at any.
struct Host {
    bool any = false;
    std::vector<Address> addresses;
};

bool may_be_name(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return std::any_of(text.begin(), text.end(), letter) &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
           });
}

/// `*`, `any`, nothing, `127.0.0.1`, `::1`, `[::1]`; `localhost` if `named`.
std::optional<Host> parse_host(std::string_view text, const Names& names, bool named) {
    if (text.empty() || text == "*" || text == "any") return Host{true, {}};
    const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
    if (bracketed) text = text.substr(1, text.size() - 2);
    if (const auto address = parse_scoped(text, names)) {
        if (bracketed && address->family != Family::Inet6) return std::nullopt;
        return Host{false, {*address}};
    }
    if (!named || bracketed || !may_be_name(text)) return std::nullopt;
    Host host{false, names.addresses(text)};
    return host.addresses.empty() ? std::nullopt : std::optional(std::move(host));
}

std::optional<std::uint16_t> parse_port(std::string_view text, const Names& names) {
    if (text.empty() || !is_digits(text)) {
        const std::vector<std::uint16_t> ports = names.ports(text);
        return ports.empty() ? std::nullopt : std::optional(ports.front());
    }
    const auto port = parse_number<std::uint16_t>(text);
    return port == std::uint16_t{0} ? std::nullopt : port;
}

/// Takes `/tcp` or `/udp` off the end.
std::optional<Protocol> take_protocol_behind(std::string_view& text) {
    for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp}) {
        const std::string_view name = name_of(protocol);
        if (!text.ends_with(name) || text.size() <= name.size()) continue;
        if (text[text.size() - name.size() - 1] != '/') continue;
        text.remove_suffix(name.size() + 1);
        return protocol;
    }
    return std::nullopt;
}

struct Place {
    Host host;
    std::uint16_t port = 0;
};

/// A port after a colon or, as BSD prints it, after a dot. Names of hosts are asked for last.
std::optional<Place> parse_place(std::string_view text, const Names& names) {
    for (const bool named : {false, true})
        for (const char between : {':', '.'}) {
            const std::size_t at = text.rfind(between);
            if (at == std::string_view::npos) continue;
            const auto port = parse_port(text.substr(at + 1), names);
            if (!port) continue;
            if (auto host = parse_host(text.substr(0, at), names, named))
                return Place{std::move(*host), *port};
        }
    return std::nullopt;
}

/// Appends what one item of a list asks for; false if it is not a port.
bool add_written(std::vector<WrittenPort>& all, std::string_view text, const Names& names) {
    const auto before = take_protocol(text), behind = take_protocol_behind(text);
    if (before && behind) return false;
    const auto protocol = before ? before : behind;
    if (const auto port = parse_port(text, names)) {
        all.push_back({protocol, std::nullopt, *port});
        return true;
    }
    const auto place = parse_place(text, names);
    if (!place) return false;
    if (place->host.any) all.push_back({protocol, std::nullopt, place->port});
    for (const Address& address : place->host.addresses) all.push_back({protocol, address, place->port});
    return true;
}

/// Stores one of the words after the ports; false if it is not one.
bool take_bind_option(BindOptions& options, std::string_view word) {
    if (word == "reuseaddr") return options.reuseaddr = true;
    if (word == "reuseport") return options.reuseport = true;
    if (word == "v6only") return options.v6only = true;
    if (!word.starts_with("uid=") || options.uid) return false;
    options.uid = parse_number<std::uint32_t>(word.substr(4));
    return options.uid.has_value();
}

/// The items of a list with commas.
std::vector<std::string_view> items_of(std::string_view list) {
    std::vector<std::string_view> items;
    while (true) {
        const std::size_t comma = list.find(',');
        items.push_back(list.substr(0, comma));
        if (comma == std::string_view::npos) return items;
        list.remove_prefix(comma + 1);
    }
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

std::string written(const PortTarget& target, const Names& names) {
    if (target.address) return written(*target.address, target.port, names);
    const std::string_view family = !target.inet6 ? " (IPv4)" : !target.inet ? " (IPv6)" : "";
    return fmt::format("{}{}", target.port, family);
}

std::vector<WrittenPort> parse_ports_asked(std::string_view text, const Names& names) {
    std::vector<WrittenPort> all;
    for (const std::string_view item : items_of(text))
        if (!add_written(all, item, names)) return {};
    return all;
}

std::optional<WrittenBinds> parse_binds_asked(std::string_view text, const Names& names) {
    WrittenBinds binds;
    bool options_follow = false;
    for (const std::string_view item : items_of(text)) {
        const bool option = !binds.ports.empty() && take_bind_option(binds.options, item);
        options_follow |= option;
        if (!option && (options_follow || !add_written(binds.ports, item, names))) return std::nullopt;
    }
    return binds;
}

std::optional<BindRequest> bind_request(const PortTarget& target, const BindOptions& options) {
    BindRequest request;
    request.protocol = target.protocol;
    request.port = target.port;
    request.address = target.address.value_or(Address{target.inet6 ? Family::Inet6 : Family::Inet, {}, 0});
    request.family = request.address.family;
    request.v6only = options.v6only || (!target.address && !target.inet);
    request.reuseaddr = options.reuseaddr;
    request.reuseport = options.reuseport;
    request.uid = options.uid;
    return request.v6only && request.family != Family::Inet6 ? std::nullopt : std::optional(request);
}

} // namespace netstat46
