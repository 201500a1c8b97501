#include "darwin.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    netstat46::fuzz::decode("net.systm.kevt.pcblist", data, size);
    return 0;
}
