// kern.file.byfile.socket, and the sort over whatever it told: the first byte chooses the length of a record.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "capture/decoders.hpp"
#include "openbsd/decode.hpp"
#include "openbsd/sort.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    if (size == 0) return 0;
    constexpr const char* lengths[] = {"632", "640", "424", "344", "0"};
    HostFacts host;
    host.particulars["elem_size"] = lengths[data[0] % std::size(lengths)];
    TableStatus notes;
    const DecodeContext context{"kern.file", &host, [](const Problem&) {}, &notes};
    const SocketDecoder decode = openbsd::sockets_decoder(context);
    const Bytes all(std::as_bytes(std::span(data + 1, size - 1)));
    Bytes rest = all;
    std::deque<SocketRecord> sockets;
    std::vector<const SocketRecord*> order;
    SocketRecord record;
    std::size_t left = rest.size();
    volatile std::size_t sum = 0;
    while (decode(rest, record)) {
        if (rest.size() >= left) __builtin_trap();
        left = rest.size();
        for (const char c : unix_facts(record).path) sum = sum + static_cast<unsigned char>(c);
        order.push_back(&sockets.emplace_back(record));
    }
    if (!rest.empty()) __builtin_trap();
    openbsd::libc_sort(order, openbsd::compare_files);
    if (order.size() != sockets.size()) __builtin_trap();
    HostTables tables;
    openbsd::shared_ends_decoder(context)(all, tables);
    return 0;
}
