// The lists of sockets: the first byte chooses the interface, the rest is its answer.
#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/decoders.hpp"
#include "freebsd/row.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    if (size == 0) return 0;
    const std::span<const DecoderEntry> entries = freebsd_decoders();
    const DecoderEntry& entry = entries[data[0] % entries.size()];
    if (entry.sockets == nullptr) return 0;
    TableStatus notes;
    const SocketDecoder decode = entry.sockets({entry.interface, nullptr, [](const Problem&) {}, &notes});
    Bytes rest(std::as_bytes(std::span(data + 1, size - 1)));
    SocketRecord record;
    std::size_t left = rest.size();
    while (decode(rest, record)) {
        if (rest.size() >= left) __builtin_trap();
        left = rest.size();
    }
    if (!rest.empty()) __builtin_trap();
    return 0;
}
