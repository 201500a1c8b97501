// What only a Linux host's listing reports (src/messages.hpp).
#pragma once

#include <string_view>

namespace netstat46 {

struct LinuxMessages {
    // The kernel's answers
    std::string_view no_sock_diag =
        "sock_diag: {}; reading /proc/net instead, which shows neither V6ONLY nor "
        "where a unix socket's name ends";
    std::string_view no_owners = "/proc: {}; owners are not known";
    std::string_view some_owners = "/proc: {}; some owners are not known";
    std::string_view socket_options = "socket options: {}";
    std::string_view interrupted =
        "{}: the table changed while it was read; sockets may be missing or doubled";
    std::string_view broken_off = "{}: read failed midway: {}";
    std::string_view partial_walk =
        "{}: sockets that share a place in the kernel's table are too many, or changed each time they were "
        "read; some may be missing or doubled";
    std::string_view doubled_inode = "{}: inode {} is in more than one row; its owner is not shown";

    // What stands in place of a socket
    std::string_view impossible_length = "a message of impossible length";
    std::string_view cut_message = "a message cut short";
    std::string_view short_message = "a message too short for a socket";
    std::string_view unknown_family = "a socket of an unknown family";
    std::string_view unknown_message = "an unknown message of type {}";
    std::string_view no_socket = "a line that is not a socket";
    std::string_view cut_line = "a line cut short";
    std::string_view cut_record = "a cut record";
};

inline constexpr LinuxMessages linux_messages{};

} // namespace netstat46
