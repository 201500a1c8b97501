#include "linux/decode.hpp"

#include <algorithm>

#include "linux/netlink.hpp"

namespace netstat46 {

using namespace linux_wire;

namespace {

/// As /proc/net/unix writes it (net/unix/af_unix.c, unix_seq_show()): an abstract name's NULs are `@`; a
/// path ends with a NUL that is no part of it.
std::string unix_name(std::string_view bytes) {
    if (!bytes.empty() && bytes.front() != '\0') return std::string(bytes.substr(0, bytes.find('\0')));
    std::string name(bytes);
    std::replace(name.begin(), name.end(), '\0', '@');
    return name;
}

void read_socket(const Bytes& message, SideTables& side) {
    UnixSide& socket = side.unix_sockets[message.u32(unix_diag_inode)];
    for_each_attribute(message.sub(unix_diag_size), [&](std::uint16_t type, const Bytes& value) {
        switch (type) {
        case unix_diag_name:
            socket.path = unix_name(value.text());
            break;
        case unix_diag_peer:
            socket.peer = value.u32(0);
            break;
        case unix_diag_rqlen:
            if (value.size() >= unix_rqlen_size)
                socket.queues = UnixSide::Queues{value.u32(unix_rqlen_rqueue), value.u32(unix_rqlen_wqueue)};
            break;
        default:
            break;
        }
    });
}

} // namespace

SideDecoder unix_diag_decoder(const DecodeContext& context) {
    return [messages = DiagMessages(context, unix_diag_size)](Bytes block, SideTables& side) mutable {
        while (const auto message = messages.next(block)) {
            if (message->u8(unix_diag_family) == af_unix) {
                read_socket(*message, side);
            } else {
                messages.problem(message->offset(), "a socket of an unknown family");
            }
        }
    };
}

} // namespace netstat46
