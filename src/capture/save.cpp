// What a source answers, kept in a directory.
#include "capture/capture_dir.hpp"

#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "capture/capture_writer.hpp"
#include "capture/decoders.hpp"
#include "capture/manifest.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// What the sockets of a capture need names for.
struct Asked {
    std::set<std::pair<std::uint16_t, std::string>> services;
    std::set<std::uint8_t> ip_protocols;
    std::set<std::uint32_t> users;
    std::map<std::string, Address> hosts;
    std::set<std::uint32_t> interfaces;
    std::map<std::uint64_t, Owner> sockets; ///< TCP and UDP: owner key to who may be asked for its options
};

void note_endpoint(Asked& asked, const SocketRecord& socket, const Endpoint& end) {
    if (end.address.scope != 0) asked.interfaces.insert(end.address.scope);
    if (!is_unspecified(end.address)) {
        asked.hosts.emplace(address_text(end.address), end.address);
    }
    if (end.port == 0) return;
    if (socket.protocol == Protocol::Raw) {
        asked.ip_protocols.insert(static_cast<std::uint8_t>(end.port));
    } else {
        asked.services.emplace(end.port, service_protocol(socket.protocol));
    }
}

Asked names_asked(const Source& capture) {
    Asked asked;
    Request request;
    request.wanted.owners = true;
    for (const Protocol protocol :
         {Protocol::Tcp, Protocol::Sctp, Protocol::Udp, Protocol::UdpLite, Protocol::Raw})
        request.tables.push_back({protocol, true, true});
    const auto quiet = [](const Problem&) {};
    const BlockReader next = capture.blocks(request, quiet);
    TableStatus notes;
    HostTables tables;
    SocketRecord socket;
    while (const auto block = next()) {
        const DecoderEntry* entry = find_decoder(*capture.host.system, block->interface);
        const DecodeContext context{block->interface, &capture.host, quiet, &notes};
        Bytes bytes(block->bytes, capture.host.byte_order);
        if (block->table == no_table) {
            entry->tables(context)(bytes, tables);
            continue;
        }
        const SocketDecoder decode = entry->sockets(context);
        while (decode(bytes, socket)) {
            note_endpoint(asked, socket, socket.local);
            note_endpoint(asked, socket, socket.foreign);
            if (socket.device != 0) asked.interfaces.insert(socket.device);
            if (socket.uid) asked.users.insert(*socket.uid);
            const bool has_port = socket.protocol == Protocol::Tcp || socket.protocol == Protocol::Udp;
            const auto owner = tables.owners.lowest(socket.owner_key);
            if (has_port && owner && !socket.has_options) asked.sockets.emplace(socket.owner_key, *owner);
        }
    }
    for (const auto& [key, uid] : tables.opened_by) asked.users.insert(uid);
    for (const auto& [pid, process] : tables.processes)
        if (process.uid) asked.users.insert(*process.uid);
    return asked;
}

void save_names(CaptureWriter& writer, const Asked& asked, const Names& names, bool resolve_hosts) {
    const auto row = [&](std::string_view file, const auto& key, std::string_view name) {
        if (!name.empty()) writer.append(file, fmt::format("{}\t{}\n", key, escaped_field(name)));
    };
    for (const std::uint32_t index : asked.interfaces) row("interfaces.tsv", index, names.interface(index));
    for (const auto& [port, protocol] : asked.services)
        row("services.tsv", fmt::format("{}/{}", port, protocol), names.service(port, protocol));
    for (const std::uint8_t number : asked.ip_protocols)
        row("services.tsv", fmt::format("{}/raw", number), names.ip_protocol(number));
    for (const std::uint32_t uid : asked.users) row("users.tsv", uid, names.user(uid));
    if (!resolve_hosts) return;
    std::vector<Address> addresses;
    for (const auto& [text, address] : asked.hosts) addresses.push_back(address);
    names.prefetch(addresses);
    for (const auto& [text, address] : asked.hosts) row("hosts.tsv", text, names.host(address));
}

/// Writes what decides over ports besides the sockets, as far as the host reports it.
void save_port_facts(CaptureWriter& writer, const Asked& asked, const PortFacts& facts) {
    const auto written = [](std::optional<bool> option) { return !option ? "-" : *option ? "1" : "0"; };
    for (const auto& [key, owner] : asked.sockets) {
        const SocketOptions options = facts.options(owner);
        if (options.reuseaddr || options.reuseport)
            writer.append("socket_options.tsv",
                          fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", key, written(options.reuseaddr),
                                      written(options.reuseport), written(options.v6only),
                                      options.incoming_cpu ? std::to_string(*options.incoming_cpu) : "-",
                                      written(options.multicast_all), written(options.multicast_all6)));
    }
    for (const HostAddress& own : facts.addresses)
        writer.append("addresses.tsv",
                      fmt::format("{}\t{}\t{}\t{}\n", address_text(own.address), own.interface, own.prefix,
                                  own.broadcast ? address_text(*own.broadcast) : "-"));
    if (facts.groups) writer.append("groups.tsv", std::string_view{});
    for (const JoinedGroup& joined : facts.groups.value_or(std::vector<JoinedGroup>{}))
        writer.append("groups.tsv", fmt::format("{}\t{}\t{}\n", address_text(joined.group), joined.interface,
                                                joined.filtered ? 1 : 0));
    if (facts.first_unprivileged)
        writer.append("net.ipv4.ip_unprivileged_port_start", fmt::format("{}\n", *facts.first_unprivileged));
    if (!facts.nat_rules.empty()) writer.append("nat_rules", facts.nat_rules);
}

} // namespace

Source save_capture(const std::string& directory, const Source& source, const Names& names,
                    bool resolve_hosts, const std::function<PortFacts()>& port_facts,
                    const ProblemSink& problem) {
    CaptureWriter writer(directory, problem);
    Request request;
    request.everything = request.wanted.owners = request.wanted.half_open = request.wanted.bound = true;
    request.wanted.contexts = source.host.selinux;
    const BlockReader next = source.blocks(request, problem);
    while (const auto block = next()) writer.append(block->interface, block->bytes);
    writer.flush();
    constexpr std::size_t all = static_cast<std::size_t>(-1);
    Asked asked = names_asked(captured_source(writer.directory(), source.host, all));
    const PortFacts facts = port_facts ? port_facts() : PortFacts{};
    for (const HostAddress& own : facts.addresses)
        if (own.interface != 0) asked.interfaces.insert(own.interface);
    save_names(writer, asked, names, resolve_hosts);
    if (port_facts) save_port_facts(writer, asked, facts);
    HostFacts host = source.host;
    if (port_facts) host.nat = facts.nat;
    writer.finish(manifest_of(host, "netstat46 --save"));
    return captured_source(writer.directory(), host);
}

std::string escaped_field(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out;
}

} // namespace netstat46
