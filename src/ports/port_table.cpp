#include "ports/port_table.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

#include "capture/decoders.hpp"
#include "list.hpp"
#include "messages.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

Plan plan_of(const PortTable& table, bool whole) {
    Section section;
    section.table = {table.protocol, true, true};
    section.selects = [](const SocketRecord&) { return true; };
    Plan plan;
    plan.wanted.owners = plan.wanted.bound = true;
    plan.wanted.tcp_info = whole;
    plan.wanted.owner_details = true;
    plan.wanted.all_owners = true; // all are named, and looked at: is_kernels_own()
    plan.filter.local_ports = {{table.port, table.port}};
    plan.listings.push_back({{}, false, {section}});
    return plan;
}

void add_options(BoundSocket& bound, const SocketOptions& options) {
    if (options.reuseaddr) bound.reuseaddr = tristate(*options.reuseaddr);
    if (options.reuseport) bound.reuseport = tristate(*options.reuseport);
    if (options.incoming_cpu) bound.incoming_cpu = options.incoming_cpu;
    if (options.multicast_all) bound.multicast_all = tristate(*options.multicast_all);
    if (options.multicast_all6) bound.multicast_all6 = tristate(*options.multicast_all6);
    if (!options.v6only || bound.v6only != Tristate::Unknown) return;
    bound.v6only = tristate(*options.v6only);
    set_reach(bound);
}

using Seen = std::set<std::string, std::less<>>;

/// `source`, of which `seen` keeps the interfaces that answered for sockets.
Source noting(Source source, Seen& seen) {
    source.blocks = [blocks = source.blocks, &seen](const Request& request, const ProblemSink& problem) {
        return [next = blocks(request, problem), &seen] {
            const auto block = next();
            if (block && block->table != no_table) seen.emplace(block->interface);
            return block;
        };
    };
    return source;
}

/// The interface that should have answered for `table` and did not, or an empty view. A host without IPv6 has
/// none for that.
std::string_view lacking(const PortTable& table, const Seen& seen) {
    const std::vector<HostAddress>& addresses = table.tables.ports.addresses;
    const bool has_inet6 = std::any_of(addresses.begin(), addresses.end(), [](const HostAddress& own) {
        return own.address.family == Family::Inet6;
    });
    for (const auto& part : parts_of(*table.host.system, {table.protocol, true, true})) {
        const DecoderEntry& usual = *part.front();
        const bool told = std::any_of(part.begin(), part.end(), [&](const DecoderEntry* entry) {
            return seen.find(entry->interface) != seen.end();
        });
        if (!told && (usual.holds.inet || has_inet6)) return usual.interface;
    }
    return {};
}

} // namespace

bool is_kernels_own(const SocketRecord& socket, const HostTables& tables, const HostFacts& host) {
    if (host.system->owner_keys != OwnerKeys::Inodes || socket.protocol != Protocol::Udp) return false;
    if (socket.owner_key == 0) return true;
    const bool all_seen = tables.owners_read && !tables.owners_withheld && !tables.links_withheld &&
                          host.visibility == Visibility::Everyone;
    return all_seen && tables.owners_of(socket).empty();
}

void add_memberships(PortTable& table, std::span<const JoinedGroup> groups,
                     const std::function<std::optional<bool>(const Owner&, const JoinedGroup&)>& joined) {
    for (BoundSocket& bound : table.bound_sockets)
        for (const Owner& owner : table.tables.owners.all(table.sockets[bound.row].owner_key)) {
            if (!bound.memberships.empty()) break;
            for (const JoinedGroup& group : groups)
                if (const auto member = joined(owner, group))
                    bound.memberships.push_back({group.group, group.interface, *member});
        }
}

PortTable read_port_table(const Source& source, Protocol protocol, std::uint16_t port,
                          const std::function<SocketOptions(const Owner&)>& options,
                          const ProblemSink& problem, bool whole) {
    PortTable table;
    table.host = source.host;
    table.protocol = protocol;
    table.port = port;
    const Streams streams{nullptr, problem, [](std::string_view) {},
                          [&](Text&, const Row& row) { table.sockets.push_back(row.socket); }};
    const auto on_port = [port](const SocketRecord& socket) { return socket.local.port == port; };
    Seen seen;
    list(plan_of(table, whole), noting(source, seen), on_port, table.tables, streams);
    if (const auto missing = lacking(table, seen); !source.live && !missing.empty())
        throw std::runtime_error(fmt::format(messages.table_missing, missing));
    for (std::size_t row = 0; row < table.sockets.size(); ++row) {
        BoundSocket bound = bound_socket(table.sockets[row], *source.host.system, row);
        if (is_kernels_own(table.sockets[row], table.tables, source.host)) set_defaults(bound);
        const auto kept = table.tables.ports.options.find(table.sockets[row].owner_key);
        if (kept != table.tables.ports.options.end()) add_options(bound, kept->second);
        for (const Owner& owner : table.tables.owners.all(table.sockets[row].owner_key)) {
            if (bound.reuseaddr != Tristate::Unknown && bound.reuseport != Tristate::Unknown) break;
            if (options) add_options(bound, options(owner));
        }
        table.bound_sockets.push_back(bound);
    }
    return table;
}

NoOwner why_no_owner(const PortTable& table, std::size_t row) {
    return why_no_owner(table.sockets[row], table.tables, table.host.system->owner_keys,
                        table.host.visibility);
}

} // namespace netstat46
