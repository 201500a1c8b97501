// A dump by netlink whose kernel answers with anything: each message of the input is preceded by its length,
// two bytes, of which the highest bit makes it an error of recv(2) instead. What is handed out is what came,
// and it ends.
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "linux/live_netlink.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    std::span<const std::uint8_t> rest(data, size);
    std::size_t received = 0;
    NetlinkCalls calls;
    calls.send = [](std::span<const std::byte> request) { return static_cast<ssize_t>(request.size()); };
    calls.receive = [&](std::span<std::byte> buffer) -> ssize_t {
        if (rest.size() < 2) return 0;
        const std::size_t announced = rest[0] + std::size_t{256} * (rest[1] & 0x7fU);
        const bool fails = (rest[1] & 0x80U) != 0;
        rest = rest.subspan(2);
        if (fails) {
            errno = announced % 2 == 0 ? ENOBUFS : EPERM;
            return -1;
        }
        const std::size_t length = std::min({announced, rest.size(), buffer.size()});
        std::memcpy(buffer.data(), rest.data(), length);
        rest = rest.subspan(length);
        received += length;
        return static_cast<ssize_t>(length);
    };
    Dump dump(calls, {}, "sock_diag.inet.tcp", [](const Problem&) {});
    std::size_t handed_out = 0;
    for (auto block = dump.next(); !block.empty(); block = dump.next()) handed_out += block.size();
    if (handed_out > received) __builtin_trap();
    return 0;
}
