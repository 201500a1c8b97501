#include "capture/needs.hpp"

#include <optional>
#include <string>

#include "capture/capture_dir.hpp"
#include "capture/decoders.hpp"
#include "parse.hpp"
#include "record/address.hpp"
#include "record/host_tables.hpp"

namespace netstat46 {
namespace {

void note(Needs& needs, const Endpoint& end) {
    needs.ports.add(end.port);
    needs.interfaces.add(end.address.scope);
    needs.hosts.add(unmapped(end.address).bytes);
}

void note(Needs& needs, const SocketRecord& socket) {
    note(needs, socket.local);
    note(needs, socket.foreign);
    needs.ports.add(socket.ip_protocol);
    needs.interfaces.add(socket.device);
    needs.sockets.add(socket.owner_key);
    needs.sockets.add(unix_facts(socket).peer);
    if (socket.uid) needs.users.add(*socket.uid);
    if (socket.last_pid) needs.pids.add(*socket.last_pid);
    needs.pids.add(socket.effective_pid);
}

/// Adds what the host tables hold about the sockets.
void note(Needs& needs, const HostTables& tables, bool every_owner) {
    for (const HalfOpen& half_open : tables.half_open) needs.users.add(half_open.uid);
    for (const auto& [key, uid] : tables.opened_by) needs.users.add(uid);
    for (const auto& [inode, details] : tables.unix_sockets) {
        needs.sockets.add(inode);
        needs.sockets.add(details.peer);
    }
    needs.sockets.for_each([&](std::uint64_t key) {
        const auto lowest = tables.owners.lowest(key);
        if (lowest) needs.pids.add(lowest->pid);
        if (!lowest || !every_owner) return;
        for (const Owner& owner : tables.owners.all(key)) needs.pids.add(owner.pid);
    });
    needs.pids.for_each([&](std::int32_t pid) {
        const Process* process = tables.process(pid);
        if (process != nullptr && process->uid) needs.users.add(*process->uid);
    });
}

std::string_view take_field(std::string_view& line) {
    const std::string_view field = line.substr(0, line.find('\t'));
    line.remove_prefix(std::min(field.size() + 1, line.size()));
    return field;
}

bool needs_user(Needs& needs, std::string_view line) {
    const auto uid = parse_number<std::uint32_t>(take_field(line));
    return !uid || needs.users.has(*uid);
}

bool needs_interface(Needs& needs, std::string_view line) {
    const auto index = parse_number<std::uint32_t>(take_field(line));
    if (!index) return true;
    if (!needs.interfaces.has(*index)) return false;
    needs.interface_names[*index] = take_field(line);
    return true;
}

bool needs_process(Needs& needs, std::string_view line) {
    const auto pid = parse_number<std::int32_t>(take_field(line));
    if (!pid) return true;
    if (!needs.pids.has(*pid)) return false;
    take_field(line);
    if (const auto uid = parse_number<std::uint32_t>(take_field(line))) needs.users.add(*uid);
    return true;
}

bool needs_socket(Needs& needs, std::string_view line) {
    const auto key = parse_number<std::uint64_t>(take_field(line));
    return !key || needs.sockets.has(*key);
}

/// `8888/tcp`, and `17/raw` for an IP protocol.
bool needs_service(Needs& needs, std::string_view line) {
    std::string_view key = take_field(line);
    std::uint16_t number = 0;
    if (key.starts_with('0') && !key.starts_with("0/")) return false; // never found
    if (!take_number(key, number, '/')) return false;
    const bool asked_for = key == "tcp" || key == "udp" || key == "sctp" || key == "raw";
    return asked_for && needs.ports.has(number);
}

/// A key is an address as address_text() writes it (any other is never looked up), perhaps with `%` and an
/// interface's name.
bool needs_host(Needs& needs, std::string_view line) {
    const std::string_view key = take_field(line), text = key.substr(0, key.find('%'));
    const auto address = parse_address(text);
    if (!address || !needs.hosts.has(unmapped(*address).bytes) || address_text(*address) != text)
        return false;
    const std::string_view interface = key.substr(std::min(text.size() + 1, key.size()));
    return interface.empty() || std::any_of(needs.interface_names.begin(), needs.interface_names.end(),
                                            [&](const auto& entry) { return entry.second == interface; });
}

struct Sifted {
    std::string_view file;
    bool (*needs)(Needs&, std::string_view line);
};

constexpr Sifted sifted[] = {
    {"processes.tsv", needs_process},     {"contexts.tsv", needs_process}, {"users.tsv", needs_user},
    {"interfaces.tsv", needs_interface},  {"services.tsv", needs_service}, {"hosts.tsv", needs_host},
    {"socket_options.tsv", needs_socket},
};

} // namespace

Needs needs_of(const BlockReader& next, const HostFacts& host, bool every_owner) {
    Needs needs;
    HostTables tables;
    TableStatus notes;
    SocketRecord socket;
    while (const auto block = next()) {
        const DecoderEntry* entry = find_decoder(*host.system, block->interface);
        const DecodeContext context{block->interface, &host, [](const Problem&) {}, &notes};
        Bytes bytes(block->bytes, host.byte_order, block->offset);
        if (block->table == no_table) {
            entry->tables(context)(bytes, tables);
            continue;
        }
        const SocketDecoder decode = entry->sockets(context);
        while (decode(bytes, socket)) note(needs, socket);
    }
    note(needs, tables, every_owner);
    return needs;
}

bool is_needed(Needs& needs, std::string_view file, std::string_view line) {
    const auto* const table = std::find_if(std::begin(sifted), std::end(sifted),
                                           [&](const Sifted& each) { return each.file == file; });
    if (table == std::end(sifted)) return true;
    if (line.ends_with('\r')) line.remove_suffix(1); // as those who read it do
    if (line.find('\\') == std::string_view::npos) return table->needs(needs, line);
    return table->needs(needs, unescaped_field(line)); // a tab that was escaped only follows the key
}

} // namespace netstat46
