// A listing of iptables's rules, and what they do with some packets.
#include "nat.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return netstat46::follow_listing({"# ipv4\n", "# ipv6\n", "# ipv4 legacy\n"}, data, size);
}
