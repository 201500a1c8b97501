// kern.file and the process table: the first byte chooses, the rest is the answer.
#include <cstddef>
#include <cstdint>
#include <span>

#include "freebsd/decode.hpp"
#include "freebsd/row.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    if (size == 0) return 0;
    const DecodeContext context{"kern", nullptr, [](const Problem&) {}, nullptr};
    const HostTablesDecoder decode =
        data[0] % 2 == 0 ? freebsd::owners_decoder(context) : freebsd::processes_decoder(context);
    HostTables tables;
    decode(Bytes(std::as_bytes(std::span(data + 1, size - 1))), tables);
    return 0;
}
