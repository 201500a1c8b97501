#include "darwin/decode.hpp"
#include "darwin/facts.hpp"
#include "darwin/row.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "darwin/own_messages.hpp"
#include "darwin/wire.hpp"

namespace netstat46 {
namespace darwin {
namespace {

using namespace darwin_wire;

constexpr ItemKind inpcb{kind::inpcb, "xinpcb_n", xinpcb_n::local + 16, xinpcb_n::size};
constexpr ItemKind tcpcb{kind::tcpcb, "xtcpcb_n", xtcpcb_n::state + 4, xtcpcb_n::size};

constexpr std::array tcp_kinds{inpcb, socket_kind, receive_kind, send_kind, statistics_kind, tcpcb};
constexpr std::array inet_kinds{inpcb, socket_kind, receive_kind, send_kind, statistics_kind};

constexpr HeaderForm inet_header{xinpgen::size, xinpgen::count, xinpgen::generation};

constexpr std::array tcp_states{// netinet/tcp_fsm.h: TCPS_*
                                State::Closed,      State::Listen,    State::SynSent,  State::SynReceived,
                                State::Established, State::CloseWait, State::FinWait1, State::Closing,
                                State::LastAck,     State::FinWait2,  State::TimeWait};

constexpr std::array<std::pair<Protocol, std::int32_t>, 2> protocol_numbers{
    {{Protocol::Tcp, 6}, {Protocol::Udp, 17}}};

/// Link-local unicast and multicast (fe80::/10, ff01::, ff02::) carry an interface index in bytes 2 and 3.
void lift_scope(Address& address) {
    auto& bytes = address.bytes;
    const bool unicast = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
    const bool multicast = bytes[0] == 0xff && ((bytes[1] & 0x0f) == 0x01 || (bytes[1] & 0x0f) == 0x02);
    if (!unicast && !multicast) return;
    address.scope = static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
    bytes[2] = bytes[3] = 0;
}

/// An address as the socket uses it: IPv4 where vflag says so, but the wildcard of a socket that serves both
/// is `::`.
Address load_address(Bytes pcb, std::size_t at, Serves serves) {
    Address address;
    const auto inner = pcb.octets<4>(at + xinpcb_n::v4_in_address);
    const bool wildcard =
        std::all_of(inner.begin(), inner.end(), [](std::uint8_t byte) { return byte == 0; });
    if (serves.ipv4 && !(serves.ipv6 && wildcard)) {
        address.family = Family::Inet;
        std::copy(inner.begin(), inner.end(), address.bytes.begin());
        return address;
    }
    address.family = Family::Inet6;
    if (serves.ipv4) return address;
    address.bytes = pcb.octets<16>(at);
    lift_scope(address);
    return address;
}

Family family_of(std::int32_t number, Serves serves) {
    if (number == address_family::inet) return Family::Inet;
    if (number == address_family::inet6) return Family::Inet6;
    return serves.ipv4 && !serves.ipv6 ? Family::Inet : Family::Inet6; // user-space flows say 0
}

V6Only v6only_of(const SocketRecord& record) {
    if (record.family != Family::Inet6 || record.foreign.port != 0) return V6Only::NotApplicable;
    return (darwin_facts(record).pcb_flags & inp::v6only) != 0 ? V6Only::Yes : V6Only::No;
}

void load_pcb(Bytes pcb, SocketRecord& record) {
    DarwinFacts& facts = darwin_facts(record);
    facts.vflag = pcb.u8(xinpcb_n::vflag);
    record.serves = {(facts.vflag & inp::ipv4) != 0, (facts.vflag & inp::ipv6) != 0};
    facts.pcb_flags = pcb.u32(xinpcb_n::flags);
    record.ip_protocol = pcb.u8(xinpcb_n::ip_protocol);
    record.pcb = pcb.u64(xinpcb_n::pcb);
    record.tcb = pcb.u64(xinpcb_n::tcb);
    record.local = {load_address(pcb, xinpcb_n::local, record.serves), pcb.be16(xinpcb_n::local_port)};
    record.foreign = {load_address(pcb, xinpcb_n::foreign, record.serves), pcb.be16(xinpcb_n::foreign_port)};
    facts.pcb_generation = pcb.u64(xinpcb_n::generation);
    facts.flow_hash = pcb.u32(xinpcb_n::flow_hash);
    facts.flags2 = pcb.u32(xinpcb_n::flags2);
}

void load_state(Bytes item, SocketRecord& record) {
    if (item.empty()) return;
    record.native_state = item.i32(xtcpcb_n::state);
    if (record.native_state < 0 || static_cast<std::size_t>(record.native_state) >= tcp_states.size()) return;
    record.state = tcp_states[static_cast<std::size_t>(record.native_state)];
    if (record.state == State::Closed && record.local.port != 0 && record.foreign.port == 0)
        record.state = State::Bound;
}

void load_inet(const Group& group, Protocol protocol, SocketRecord& record) {
    record.clear();
    DarwinFacts& facts = darwin_facts(record);
    record.protocol = protocol;
    record.past_damage = group.damaged;
    load_pcb(group.items[pcb_item], record);
    facts.socket_protocol = record.ip_protocol;
    for (const auto& [listed, number] : protocol_numbers)
        if (listed == protocol) facts.socket_protocol = number;
    load_socket_items(group, record);
    if (protocol == Protocol::Raw) record.ip_protocol = static_cast<std::uint8_t>(facts.socket_protocol);
    record.family = family_of(group.items[socket_item].i32(xsocket_n::family), record.serves);
    record.v6only = v6only_of(record);
    if (protocol == Protocol::Tcp) load_state(group.items[tcpcb_item], record);
}

SocketDecoder inet_decoder(Protocol protocol, std::span<const ItemKind> kinds, const DecodeContext& context) {
    return [groups = GroupReader({inet_header, kinds}, same_control_block, context),
            protocol](Bytes& rest, SocketRecord& record) mutable {
        Group group;
        while (groups.next(rest, group)) {
            load_inet(group, protocol, record);
            if (darwin_facts(record).pcb_generation <= groups.reader().generation()) return true;
        }
        return false;
    };
}

/// The address of the control block, which both the pcb and its socket name.
std::uint64_t control_block(std::size_t kind, Bytes item) {
    if (kind == pcb_item) return item.u64(xinpcb_n::pcb);
    return kind == socket_item ? item.u64(xsocket_n::pcb) : 0;
}

} // namespace

SocketDecoder decode_tcp(const DecodeContext& context) {
    return inet_decoder(Protocol::Tcp, tcp_kinds, context);
}
SocketDecoder decode_udp(const DecodeContext& context) {
    return inet_decoder(Protocol::Udp, inet_kinds, context);
}
SocketDecoder decode_raw(const DecodeContext& context) {
    return inet_decoder(Protocol::Raw, inet_kinds, context);
}

SocketDecoder decode_multipath(const DecodeContext& context) {
    return [complaints = Complaints(context)](Bytes& rest, SocketRecord&) mutable {
        if (!rest.empty()) complaints.remark(rest.offset(), darwin_messages.no_multipath);
        rest.skip(rest.size());
        return false;
    };
}

std::optional<Backlog> load_backlog(Bytes socket, const QueueOffsets& at) {
    const auto length = [&](std::size_t offset) { return static_cast<std::uint32_t>(socket.i16(offset)); };
    if (length(at.limit) == 0) return std::nullopt;
    return Backlog{length(at.queued), length(at.incomplete), length(at.limit)};
}

void settle_options(SocketRecord& record) {
    const DarwinFacts& facts = darwin_facts(record);
    record.has_options = facts.options.has_value();
    record.accepts = (facts.options.value_or(0) & so_acceptconn) != 0;
    record.no_descriptor = (facts.socket_state & ss_nofdref) != 0;
}

void load_socket_items(const Group& group, SocketRecord& record) {
    DarwinFacts& facts = darwin_facts(record);
    if (group.has(socket_item)) {
        const Bytes so = group.items[socket_item];
        record.owner_key = so.u64(xsocket_n::so);
        record.pcb = so.u64(xsocket_n::pcb);
        facts.socket_type = so.i16(xsocket_n::type);
        facts.socket_protocol = so.i32(xsocket_n::protocol);
        facts.options = so.u32(xsocket_n::options);
        facts.socket_state = so.u16(xsocket_n::state);
        settle_options(record);
        record.uid = so.u32(xsocket_n::uid);
        record.backlog = load_backlog(so, {xsocket_n::queued, xsocket_n::incomplete, xsocket_n::queue_limit});
        record.last_pid = so.i32(xsocket_n::last_pid);
        record.effective_pid = so.i32(xsocket_n::effective_pid);
        facts.socket_generation = so.u64(xsocket_n::generation);
        facts.flags = so.u32(xsocket_n::flags);
        facts.flags1 = so.u32(xsocket_n::flags1);
        facts.use_count = so.i32(xsocket_n::use_count);
        facts.retain_count = so.i32(xsocket_n::retain_count);
        facts.filter_flags = so.u32(xsocket_n::filter_flags);
    }
    const auto buffer = [](Bytes item) {
        return BufferFacts{item.u32(xsockbuf_n::high_water), item.u32(xsockbuf_n::low_water),
                           item.u32(xsockbuf_n::mbuf_bytes), item.u32(xsockbuf_n::mbuf_limit)};
    };
    record.recv_q = group.items[receive_item].u32(xsockbuf_n::bytes);
    record.send_q = group.items[send_item].u32(xsockbuf_n::bytes);
    facts.receive = buffer(group.items[receive_item]);
    facts.send = buffer(group.items[send_item]);
    facts.has_packet_counts = group.has(statistics_item);
    for (std::size_t i = 0; i < xsockstat_n::classes; ++i) {
        const Bytes one =
            group.items[statistics_item].sub(xsockstat_n::first_class + i * xsockstat_n::class_size);
        facts.rx_packets += one.u64(xsockstat_n::rx_packets);
        facts.rx_bytes += one.u64(xsockstat_n::rx_bytes);
        facts.tx_packets += one.u64(xsockstat_n::tx_packets);
        facts.tx_bytes += one.u64(xsockstat_n::tx_bytes);
    }
}

Kinship same_first_item(const Item& item, const Group& group) {
    if (item.kind != pcb_item || !group.has(pcb_item)) return Kinship::Unknown;
    return group.items[pcb_item].text() == item.bytes.text() ? Kinship::Same : Kinship::Other;
}

Kinship same_control_block(const Item& item, const Group& group) {
    const std::uint64_t block = control_block(item.kind, item.bytes);
    if (block != 0)
        for (const std::size_t kind : {pcb_item, socket_item}) {
            const std::uint64_t known = control_block(kind, group.items[kind]);
            if (known != 0) return known == block ? Kinship::Same : Kinship::Other;
        }
    return same_first_item(item, group);
}

} // namespace darwin

namespace {

constexpr Table unix_sockets{Protocol::Unix}, kernel_control{Protocol::KernelControl};

constexpr std::array entries{
    DecoderEntry{"net.inet.tcp.pcblist_n", {Protocol::Tcp, true, true}, 0, darwin::decode_tcp},
    DecoderEntry{"net.inet.udp.pcblist_n", {Protocol::Udp, true, true}, 0, darwin::decode_udp},
    DecoderEntry{"net.inet.raw.pcblist_n", {Protocol::Raw, true, true}, 0, darwin::decode_raw},
    // Older systems answer both; pcblist64 is the one that their netstat lists.
    DecoderEntry{"net.inet.mptcp.pcblist", {Protocol::Multipath, true, true}, 0, darwin::decode_multipath},
    DecoderEntry{"net.local.stream.pcblist64", unix_sockets, 0, darwin::decode_unix64},
    DecoderEntry{"net.local.stream.pcblist_n", unix_sockets, 0, darwin::decode_unix},
    DecoderEntry{"net.local.dgram.pcblist64", unix_sockets, 1, darwin::decode_unix64},
    DecoderEntry{"net.local.dgram.pcblist_n", unix_sockets, 1, darwin::decode_unix},
    DecoderEntry{"net.systm.kctl.reg_list", kernel_control, 0, darwin::decode_control_registrations},
    DecoderEntry{"net.systm.kevt.pcblist", kernel_control, 1, darwin::decode_event_sockets},
    DecoderEntry{"net.systm.kctl.pcblist", kernel_control, 2, darwin::decode_control_sockets},
    DecoderEntry{"proc.pid.fd", {}, 0, nullptr, darwin::decode_owners},
};

} // namespace

std::span<const DecoderEntry> darwin_decoders() { return entries; }

} // namespace netstat46
