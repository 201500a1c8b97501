// Which decoder reads which kernel interface.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "capture/bytes.hpp"
#include "capture/raw_block.hpp"
#include "capture/request.hpp"
#include "record/host_tables.hpp"
#include "record/socket_record.hpp"
#include "record/table_status.hpp"
#include "system.hpp"

namespace netstat46 {

/// What a decoder may know besides the bytes. `interface` and `host` outlive the decoder.
struct DecodeContext {
    std::string_view interface;
    const HostFacts* host = nullptr;
    ProblemSink problem;
    TableStatus* notes = nullptr; ///< never null for a socket decoder; outlives it
};

/// Takes one record off the front of `rest` into `record`; false: nothing more can be read, and `rest` is
/// empty. Every call shortens `rest` or ends. Skips what it does not know (said once through `problem`),
/// never throws.
using SocketDecoder = std::function<bool(Bytes& rest, SocketRecord& record)>;

/// Reads one block of anything that is not a listed socket (`proc.pid.fd`, `kern.file`, `processes.tsv`, the
/// SYN_RECV lines of `proc.net.tcp`) into the host tables. Same rules as above.
using HostTablesDecoder = std::function<void(Bytes block, HostTables& tables)>;

/// One row of the table of decoders. An interface may hold sockets, side knowledge, or (Linux /proc/net/tcp,
/// sock_diag.unix) either, by RawBlock::table. Rows of one system and protocol with different `part` make up
/// one table together (Darwin's unix stream and dgram, Linux's inet and inet6), in that order; of rows with
/// the same `part` the first whose interface a capture has is used.
struct DecoderEntry {
    std::string_view interface;
    Table holds; ///< the sockets in it
    int part = 0;
    SocketDecoder (*sockets)(const DecodeContext&) = nullptr;
    HostTablesDecoder (*tables)(const DecodeContext&) = nullptr;
    /// Asks for its side knowledge. Null: it is read whenever the sockets of this part are, before them, rows
    /// in this order, from the interface with these sockets on.
    bool Wanted::*tables_wanted = &Wanted::owners;
};

/// The host tables that every system's captures share: `processes.tsv`, `interfaces.tsv`, `services.tsv`,
/// `hosts.tsv`, `users.tsv`, `contexts.tsv`. Control characters in them are escaped as in JSON strings.
std::span<const DecoderEntry> shared_tables();

/// The entry of `interface` on that system, host tables included, or null. `kern.proc.pid.*` stands for every
/// name it begins.
const DecoderEntry* find_decoder(const System& system, std::string_view interface);

/// The system's rows that together answer `table`, in order: one list of alternatives per part.
std::vector<std::vector<const DecoderEntry*>> parts_of(const System& system, const Table& table);

} // namespace netstat46
