// What is known besides the lists: who holds which socket, peers of unix sockets, half-open connections. The
// first byte chooses the interface, the rest is its answer, in two blocks cut at a newline if it has one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/decoders.hpp"
#include "linux/row.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    if (size == 0) return 0;
    const std::span<const DecoderEntry> entries = linux_decoders();
    const DecoderEntry& entry = entries[data[0] % entries.size()];
    if (entry.tables == nullptr) return 0;
    const std::span<const std::uint8_t> answer(data + 1, size - 1);
    const auto middle = answer.begin() + static_cast<std::ptrdiff_t>(answer.size() / 2);
    const auto newline = std::find(middle, answer.end(), '\n');
    const auto first =
        static_cast<std::size_t>((newline == answer.end() ? newline : newline + 1) - answer.begin());
    const HostFacts host;
    TableStatus notes;
    const HostTablesDecoder decode = entry.tables({entry.interface, &host, [](const Problem&) {}, &notes});
    HostTables tables;
    decode(Bytes(std::as_bytes(answer.first(first))), tables);
    decode(Bytes(std::as_bytes(answer.subspan(first)), host.byte_order, first), tables);
    for (std::uint64_t key = 1; key < 32; ++key)
        if (const auto lowest = tables.owners.lowest(key);
            lowest && tables.owners.all(key).front() != *lowest)
            __builtin_trap();
    return 0;
}
