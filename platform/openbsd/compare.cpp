#include <array>

#include "openbsd/facts.hpp"
#include "openbsd/sort.hpp"
#include "openbsd/wire.hpp"

namespace netstat46::openbsd {
namespace {

int order(auto a, auto b) { return a < b ? -1 : a > b ? 1 : 0; }

/// Unix sockets by type: streams before datagrams, raw ones before both.
int rank(std::uint32_t type) {
    constexpr std::array ranks{-1, 2, 3, 1, 4, 5};
    return type < ranks.size() ? ranks[type] : 6;
}

int compare_families(std::uint32_t a, std::uint32_t b) {
    if (a == af_inet) return -1;
    if (a == af_unix) return 1;
    return b == af_unix ? -1 : 1;
}

} // namespace

int compare_files(const SocketRecord& one, const SocketRecord& other) {
    const OpenBsdFacts a = openbsd_facts(one), b = openbsd_facts(other);
    if (a.family != b.family) return compare_families(a.family, b.family);
    if (a.family == af_unix) return order(rank(a.type), rank(b.type));
    if (a.family != af_inet && a.family != af_inet6) return 0;
    if (const int by_protocol = order(a.protocol, b.protocol); by_protocol != 0) return by_protocol;
    if (a.type == stream || a.type == datagram) return order(b.foreign_port, a.foreign_port);
    return a.type == raw ? order(b.ip_protocol, a.ip_protocol) : 0;
}

} // namespace netstat46::openbsd
