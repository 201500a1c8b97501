#include "linux/decode.hpp"

#include <algorithm>

#include "linux/proc_lines.hpp"
#include "parse.hpp"

namespace netstat46 {
namespace {

/// Addresses are 32-bit words in the host's order, each printed as %08X (net/ipv4/tcp_ipv4.c,
/// get_tcp4_sock()).
bool parse_endpoint(std::string_view address, std::string_view port, ByteOrder order, Endpoint& out) {
    if (address.size() != 8 && address.size() != 32) return false;
    out.address.family = address.size() == 32 ? Family::Inet6 : Family::Inet;
    for (std::size_t word = 0; word * 8 < address.size(); ++word) {
        std::uint32_t value = 0;
        if (!read_number(address.substr(word * 8, 8), value, 16)) return false;
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t shift = order == ByteOrder::Little ? i : 3 - i;
            out.address.bytes[word * 4 + i] = static_cast<std::uint8_t>(value >> (8 * shift));
        }
    }
    return read_number(port, out.port, 16);
}

Protocol protocol_of(std::string_view interface) {
    if (interface.find("udplite") != std::string_view::npos) return Protocol::UdpLite;
    if (interface.find("udp") != std::string_view::npos) return Protocol::Udp;
    if (interface.find("raw") != std::string_view::npos) return Protocol::Raw;
    return Protocol::Tcp;
}

/// `sl: local:port remote:port st tx:rx tr:when retr uid timeout inode ...`; when is in 1/100 s (USER_HZ).
bool read_inet_line(std::string_view line, Protocol protocol, ByteOrder order, SocketRecord& record) {
    record.clear();
    Words words(line);
    words.next(':');
    const std::string_view local = words.next(':'), local_port = words.next();
    const std::string_view foreign = words.next(':'), foreign_port = words.next();
    unsigned state = 0, timer_kind = 0;
    std::uint64_t ticks = 0;
    std::uint32_t retransmits = 0, uid = 0, timeout = 0;
    if (!parse_endpoint(local, local_port, order, record.local) ||
        !parse_endpoint(foreign, foreign_port, order, record.foreign) ||
        !read_number(words.next(), state, 16) || !read_number(words.next(':'), record.send_q, 16) ||
        !read_number(words.next(), record.recv_q, 16) || !read_number(words.next(':'), timer_kind, 16) ||
        !read_number(words.next(), ticks, 16) || !read_number(words.next(), retransmits, 16) ||
        !read_number(words.next(), uid, 10) || !read_number(words.next(), timeout, 10) ||
        !read_number(words.next(), record.inode, 10))
        return false;
    record.protocol = protocol;
    record.family = record.local.address.family;
    record.native_state = static_cast<std::int32_t>(state);
    record.state = linux_state(state);
    // Without a descriptor (TIME_WAIT, orphans) a uid of 0 means none: get_timewait4_sock().
    if (record.state == State::SynReceived || uid != 0 || record.inode != 0) record.uid = uid;
    record.owner_key = record.inode;
    if (protocol == Protocol::Raw) record.ip_protocol = static_cast<std::uint8_t>(record.local.port);
    if (protocol == Protocol::Tcp) {
        constexpr std::uint64_t most = 0x7fffffffffff;
        record.timer = Timer{static_cast<std::uint8_t>(timer_kind),
                             static_cast<std::int64_t>(std::min(ticks, most) * 10), retransmits, timeout};
    }
    settle_v6only(record, std::nullopt);
    return true;
}

} // namespace

SocketDecoder proc_net_decoder(const DecodeContext& context) {
    const Protocol protocol = protocol_of(context.interface);
    const ByteOrder order = context.host->byte_order;
    return line_decoder(context, true, line_end, [=](std::string_view line, SocketRecord& record) {
        return read_inet_line(line, protocol, order, record);
    });
}

HostTablesDecoder half_open_decoder(const DecodeContext& context) {
    return [decode = proc_net_decoder(context)](Bytes block, HostTables& tables) {
        SocketRecord record;
        while (decode(block, record))
            if (record.state == State::SynReceived)
                tables.half_open.push_back({record.local, record.foreign, record.uid.value_or(0),
                                            record.timer ? record.timer->retransmits : 0});
    };
}

} // namespace netstat46
