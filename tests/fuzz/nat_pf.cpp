// A listing of pf's rules, and what they do with some packets.
#include "nat.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return netstat46::follow_listing({"# pf nat\n", "# pf rules\n", "# pf nat a\n", "# pf interfaces\n"},
                                     data, size);
}
