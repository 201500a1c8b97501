#include "openbsd/portmap_dump.hpp"

namespace netstat46::openbsd {
namespace {

constexpr std::uint32_t program = 100000, version = 2, dump = 4; // rpc/pmap_prot.h
constexpr std::uint32_t rpc_version = 2, call = 0, reply_message = 1;

/// XDR counts in words of four bytes, in network order.
std::uint32_t word(const Bytes& bytes, std::size_t at) {
    return std::uint32_t{bytes.be16(at)} << 16U | bytes.be16(at + 2);
}

} // namespace

std::array<std::byte, 44> portmap_call(std::uint32_t id) {
    constexpr std::uint32_t last = 0x80000000;
    const std::uint32_t words[] = {last | 40U, id, call, rpc_version, program, version, dump, 0, 0, 0, 0};
    std::array<std::byte, 44> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(words[i / 4] >> (24 - 8 * (i % 4)));
    return bytes;
}

Fragment fragment_of(std::uint32_t mark) { return {mark & 0x7fffffffU, (mark & 0x80000000U) != 0}; }

std::optional<std::vector<Registered>> registered_in(const Bytes& reply, std::uint32_t id) {
    const std::size_t verifier = word(reply, 16);
    const bool answers = reply.size() >= 24 && word(reply, 0) == id && word(reply, 4) == reply_message &&
                         word(reply, 8) == 0 && verifier <= 400; // RFC 5531: opaque_auth
    if (!answers) return std::nullopt;
    Bytes rest = reply.sub(20 + (verifier + 3) / 4 * 4);
    if (rest.size() < 4 || word(rest, 0) != 0) return std::nullopt;
    std::vector<Registered> found;
    for (rest.skip(4); rest.size() >= 20 && word(rest, 0) == 1; rest.skip(20))
        found.push_back({word(rest, 4), word(rest, 12), word(rest, 16)});
    return found;
}

} // namespace netstat46::openbsd
