#include "darwin.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    netstat46::fuzz::decode("net.local.stream.pcblist_n", data, size);
    return 0;
}
