#include "capture/host_tables_reader.hpp"

namespace netstat46 {

void HostTablesReader::read(const RawBlock& block, HostTables& tables) {
    auto decoder = decoders_.find(block.interface);
    if (decoder == decoders_.end()) {
        decoder = decoders_.emplace(std::string(block.interface), nullptr).first;
        const DecoderEntry* entry = find_decoder(*host_->system, block.interface);
        if (entry != nullptr && entry->tables != nullptr)
            decoder->second = entry->tables({decoder->first, host_, problems_->of(block.interface), &notes_});
    }
    if (decoder->second) decoder->second(Bytes(block.bytes, host_->byte_order, block.offset), tables);
}

void read_host_tables(const Source& source, HostTables& tables, const ProblemSink& problem, bool owners) {
    Problems problems(problem);
    HostTablesReader reader(source.host, problems);
    Request request;
    request.wanted.owners = owners;
    const BlockReader next = source.blocks(request, problem);
    while (const auto block = next()) reader.read(*block, tables);
}

} // namespace netstat46
