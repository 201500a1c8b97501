// The options of Darwin's netstat, as shells complete them.
#pragma once

#include "format/dialect.hpp"

namespace netstat46 {

inline constexpr NativeOption darwin_native_options[] = {
    {'a', {}, "listening sockets too"},
    {'n', {}, "no names"},
    {'L', {}, "accept queues"},
    {'l', {}, "wide addresses"},
    {'W', {}, "do not cut IPv4 addresses"},
    {'A', {}, "control blocks"},
    {'b', {}, "bytes"},
    {'d', {}, "drops"},
    {'v', {}, "buffers and flags"},
    {'u', {}, "unix"},
    {'f', {}, "family", "family", "inet inet6 unix systm"},
    {'p', {}, "protocol", "protocol", "tcp udp ip icmp igmp ip6 icmp6 mptcp reg kevt kctl"},
    {'r', {}, "routes"},
    {'i', {}, "interfaces"},
    {'I', {}, "interface", "interface", {}},
    {'g', {}, "multicast groups"},
    {'s', {}, "statistics"},
    {'m', {}, "memory"},
    {'w', {}, "interval", "seconds", {}},
};

} // namespace netstat46
