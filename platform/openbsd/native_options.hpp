// The options of OpenBSD's netstat, as shells complete them.
#pragma once

#include "format/dialect.hpp"

namespace netstat46 {

inline constexpr NativeOption openbsd_native_options[] = {
    {'a', {}, "listening sockets too"},
    {'l', {}, "listening sockets only"},
    {'n', {}, "no names"},
    {'v', {}, "wide IPv6 addresses"},
    {'A', {}, "control blocks"},
    {'B', {}, "TCP windows"},
    {'u', {}, "unix"},
    {'f', {}, "family", "family", "inet inet6 unix local"},
    {'p', {}, "protocol", "protocol", "tcp udp ip ip6 divert divert6"},
    {'T', {}, "routing table", "number", {}},
    {'r', {}, "routes"},
    {'R', {}, "routing domains"},
    {'i', {}, "interfaces"},
    {'I', {}, "interface", "interface", {}},
    {'W', {}, "wireless statistics", "interface", {}},
    {'g', {}, "multicast groups"},
    {'s', {}, "statistics"},
    {'m', {}, "memory"},
    {'P', {}, "one control block", "address", {}},
    {'w', {}, "interval", "seconds", {}},
    {'c', {}, "how often", "count", {}},
    {'M', {}, "core", "file", {}},
    {'N', {}, "system", "file", {}},
};

} // namespace netstat46
