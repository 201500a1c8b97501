#include "record/select.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace netstat46 {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

/// One item of a port list: `80`, `8000-8100`, `http`.
std::vector<PortRange> parse_item(std::string_view item, const Names& names) {
    if (const auto port = parse_port(item)) return {{*port, *port}};
    if (const std::size_t dash = item.find('-'); dash != std::string_view::npos) {
        const auto first = parse_port(item.substr(0, dash));
        const auto last = parse_port(item.substr(dash + 1));
        if (first && last)
            return *first <= *last ? std::vector<PortRange>{{*first, *last}} : std::vector<PortRange>{};
    }
    const bool digits = item.find_first_not_of("0123456789") == std::string_view::npos;
    if (item.empty() || digits) return {};
    std::vector<PortRange> ranges;
    for (const std::uint16_t port : names.ports(item)) ranges.push_back({port, port});
    return ranges;
}

bool holds(const std::vector<PortRange>& ranges, std::uint16_t port) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const PortRange& range) { return range.first <= port && port <= range.last; });
}

} // namespace

std::variant<std::vector<PortRange>, std::string> parse_ports(std::string_view list, const Names& names) {
    std::vector<PortRange> ranges;
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view item = list.substr(0, comma);
        const std::vector<PortRange> found = parse_item(item, names);
        if (found.empty()) return std::string(item);
        ranges.insert(ranges.end(), found.begin(), found.end());
        if (comma == std::string_view::npos) return ranges;
        list.remove_prefix(comma + 1);
    }
}

std::function<bool(const SocketRecord&)> selector(const Selection& selection) {
    if (selection.empty()) return [](const SocketRecord&) { return true; };
    return [ports = selection.ports](const SocketRecord& socket) {
        return socket.family != Family::Local &&
               (holds(ports, socket.local.port) || holds(ports, socket.foreign.port));
    };
}

} // namespace netstat46
