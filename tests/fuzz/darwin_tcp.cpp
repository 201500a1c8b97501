#include "darwin.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    netstat46::fuzz::decode("net.inet.tcp.pcblist_n", data, size);
    return 0;
}
