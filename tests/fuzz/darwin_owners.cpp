#include <cstddef>
#include <cstdint>
#include <span>

#include "darwin/decode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    HostTables tables;
    darwin::decode_owners({"proc.pid.fd", nullptr, [](const Problem&) {}, nullptr})(
        Bytes(std::as_bytes(std::span(data, size))), tables);
    return 0;
}
