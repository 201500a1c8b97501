#include <algorithm>

#include "bsd/domain.hpp"
#include "openbsd/look.hpp"
#include "record/address.hpp"

namespace netstat46::openbsd_look {
namespace {

constexpr std::size_t service_length = 8;

/// `tcp`, `udp`; empty for what has no services.
std::string_view service_protocol_of(const OpenBsdFacts& facts) {
    return is_tcp(facts) ? "tcp" : is_udp(facts) ? "udp" : std::string_view{};
}

/// What the portmapper registered: `902[status]`, or nothing.
std::string rpc_text(const Row& row, std::uint16_t port, const OpenBsdFacts& facts) {
    const auto found = row.tables.rpc_services.find(std::to_string(port) + (is_tcp(facts) ? "/tcp" : "/udp"));
    if (found == row.tables.rpc_services.end()) return {};
    return std::to_string(port) + '[' + cleaned(std::string_view(found->second).substr(0, service_length)) +
           ']';
}

/// Of IPv6 the native program tests the whole field, of IPv4 the port in it.
bool is_any_port(std::uint32_t field, Family family) {
    return (family == Family::Inet6 ? field : field & 0xffffU) == 0;
}

std::string port_text(const Row& row, bool foreign, const OpenBsdFacts& facts, const View& view) {
    const SocketRecord& socket = row.socket;
    const std::uint16_t port = foreign ? socket.foreign.port : socket.local.port;
    if (is_any_port(foreign ? facts.foreign_port : facts.local_port, socket.family)) return "*";
    if (view.flags.numeric) return std::to_string(port);
    const std::string_view protocol = service_protocol_of(facts);
    const std::string_view name =
        !protocol.empty() ? view.names->service(port, protocol) : std::string_view{};
    if (!name.empty()) return cleaned(name.substr(0, service_length));
    if (!foreign && socket.family == Family::Inet)
        if (std::string rpc = rpc_text(row, port, facts); !rpc.empty()) return rpc;
    return std::to_string(port);
}

std::string host_text(const Address& address, const View& view) {
    if (is_unspecified(address)) return "*";
    const std::string_view name = view.names->host(address);
    if (!name.empty()) return cleaned(without_domain(name, view.domain));
    Text out;
    put_scoped(out, address, *view.names);
    return fmt::to_string(out);
}

} // namespace

void put_end(Text& out, const Row& row, bool foreign, const View& view) {
    const Flags& flags = view.flags;
    const Address& address = (foreign ? row.socket.foreign : row.socket.local).address;
    const bool inet = row.socket.family == Family::Inet;
    const bool wide = flags.wide && !inet;
    const bool narrow = flags.addresses && !(inet && flags.numeric);
    std::string line = host_text(address, view);
    if (!wide) line.resize(std::min<std::size_t>(line.size(), narrow ? 12 : 16));
    line += '.';
    line += port_text(row, foreign, openbsd_facts(row.socket), view);
    if (!wide) line.resize(std::min(line.size(), view.address_width()));
    const std::size_t start = out.size();
    put(out, line);
    pad_to(out, start, view.address_width());
}

} // namespace netstat46::openbsd_look
