#include "capture/side_reader.hpp"

namespace netstat46 {

void SideReader::read(const RawBlock& block, SideTables& side) {
    auto decoder = decoders_.find(block.interface);
    if (decoder == decoders_.end()) {
        decoder = decoders_.emplace(std::string(block.interface), nullptr).first;
        const DecoderEntry* entry = find_decoder(*host_->system, block.interface);
        if (entry != nullptr && entry->side != nullptr)
            decoder->second = entry->side({decoder->first, host_, problems_->of(block.interface), &notes_});
    }
    if (decoder->second) decoder->second(Bytes(block.bytes, host_->byte_order, block.offset), side);
}

void read_side_tables(const Source& source, SideTables& side, const ProblemSink& problem, bool owners) {
    Problems problems(problem);
    SideReader reader(source.host, problems);
    Request request;
    request.wanted.owners = owners;
    const BlockReader next = source.blocks(request, problem);
    while (const auto block = next()) reader.read(*block, side);
}

} // namespace netstat46
