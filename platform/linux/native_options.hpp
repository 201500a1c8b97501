// The options of net-tools' netstat, as shells complete them.
#pragma once

#include "format/dialect.hpp"

namespace netstat46 {

inline constexpr NativeOption linux_native_options[] = {
    {'a', "all", "all sockets"},
    {'l', "listening", "listening sockets"},
    {'t', "tcp", "TCP"},
    {'u', "udp", "UDP"},
    {'U', "udplite", "UDP-Lite"},
    {'S', "sctp", "SCTP"},
    {'w', "raw", "raw"},
    {'x', "unix", "unix"},
    {'4', "inet", "IPv4"},
    {'6', "inet6", "IPv6"},
    {'A', "protocol", "families", "families", "inet inet6 unix", true},
    {'n', "numeric", "no names"},
    {0, "numeric-hosts", "no host names"},
    {0, "numeric-ports", "no port names"},
    {0, "numeric-users", "no user names"},
    {'e', "extend", "user and inode"},
    {'o', "timers", "timers"},
    {'p', "programs", "say why owners are missing"},
    {'W', "wide", "do not cut"},
    {'c', "continuous", "every second"},
    {'v', "verbose", "say what is missing"},
    {'Z', "context", "SELinux context"},
    {'V', {}, "print the version"},
    {'h', {}, "print a summary"},
    {'r', "route", "routes"},
    {'i', "interfaces", "interfaces"},
    {'g', "groups", "multicast groups"},
    {'s', "statistics", "statistics"},
    {'M', "masquerade", "masqueraded connections"},
};

} // namespace netstat46
