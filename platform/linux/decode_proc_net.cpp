#include "linux/decode.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "parse.hpp"

namespace netstat46 {
namespace {

/// Words of one line of /proc/net, and the characters between them that count as blanks too.
class Words {
public:
    explicit Words(std::string_view line) : rest_(line) {}

    std::string_view next(char separator = ' ') {
        const std::size_t begin = rest_.find_first_not_of(' ');
        if (begin == std::string_view::npos) return rest_ = {};
        rest_.remove_prefix(begin);
        const std::size_t end = std::min(rest_.find(separator), rest_.size());
        const std::string_view word = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return word;
    }

    /// All that is left, without one leading blank.
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

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
    record = SocketRecord{};
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

/// `address: refcnt protocol flags type state inode path`; the path is all that follows one blank after the
/// inode.
bool read_unix_line(std::string_view line, SocketRecord& record) {
    record = SocketRecord{};
    record.protocol = Protocol::Unix;
    record.family = Family::Local;
    UnixFacts& facts = record.unix_;
    Words words(line);
    words.next(':');
    unsigned state = 0;
    if (!read_number(words.next(), facts.refs, 16) || !read_number(words.next(), facts.protocol, 16) ||
        !read_number(words.next(), facts.flags, 16) || !read_number(words.next(), facts.type, 16) ||
        !read_number(words.next(), state, 16) || !read_number(words.next(), record.inode, 10))
        return false;
    facts.state = static_cast<std::uint8_t>(state);
    facts.path = words.rest();
    record.owner_key = record.inode;
    return true;
}

/// Where a line of /proc/net/{tcp,udp,raw} ends.
std::size_t inet_line_end(std::string_view text) { return text.find('\n'); }

/// What stands for an address until the kernel has random numbers to hide it with (lib/vsprintf.c, 64 and 32
/// bits).
constexpr std::string_view hidden_addresses[] = {"(____ptrval____):", "(ptrval):"};

/// `0000000000000000: `, in 8 digits on a 32-bit kernel; all of a cut text may be its front.
bool starts_unix_line(std::string_view text) {
    for (const std::string_view hidden : hidden_addresses)
        if (text.starts_with(hidden) || hidden.starts_with(text)) return true;
    const std::size_t digits = text.substr(0, 17).find_first_not_of("0123456789abcdefABCDEF");
    if (digits == std::string_view::npos) return text.size() <= 16;
    return text[digits] == ':' && (digits == 16 || digits == 8);
}

/// A path may hold newlines, which the kernel prints as they are: the line ends where another socket begins.
std::size_t unix_line_end(std::string_view text) {
    std::size_t end = text.find('\n');
    while (end != std::string_view::npos && !starts_unix_line(text.substr(end + 1)))
        end = text.find('\n', end + 1);
    return end;
}

/// Lines off the front; `line_end` finds where one ends, `read` makes a record of it or refuses it.
template <class LineEnd, class Read>
SocketDecoder line_decoder(const DecodeContext& context, LineEnd line_end, Read read) {
    return [context, line_end, read, first = true](Bytes& rest, SocketRecord& record) mutable {
        while (!rest.empty()) {
            const std::size_t at = rest.offset();
            const std::string_view text = rest.text();
            const std::size_t end = first ? inet_line_end(text) : line_end(text);
            const std::string_view line = text.substr(0, end);
            rest.skip(end == std::string_view::npos ? text.size() : end + 1);
            if (first) {
                first = false;
                if (line.find("sl ") != std::string_view::npos || line.starts_with("Num ")) continue;
            }
            const bool whole = end != std::string_view::npos;
            if (whole && read(line, record)) return true;
            context.notes->damaged = true;
            context.problem({fmt::format("{}: {} at offset {}", context.interface,
                                         whole ? "a line that is no socket" : "a line cut short", at)});
        }
        return false;
    };
}

} // namespace

SocketDecoder proc_net_decoder(const DecodeContext& context) {
    const Protocol protocol = protocol_of(context.interface);
    const ByteOrder order = context.host->byte_order;
    return line_decoder(context, inet_line_end, [=](std::string_view line, SocketRecord& record) {
        return read_inet_line(line, protocol, order, record);
    });
}

SocketDecoder proc_net_unix_decoder(const DecodeContext& context) {
    return line_decoder(context, unix_line_end, read_unix_line);
}

SideDecoder half_open_decoder(const DecodeContext& context) {
    return [decode = proc_net_decoder(context)](Bytes block, SideTables& side) {
        SocketRecord record;
        while (decode(block, record))
            if (record.state == State::SynReceived)
                side.half_open.push_back({record.local, record.foreign, record.uid.value_or(0),
                                          record.timer ? record.timer->retransmits : 0});
    };
}

} // namespace netstat46
