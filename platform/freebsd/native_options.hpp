// The options of FreeBSD's netstat, as shells complete them.
#pragma once

#include "format/dialect.hpp"

namespace netstat46 {

inline constexpr NativeOption freebsd_native_options[] = {
    {'a', {}, "listening sockets too"},
    {'n', {}, "no names"},
    {'S', {}, "no host names"},
    {'4', {}, "IPv4"},
    {'6', {}, "IPv6"},
    {'L', {}, "accept queues"},
    {'W', {}, "wide addresses"},
    {'l', {}, "wide addresses"},
    {'A', {}, "control blocks"},
    {'x', {}, "buffers and timers"},
    {'T', {}, "retransmissions"},
    {'c', {}, "TCP stack"},
    {'C', {}, "congestion control"},
    {'P', {}, "log ids"},
    {'R', {}, "flow ids"},
    {'u', {}, "unix"},
    {'f', {}, "family", "family", "inet inet6 unix local"},
    {'p', {}, "protocol", "protocol", "tcp udp udplite ip icmp igmp pim ip6 icmp6"},
    {'r', {}, "routes"},
    {'i', {}, "interfaces"},
    {'I', {}, "interface", "interface", {}},
    {'g', {}, "multicast groups"},
    {'s', {}, "statistics"},
    {'m', {}, "memory"},
    {'B', {}, "bpf"},
    {'Q', {}, "netisr"},
    {'w', {}, "interval", "seconds", {}},
    {'M', {}, "core", "file", {}},
    {'N', {}, "system", "file", {}},
};

} // namespace netstat46
