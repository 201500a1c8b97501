#include "linux/decode.hpp"

#include <algorithm>

#include "linux/netlink.hpp"
#include "linux/own_messages.hpp"

namespace netstat46 {

using namespace linux_wire;

namespace {

constexpr std::uint8_t ss_unconnected = 1, ss_connected = 3; // linux/net.h

/// A path ends with a NUL that does not belong to it; an abstract name begins with one and may hold others.
std::string_view own_name(std::string_view bytes) {
    return bytes.starts_with('\0') ? bytes : bytes.substr(0, bytes.find('\0'));
}

/// As /proc/net/unix writes it: an abstract name's NULs are `@` (net/unix/af_unix.c, unix_seq_show()).
std::string proc_name(std::string_view bytes) {
    std::string name(own_name(bytes));
    std::replace(name.begin(), name.end(), '\0', '@');
    return name;
}

/// The messages that are unix sockets.
class UnixMessages {
public:
    explicit UnixMessages(const DecodeContext& context) : messages_(context, unix_diag_size) {}

    std::optional<Bytes> next(Bytes& rest) {
        while (const auto message = messages_.next(rest)) {
            if (message->u8(unix_diag_family) == af_unix) return message;
            messages_.problem(message->offset(), linux_messages.unknown_family);
        }
        return std::nullopt;
    }

private:
    DiagMessages messages_;
};

/// Sockets that sock_diag lists have a descriptor or wait for one, so of /proc/net/unix's states they have
/// the two that such sockets have (net/unix/af_unix.c, unix_seq_show()).
void read_socket(const Bytes& message, SocketRecord& record) {
    record.clear();
    record.protocol = Protocol::Unix;
    record.family = Family::Local;
    record.inode = message.u32(unix_diag_inode);
    record.owner_key = record.inode;
    const std::uint8_t state = message.u8(unix_diag_state);
    UnixFacts& facts = unix_facts(record);
    facts.type = message.u8(unix_diag_type);
    facts.flags = state == tcp_listen ? unix_accepting : 0;
    facts.state = state == tcp_established ? ss_connected : ss_unconnected;
    // The descriptor's, the table's, and the peer's.
    facts.refs = state == tcp_established ? 3 : 2;
    facts.refs_supposed = true;
    for_each_attribute(message.sub(unix_diag_size), [&](std::uint16_t type, const Bytes& value) {
        if (type == unix_diag_name) facts.path = own_name(value.text());
    });
    facts.path_is_file = !facts.path.starts_with('\0');
}

void read_side(const Bytes& message, HostTables& tables) {
    UnixDetails& socket = tables.unix_sockets[message.u32(unix_diag_inode)];
    socket.listens = message.u8(unix_diag_state) == tcp_listen;
    for_each_attribute(message.sub(unix_diag_size), [&](std::uint16_t type, const Bytes& value) {
        switch (type) {
        case unix_diag_name:
            socket.path = proc_name(value.text());
            break;
        case unix_diag_peer:
            socket.peer = value.u32(0);
            break;
        case unix_diag_rqlen:
            if (value.size() >= unix_rqlen_size)
                socket.queues =
                    UnixDetails::Queues{value.u32(unix_rqlen_rqueue), value.u32(unix_rqlen_wqueue)};
            break;
        default:
            break;
        }
    });
}

} // namespace

SocketDecoder unix_diag_decoder(const DecodeContext& context) {
    return [messages = UnixMessages(context)](Bytes& rest, SocketRecord& record) mutable {
        const auto message = messages.next(rest);
        if (message) read_socket(*message, record);
        return message.has_value();
    };
}

HostTablesDecoder unix_diag_side_decoder(const DecodeContext& context) {
    return [messages = UnixMessages(context)](Bytes block, HostTables& tables) mutable {
        tables.unix_told = true;
        while (const auto message = messages.next(block)) read_side(*message, tables);
    };
}

} // namespace netstat46
