// The tables that every system's captures share: the first byte chooses one, the rest is its text.
#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/decoders.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    if (size == 0) return 0;
    const std::span<const DecoderEntry> entries = shared_tables();
    const DecoderEntry& entry = entries[data[0] % entries.size()];
    const HostFacts host;
    TableStatus notes;
    HostTables tables;
    entry.tables({entry.interface, &host, [](const Problem&) {}, &notes})(
        Bytes(std::as_bytes(std::span(data + 1, size - 1))), tables);
    return 0;
}
