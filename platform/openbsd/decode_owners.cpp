#include <unordered_set>

#include "openbsd/decode.hpp"
#include "openbsd/wire.hpp"
#include "parse.hpp"

namespace netstat46::openbsd {
namespace {

/// fmix64 of MurmurHash3. Who makes two sockets' numbers meet only hides who holds them.
std::uint64_t mixed(std::uint64_t seed, std::uint64_t value) {
    std::uint64_t key = seed * 0x9e3779b97f4a7c15ULL + value;
    key = (key ^ (key >> 33)) * 0xff51afd7ed558ccdULL;
    key = (key ^ (key >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return key ^ (key >> 33);
}

std::uint64_t key_of_ends(const Bytes& file) {
    std::uint64_t key = mixed(file.u32(kinfo_file::family), file.u32(kinfo_file::socket_type));
    if (file.u32(kinfo_file::family) == af_unix) {
        for (const char c : file.sub(kinfo_file::path, kinfo_file::path_room).c_string())
            key = mixed(key, static_cast<unsigned char>(c));
    } else {
        key = mixed(key, file.u32(kinfo_file::protocol));
        key = mixed(key, file.u32(kinfo_file::ip_protocol));
        key = mixed(key, file.u32(kinfo_file::routing_table));
        for (std::size_t at = kinfo_file::local_port; at < kinfo_file::with_ends; at += 4)
            key = mixed(key, file.u32(at));
    }
    return key == 0 ? 1 : key;
}

bool has_address(const Bytes& file) {
    const std::uint64_t pcb = file.u64(kinfo_file::pcb);
    return pcb != 0 && pcb != withheld;
}

} // namespace

std::uint64_t owner_key(const Bytes& file) {
    return has_address(file) ? file.u64(kinfo_file::pcb) : key_of_ends(file);
}

HostTablesDecoder shared_ends_decoder(const DecodeContext& context) {
    DecodeContext quiet = context; // what is wrong is reported with the sockets
    quiet.problem = [](const Problem&) {};
    quiet.notes = nullptr;
    return [quiet, seen = std::unordered_set<std::uint64_t>{}](Bytes block, HostTables& tables) mutable {
        if (block.offset() == 0) seen.clear(); // it may be read for several tables
        FileTable table(quiet);
        while (const auto file = table.take(block))
            if (!has_address(file->bytes))
                if (const std::uint64_t key = owner_key(file->bytes); !seen.insert(key).second)
                    tables.ambiguous_keys.insert(key);
    };
}

HostTablesDecoder owners_decoder(const DecodeContext& context) {
    return [table = FileTable(context)](Bytes block, HostTables& tables) mutable {
        if (!block.empty()) tables.owners_read = tables.every_descriptor_told = true;
        while (const auto record = table.take(block)) {
            const Bytes& file = record->bytes;
            const std::int32_t pid = file.i32(kinfo_file::pid), fd = file.i32(kinfo_file::fd);
            if (file.u32(kinfo_file::type) != dtype_socket || fd < 0) continue;
            const std::string name(file.sub(kinfo_file::command, kinfo_file::command_room).c_string());
            const std::uint64_t key = owner_key(file);
            tables.processes[pid] = {name, name, file.u32(kinfo_file::process_uid), {}};
            tables.owners.add(key, {pid, fd});
            tables.opened_by.emplace(key, file.u32(kinfo_file::uid));
        }
    };
}

/// Lines `902/udp TAB program TAB name`; a program without a name is its number. Of several lines for a port
/// the last counts.
HostTablesDecoder portmap_decoder(const DecodeContext& /*context*/) {
    return [](Bytes block, HostTables& tables) {
        for (std::string_view text = block.text(); !text.empty();) {
            std::string_view line = take_line(text);
            const auto take_field = [&line] {
                const std::string_view field = line.substr(0, line.find('\t'));
                line.remove_prefix(std::min(field.size() + 1, line.size()));
                return field;
            };
            const std::string_view key = take_field(), program = take_field(), name = take_field();
            if (key.find('/') == key.npos) continue;
            tables.rpc_services.insert_or_assign(std::string(key),
                                                 std::string(name.empty() ? program : name));
        }
    };
}

} // namespace netstat46::openbsd
