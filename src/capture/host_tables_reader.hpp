// Blocks that are not listed sockets, into host tables.
#pragma once

#include <map>
#include <string>

#include "capture/decoders.hpp"
#include "capture/problems.hpp"
#include "capture/source.hpp"

namespace netstat46 {

/// Decoders of host tables, kept for the whole run: a long table comes in several blocks.
class HostTablesReader {
public:
    HostTablesReader(const HostFacts& host, Problems& problems) : host_(&host), problems_(&problems) {}

    void read(const RawBlock& block, HostTables& tables);

private:
    const HostFacts* host_;
    Problems* problems_;
    TableStatus notes_;
    std::map<std::string, HostTablesDecoder, std::less<>> decoders_;
};

/// Only the host tables of a capture; with `owners` also who holds its sockets.
void read_host_tables(const Source& source, HostTables& tables, const ProblemSink& problem,
                      bool owners = false);

} // namespace netstat46
