// The lists of sockets: the first byte chooses the interface, and the byte order; the rest is its answer.
#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/decoders.hpp"
#include "linux/row.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    if (size == 0) return 0;
    const std::span<const DecoderEntry> entries = linux_decoders();
    const DecoderEntry& entry = entries[(data[0] & 0x7f) % entries.size()];
    if (entry.sockets == nullptr) return 0;
    HostFacts host;
    host.byte_order = (data[0] & 0x80) != 0 ? ByteOrder::Big : ByteOrder::Little;
    TableStatus notes;
    const SocketDecoder decode = entry.sockets({entry.interface, &host, [](const Problem&) {}, &notes});
    Bytes rest(std::as_bytes(std::span(data + 1, size - 1)), host.byte_order);
    SocketRecord record;
    volatile std::size_t sum = 0;
    for (std::size_t left = rest.size(); decode(rest, record); left = rest.size()) {
        if (rest.size() >= left) __builtin_trap();
        for (const char c : unix_facts(record).path) sum = sum + static_cast<unsigned char>(c);
    }
    if (!rest.empty()) __builtin_trap();
    return 0;
}
