#include "ports/port_table.hpp"

#include <unistd.h>

#include "format/output.hpp"
#include "list.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// A socket that outlives its block.
SocketRecord kept(SocketRecord socket) {
    socket.unix_ = {};
    socket.freebsd = {};
    return socket;
}

Plan plan_of(const PortTable& table) {
    Section section;
    section.table = {table.protocol, true, true};
    section.selects = [](const SocketRecord&) { return true; };
    Plan plan;
    plan.owners = plan.bound = true;
    plan.filter.local_ports = {{table.port, table.port}};
    plan.listings.push_back({{}, false, {section}});
    return plan;
}

void add_options(PortHolder& holder, const SocketOptions& options) {
    if (options.reuseaddr) holder.reuseaddr = truth(*options.reuseaddr);
    if (options.reuseport) holder.reuseport = truth(*options.reuseport);
    if (!options.v6only || holder.v6only != Truth::Unknown) return;
    holder.v6only = truth(*options.v6only);
    set_reach(holder);
}

} // namespace

PortTable read_port_table(const Source& source, Protocol protocol, std::uint16_t port,
                          const std::function<SocketOptions(const Holder&)>& options,
                          const ProblemSink& problem) {
    PortTable table;
    table.host = source.host;
    table.protocol = protocol;
    table.port = port;
    Output nowhere(STDOUT_FILENO); // each socket is kept instead of printed
    const Streams streams{nowhere, problem, [](std::string_view) {},
                          [&](Text&, const Row& row) { table.sockets.push_back(kept(row.socket)); }};
    const auto on_port = [port](const SocketRecord& socket) { return socket.local.port == port; };
    const Listed listed = list(plan_of(table), source, on_port, table.side, streams);
    table.damaged = listed.status != 0;
    for (std::size_t row = 0; row < table.sockets.size(); ++row) {
        PortHolder holder = holder_of(table.sockets[row], source.host.os, row);
        const auto kept = table.side.ports.options.find(table.sockets[row].owner_key);
        if (kept != table.side.ports.options.end()) add_options(holder, kept->second);
        for (const Holder& owner : table.side.owners.all(table.sockets[row].owner_key)) {
            if (holder.reuseaddr != Truth::Unknown && holder.reuseport != Truth::Unknown) break;
            if (options) add_options(holder, options(owner));
        }
        table.holders.push_back(holder);
    }
    return table;
}

} // namespace netstat46
