// Blocks that are not listed sockets, into side tables.
#pragma once

#include <map>
#include <string>

#include "capture/decoders.hpp"
#include "capture/problems.hpp"
#include "capture/source.hpp"

namespace netstat46 {

/// Decoders of side tables, kept for the whole run: a long table comes in several blocks.
class SideReader {
public:
    SideReader(const HostFacts& host, Problems& problems) : host_(&host), problems_(&problems) {}

    void read(const RawBlock& block, SideTables& side);

private:
    const HostFacts* host_;
    Problems* problems_;
    TableNotes notes_;
    std::map<std::string, SideDecoder, std::less<>> decoders_;
};

/// Only the side tables of a capture; with `owners` also who holds its sockets.
void read_side_tables(const Source& source, SideTables& side, const ProblemSink& problem,
                      bool owners = false);

} // namespace netstat46
