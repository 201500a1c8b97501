// kern.file.bypid, portmap.tsv and the portmapper's own answer: the first byte chooses, the rest is the
// answer.
#include <cstddef>
#include <cstdint>
#include <span>

#include "openbsd/decode.hpp"
#include "openbsd/portmap_dump.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    if (size == 0) return 0;
    const DecodeContext context{"kern", nullptr, [](const Problem&) {}, nullptr};
    const Bytes answer(std::as_bytes(std::span(data + 1, size - 1)));
    HostTables tables;
    if (data[0] % 3 == 0) openbsd::owners_decoder(context)(answer, tables);
    if (data[0] % 3 == 1) openbsd::portmap_decoder(context)(answer, tables);
    if (data[0] % 3 == 2) openbsd::registered_in(answer, 46);
    return 0;
}
