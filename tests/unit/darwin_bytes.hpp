// Builds answers as xnu's in_pcblist.c writes them, one field at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "capture/bytes.hpp"
#include "capture/decoders.hpp"
#include "darwin/facts.hpp"
#include "darwin/row.hpp"
#include "darwin/wire.hpp"

namespace netstat46::darwin_test {

/// Little-endian bytes of a fixed size.
class Record {
public:
    explicit Record(std::size_t size) : bytes_(size, '\0') {}

    Record& set(std::size_t at, std::size_t width, std::uint64_t value) {
        for (std::size_t i = 0; i < width; ++i) bytes_[at + i] = static_cast<char>(value >> (8 * i));
        return *this;
    }
    Record& set(std::size_t at, std::string_view text) {
        bytes_.replace(at, text.size(), text);
        return *this;
    }
    /// Network order.
    Record& set_port(std::size_t at, std::uint16_t port) {
        bytes_[at] = static_cast<char>(port >> 8);
        bytes_[at + 1] = static_cast<char>(port & 0xff);
        return *this;
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

    /// The item with its length and kind, padded to 8.
    [[nodiscard]] std::string item(std::uint32_t kind) const {
        Record copy = *this;
        copy.set(0, 4, bytes_.size()).set(4, 4, kind);
        std::string padded = copy.bytes_;
        while (padded.size() % 8 != 0) padded.push_back('\0');
        return padded;
    }

private:
    std::string bytes_;
};

/// xinpgen: header and trailer of every list.
inline std::string generation(std::uint32_t count, std::uint64_t number) {
    return Record(24).set(0, 4, 24).set(4, 4, count).set(8, 8, number).bytes();
}

/// What a test says of a socket; the rest is a plain TCP listener's.
struct Socket {
    std::uint64_t block = 0xdd1e8686466d3c79; ///< address of the control block
    std::uint64_t so = 0x5000;
    std::int32_t family = 30; ///< AF_INET6
    std::int32_t protocol = 6;
    std::uint8_t vflag = 3;
    std::uint32_t flags = 0; ///< inp_flags
    std::string local = std::string(16, '\0'), foreign = std::string(16, '\0');
    std::uint16_t local_port = 8888, foreign_port = 0;
    std::int32_t state = 1; ///< t_state: LISTEN
    std::int32_t last_pid = 4567;
    std::uint64_t born = 1; ///< inp_gencnt
    std::size_t xsocket_size = 104;
};

inline std::string pcb_item(const Socket& socket) {
    using namespace darwin_wire;
    return Record(xinpcb_n::size)
        .set(xinpcb_n::pcb, 8, socket.block)
        .set(xinpcb_n::tcb, 8, socket.block + 1)
        .set(xinpcb_n::generation, 8, socket.born)
        .set(xinpcb_n::flags, 4, socket.flags)
        .set(xinpcb_n::vflag, 1, socket.vflag)
        .set_port(xinpcb_n::local_port, socket.local_port)
        .set_port(xinpcb_n::foreign_port, socket.foreign_port)
        .set(xinpcb_n::local, socket.local)
        .set(xinpcb_n::foreign, socket.foreign)
        .item(kind::inpcb);
}

inline std::string socket_item(const Socket& socket) {
    using namespace darwin_wire;
    return Record(socket.xsocket_size)
        .set(xsocket_n::so, 8, socket.so)
        .set(xsocket_n::pcb, 8, socket.block)
        .set(xsocket_n::protocol, 4, static_cast<std::uint32_t>(socket.protocol))
        .set(xsocket_n::family, 4, static_cast<std::uint32_t>(socket.family))
        .set(xsocket_n::uid, 4, 501)
        .set(xsocket_n::last_pid, 4, static_cast<std::uint32_t>(socket.last_pid))
        .item(kind::socket);
}

inline std::string buffer_item(std::uint32_t kind, std::uint32_t bytes) {
    return Record(darwin_wire::xsockbuf_n::size).set(darwin_wire::xsockbuf_n::bytes, 4, bytes).item(kind);
}

inline std::string statistics_item() {
    using namespace darwin_wire;
    Record record(xsockstat_n::size);
    for (std::size_t i = 0; i < xsockstat_n::classes; ++i)
        record.set(xsockstat_n::first_class + i * xsockstat_n::class_size + xsockstat_n::rx_bytes, 8,
                   10 * (i + 1));
    return record.item(kind::statistics);
}

inline std::string tcpcb_item(std::int32_t state) {
    using namespace darwin_wire;
    return Record(xtcpcb_n::size)
        .set(xtcpcb_n::state, 4, static_cast<std::uint32_t>(state))
        .item(kind::tcpcb);
}

/// The items of one TCP socket, in the kernel's order.
inline std::vector<std::string> items_of(const Socket& socket) {
    return {pcb_item(socket),
            socket_item(socket),
            buffer_item(darwin_wire::kind::receive_buffer, 7),
            buffer_item(darwin_wire::kind::send_buffer, 9),
            statistics_item(),
            tcpcb_item(socket.state)};
}

inline std::string joined(const std::vector<std::string>& parts) {
    std::string all;
    for (const std::string& part : parts) all += part;
    return all;
}

inline std::string tcp_list(const std::vector<Socket>& sockets) {
    const auto count = static_cast<std::uint32_t>(sockets.size());
    std::string all = generation(count, 100);
    for (const Socket& socket : sockets) all += joined(items_of(socket));
    return all + generation(count, 100);
}

/// What a decoder made of an answer. The records' views point into `bytes`.
struct Decoded {
    std::string bytes;
    std::vector<SocketRecord> records;
    std::vector<Problem> problems;
    TableStatus notes;
};

inline Decoded decode(std::string_view interface, std::string bytes) {
    Decoded decoded;
    decoded.bytes = std::move(bytes);
    HostFacts host;
    host.system = &darwin_system;
    const auto problem = [&](const Problem& one) { decoded.problems.push_back(one); };
    const SocketDecoder next =
        find_decoder(darwin_system, interface)->sockets({interface, &host, problem, &decoded.notes});
    Bytes rest(std::as_bytes(std::span(decoded.bytes.data(), decoded.bytes.size())));
    for (SocketRecord record; next(rest, record);) decoded.records.push_back(record);
    return decoded;
}

inline Decoded decode_tcp(std::string bytes) { return decode("net.inet.tcp.pcblist_n", std::move(bytes)); }

} // namespace netstat46::darwin_test
