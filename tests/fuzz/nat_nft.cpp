// A listing of nft's rules, and what they do with some packets.
#include "nat.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return netstat46::follow_listing({"# nft\n"}, data, size);
}
