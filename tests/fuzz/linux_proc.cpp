// The lines of /proc/net/tcp and its like: the first byte chooses the file, the rest is its text. In two
// blocks cut at a newline it holds the same sockets as in one, and the same half-open connections.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/decoders.hpp"
#include "linux/row.hpp"

namespace netstat46 {
namespace {

constexpr std::string_view files[] = {"proc.net.tcp",      "proc.net.tcp6", "proc.net.udp",
                                      "proc.net.udp6",     "proc.net.raw",  "proc.net.udplite",
                                      "proc.net.udplite6", "proc.net.raw6"};

struct Seen {
    std::vector<SocketRecord> sockets;
    std::vector<HalfOpen> half_open;
};

Seen read(std::string_view file, const std::vector<std::string_view>& blocks) {
    const HostFacts host;
    TableStatus notes;
    const DecoderEntry& entry = *find_decoder(linux_system, file);
    const DecodeContext context{file, &host, [](const Problem&) {}, &notes};
    const SocketDecoder decode = entry.sockets(context);
    const HostTablesDecoder decode_tables = entry.tables != nullptr ? entry.tables(context) : nullptr;
    Seen seen;
    HostTables tables;
    std::size_t offset = 0;
    for (const std::string_view block : blocks) {
        Bytes rest(std::as_bytes(std::span(block)), host.byte_order, offset);
        if (decode_tables) decode_tables(rest, tables);
        for (SocketRecord record; decode(rest, record);) seen.sockets.push_back(record);
        if (!rest.empty()) __builtin_trap();
        offset += block.size();
    }
    seen.half_open = tables.half_open;
    return seen;
}

bool same(const SocketRecord& one, const SocketRecord& other) {
    return one.local == other.local && one.foreign == other.foreign && one.state == other.state &&
           one.recv_q == other.recv_q && one.send_q == other.send_q && one.inode == other.inode &&
           one.uid == other.uid && one.timer.has_value() == other.timer.has_value();
}

} // namespace
} // namespace netstat46

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    if (size == 0) return 0;
    const std::string_view file = files[data[0] % std::size(files)];
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t newline = text.find('\n', text.size() / 2);
    const std::size_t first = newline == std::string_view::npos ? text.size() : newline + 1;
    const Seen whole = read(file, {text}), parts = read(file, {text.substr(0, first), text.substr(first)});
    if (!std::equal(whole.sockets.begin(), whole.sockets.end(), parts.sockets.begin(), parts.sockets.end(),
                    same))
        __builtin_trap();
    if (whole.half_open.size() != parts.half_open.size()) __builtin_trap();
    return 0;
}
