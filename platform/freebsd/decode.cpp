#include "freebsd/decode.hpp"

#include <array>

#include "bsd/address.hpp"
#include "bsd/states.hpp"
#include "freebsd/facts.hpp"
#include "freebsd/row.hpp"
#include "freebsd/wire.hpp"
#include "record/address.hpp"

namespace netstat46::freebsd {
namespace {

BufferFacts buffer_facts(const Bytes& buffer) {
    BufferFacts facts;
    facts.high_water = buffer.u32(sockbuf::high_water);
    facts.low_water = buffer.u32(sockbuf::low_water);
    facts.mbuf_bytes = buffer.u32(sockbuf::mbuf_bytes);
    facts.mbuf_limit = buffer.u32(sockbuf::mbuf_limit);
    facts.mbufs = buffer.u32(sockbuf::mbufs);
    facts.clusters = buffer.u32(sockbuf::clusters);
    return facts;
}

void decode_socket(const Bytes& socket, SocketRecord& record) {
    FreeBsdFacts& facts = freebsd_facts(record);
    record.owner_key = socket.u64(xsocket::socket);
    record.pcb = socket.u64(xsocket::pcb);
    facts.socket_protocol = socket.i32(xsocket::protocol);
    facts.socket_type = socket.i16(xsocket::type);
    facts.socket_state = socket.u16(xsocket::state);
    facts.fib = socket.u32(xsocket::fib);
    if (record.owner_key != 0) {
        record.uid = socket.u32(xsocket::uid);
        facts.options = socket.u16(xsocket::options);
    }
    record.has_options = facts.options.has_value();
    record.accepts = (facts.options.value_or(0) & so_acceptconn) != 0;
    record.no_descriptor = (facts.socket_state & ss_nofdref) != 0;
    const Backlog backlog{socket.u32(xsocket::waiting), socket.u32(xsocket::incomplete),
                          socket.u32(xsocket::limit)};
    if (backlog.limit != 0 || record.accepts) record.backlog = backlog;
    const Bytes receive = socket.sub(xsocket::receive);
    const Bytes send = socket.sub(xsocket::send);
    record.recv_q = receive.u32(sockbuf::bytes);
    record.send_q = send.u32(sockbuf::bytes);
    facts.receive = buffer_facts(receive);
    facts.send = buffer_facts(send);
}

/// A TIME_WAIT or half-open connection has lost its socket, which would have its family.
Family family_of(std::int32_t family, std::uint32_t vflag) {
    if (family == af_inet) return Family::Inet;
    if (family == af_inet6) return Family::Inet6;
    return (vflag & (inp_ipv6 | inp_ipv6_proto)) != 0 ? Family::Inet6 : Family::Inet;
}

/// An IPv4 address of an AF_INET6 socket (by its vflag) is shown as such; the wildcard of both families is
/// IPv6's.
Address address_at(const Bytes& pcb, std::size_t at, const SocketRecord& record) {
    const Address inet = inet_address(pcb.octets<4>(at + 12));
    if (record.serves.ipv4 && (!record.serves.ipv6 || !is_unspecified(inet))) return inet;
    if (record.serves.ipv4 || record.serves.ipv6 || record.family == Family::Inet6)
        return record.serves.ipv4 ? Address{Family::Inet6, {}, 0} : inet6_address(pcb.octets<16>(at));
    return inet;
}

/// The option's bit counts only for an unconnected IPv6 socket: a connection accepted from IPv4 keeps a fresh
/// pcb's default.
V6Only v6only_of(const SocketRecord& record) {
    if (record.family != Family::Inet6 || record.foreign.port != 0) return V6Only::NotApplicable;
    return (freebsd_facts(record).pcb_flags & in6p_v6only) != 0 ? V6Only::Yes : V6Only::No;
}

void decode_inpcb(const Bytes& bytes, const Growth& growth, SocketRecord& record) {
    const Bytes socket = bytes.sub(xinpcb::socket);
    decode_socket(socket, record);
    const Bytes pcb = bytes.sub(growth.socket); // as if the xsocket had its known size
    FreeBsdFacts& facts = freebsd_facts(record);
    facts.vflag = pcb.u8(xinpcb::vflag);
    record.family = family_of(socket.i32(xsocket::family), facts.vflag);
    record.serves = {(facts.vflag & inp_ipv4) != 0, (facts.vflag & inp_ipv6) != 0};
    record.local = {address_at(pcb, xinpcb::local, record), pcb.be16(xinpcb::local_port)};
    record.foreign = {address_at(pcb, xinpcb::foreign, record), pcb.be16(xinpcb::foreign_port)};
    record.tcb = pcb.u64(xinpcb::tcb);
    facts.pcb_flags = pcb.u32(xinpcb::flags);
    record.v6only = v6only_of(record);
    facts.flow_id = pcb.u32(xinpcb::flow_id);
    facts.flow_type = pcb.u32(xinpcb::flow_type);
}

/// What xu_addr or xu_caddr holds: nothing unless sun_family says AF_UNIX. The kernel reuses one buffer for
/// all records, so stale bytes may follow sun_len; a sun_len too short to be one leaves the NUL to end the
/// path.
std::string_view unix_path(const Bytes& address) {
    if (address.u8(1) != af_unix) return {};
    const std::size_t length = address.u8(0);
    const Bytes path = address.sub(2, length >= 2 ? length - 2 : xunpcb::address_room);
    return path.c_string();
}

constexpr ListLayout tcp_layout{.header = gen::inet_size,
                                .record = xtcpcb::size,
                                .generation = xtcpcb::inpcb + xinpcb::generation,
                                .pcb = xtcpcb::inpcb,
                                .socket = xtcpcb::inpcb + xinpcb::socket,
                                .decode = decode_tcp};

constexpr ListLayout inet_layout{.header = gen::inet_size,
                                 .record = xinpcb::size,
                                 .generation = xinpcb::generation,
                                 .socket = xinpcb::socket};

constexpr ListLayout unix_layout{.header = gen::unix_size,
                                 .record = xunpcb::size,
                                 .generation = xunpcb::generation,
                                 .socket = xunpcb::socket,
                                 .decode = decode_unix};

SocketDecoder tcp_list(const DecodeContext& context) { return list_decoder(context, tcp_layout); }

template <void (*decode)(const Bytes&, const Growth&, SocketRecord&)>
SocketDecoder inet_list(const DecodeContext& context) {
    ListLayout layout = inet_layout;
    layout.decode = decode;
    return list_decoder(context, layout);
}

SocketDecoder unix_list(const DecodeContext& context, const char* name) {
    ListLayout layout = unix_layout;
    layout.remark_name = name;
    return list_decoder(context, layout);
}

SocketDecoder stream_list(const DecodeContext& context) { return unix_list(context, "stream"); }
SocketDecoder dgram_list(const DecodeContext& context) { return unix_list(context, "dgram"); }
SocketDecoder seqpacket_list(const DecodeContext& context) { return unix_list(context, "seqpacket"); }

constexpr Table holds_tcp{Protocol::Tcp, true, true};
constexpr Table holds_udp{Protocol::Udp, true, true};
constexpr Table holds_udplite{Protocol::UdpLite, true, true};
constexpr Table holds_raw{Protocol::Raw, true, true};
constexpr Table holds_unix{Protocol::Unix, false, false};

constexpr std::array entries{
    DecoderEntry{"net.inet.tcp.pcblist", holds_tcp, 0, tcp_list, nullptr},
    DecoderEntry{"net.inet.udp.pcblist", holds_udp, 0, inet_list<decode_udp>, nullptr},
    DecoderEntry{"net.inet.udplite.pcblist", holds_udplite, 0, inet_list<decode_udplite>, nullptr},
    DecoderEntry{"net.inet.raw.pcblist", holds_raw, 0, inet_list<decode_raw>, nullptr},
    DecoderEntry{"net.local.stream.pcblist", holds_unix, 0, stream_list, nullptr},
    DecoderEntry{"net.local.dgram.pcblist", holds_unix, 1, dgram_list, nullptr},
    DecoderEntry{"net.local.seqpacket.pcblist", holds_unix, 2, seqpacket_list, nullptr},
    DecoderEntry{"kern.file", {}, 0, nullptr, owners_decoder},
    DecoderEntry{"kern.proc.proc", {}, 0, nullptr, processes_decoder},
    DecoderEntry{"kern.proc.pid.*", {}, 0, nullptr, processes_decoder},
};

} // namespace

void decode_tcp(const Bytes& record_bytes, const Growth& growth, SocketRecord& record) {
    decode_inpcb(record_bytes.sub(xtcpcb::inpcb), growth, record);
    const Bytes bytes = record_bytes.sub(growth.pcb); // as if the xinpcb had its known size
    record.protocol = Protocol::Tcp;
    record.native_state = bytes.i32(xtcpcb::state);
    set_bsd_state(record);
    FreeBsdFacts& tcp = freebsd_facts(record);
    tcp.tcp_flags = bytes.u32(xtcpcb::flags);
    for (std::size_t i = 0; i < 5; ++i) tcp.timers_ms[i] = bytes.i32(xtcpcb::timers + 4 * i);
    tcp.timers_ms[5] = bytes.i32(xtcpcb::idle);
    tcp.send_window = bytes.u32(xtcpcb::send_window);
    tcp.slow_start = bytes.u32(xtcpcb::slow_start);
    tcp.segment = bytes.u32(xtcpcb::segment);
    tcp.ecn = bytes.u32(xtcpcb::ecn);
    tcp.retransmitted = bytes.u32(xtcpcb::retransmitted);
    tcp.out_of_order = bytes.u32(xtcpcb::out_of_order);
    tcp.zero_windows = bytes.u32(xtcpcb::zero_windows);
    tcp.stack = bytes.sub(xtcpcb::stack, 32).c_string();
    tcp.congestion = bytes.sub(xtcpcb::congestion, 16).c_string();
    tcp.log_id = bytes.sub(xtcpcb::log_id, 64).c_string();
}

void decode_udp(const Bytes& bytes, const Growth& growth, SocketRecord& record) {
    decode_inpcb(bytes, growth, record);
    record.protocol = Protocol::Udp;
}

void decode_udplite(const Bytes& bytes, const Growth& growth, SocketRecord& record) {
    decode_inpcb(bytes, growth, record);
    record.protocol = Protocol::UdpLite;
}

void decode_raw(const Bytes& bytes, const Growth& growth, SocketRecord& record) {
    decode_inpcb(bytes, growth, record);
    record.protocol = Protocol::Raw;
    record.ip_protocol = bytes.u8(growth.socket + xinpcb::ip_protocol);
}

void decode_unix(const Bytes& bytes, const Growth& /*growth*/, SocketRecord& record) {
    const Bytes socket = bytes.sub(xunpcb::socket);
    decode_socket(socket, record);
    record.protocol = Protocol::Unix;
    record.family = Family::Local;
    UnixFacts& facts = unix_facts(record);
    facts.type = socket.u16(xsocket::type);
    facts.vnode = bytes.u64(xunpcb::vnode);
    facts.peer = bytes.u64(xunpcb::peer);
    facts.refs = bytes.u64(xunpcb::first_ref);
    facts.next_ref = bytes.u64(xunpcb::next_ref);
    facts.path = unix_path(bytes.sub(xunpcb::address, xunpcb::address_room));
    facts.peer_path = unix_path(bytes.sub(xunpcb::peer_address, xunpcb::address_room));
}

} // namespace netstat46::freebsd

namespace netstat46 {

std::span<const DecoderEntry> freebsd_decoders() { return freebsd::entries; }

} // namespace netstat46
