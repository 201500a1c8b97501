#include "openbsd/decode.hpp"
#include "openbsd/row.hpp"

#include <array>

#include "bsd/address.hpp"
#include "bsd/states.hpp"
#include "openbsd/facts.hpp"
#include "openbsd/wire.hpp"

namespace netstat46::openbsd {
namespace {

Family family_of(std::uint32_t number) {
    switch (number) {
    case af_inet:
        return Family::Inet;
    case af_inet6:
        return Family::Inet6;
    case af_unix:
        return Family::Local;
    default:
        return Family::Unknown;
    }
}

Protocol protocol_of(Family family, std::uint32_t number) {
    if (family == Family::Unknown) return Protocol::Other;
    if (family == Family::Local) return Protocol::Unix;
    return number == 6 ? Protocol::Tcp : number == 17 ? Protocol::Udp : Protocol::Raw; // netinet/in.h
}

Address address_at(const Bytes& file, std::size_t at, Family family) {
    return family == Family::Inet ? inet_address(file.octets<4>(at)) : inet6_address(file.octets<16>(at));
}

void decode_inet(const Bytes& file, SocketRecord& record) {
    record.serves = {record.family == Family::Inet, record.family == Family::Inet6};
    record.local = {address_at(file, kinfo_file::local, record.family), file.be16(kinfo_file::local_port)};
    record.foreign = {address_at(file, kinfo_file::foreign, record.family),
                      file.be16(kinfo_file::foreign_port)};
    // OpenBSD has no other IPv6 sockets (sys/netinet6/ip6_output.c, IPV6_V6ONLY).
    if (record.family == Family::Inet6 && record.foreign.port == 0) record.v6only = V6Only::Yes;
    record.ip_protocol = static_cast<std::uint8_t>(file.u32(kinfo_file::ip_protocol));
    record.tcb = file.u64(kinfo_file::tcb);
    if (record.protocol != Protocol::Tcp || file.size() < kinfo_file::state + 4) return;
    record.native_state = file.i32(kinfo_file::state);
    set_bsd_state(record);
}

void decode_unix(const Bytes& file, SocketRecord& record) {
    record.uid = file.u32(kinfo_file::uid);
    UnixFacts& facts = record.unix_.emplace();
    facts.type = file.u16(kinfo_file::socket_type + (file.order() == ByteOrder::Big ? 2 : 0));
    facts.vnode = file.u64(kinfo_file::vnode);
    facts.peer = file.u64(kinfo_file::peer);
    facts.refs = file.u64(kinfo_file::first_ref);
    facts.next_ref = file.u64(kinfo_file::next_ref);
    facts.path = file.sub(kinfo_file::path, kinfo_file::path_room).c_string();
}

OpenBsdFacts facts_of(const Bytes& file) {
    OpenBsdFacts facts;
    facts.family = file.u32(kinfo_file::family);
    facts.type = file.u32(kinfo_file::socket_type);
    facts.protocol = file.u32(kinfo_file::protocol);
    facts.ip_protocol = file.u32(kinfo_file::ip_protocol);
    facts.local_port = file.u32(kinfo_file::local_port);
    facts.foreign_port = file.u32(kinfo_file::foreign_port);
    facts.socket_state = file.u32(kinfo_file::socket_state);
    facts.routing_table = file.u32(kinfo_file::routing_table);
    facts.receive_window = file.u64(kinfo_file::receive_window);
    facts.send_window = file.u64(kinfo_file::send_window);
    facts.congestion_window = file.u64(kinfo_file::congestion_window);
    facts.has_pcb = file.u64(kinfo_file::pcb) != 0;
    return facts;
}

void decode_file(const Bytes& file, SocketRecord& record) {
    record.family = family_of(file.u32(kinfo_file::family));
    record.protocol = protocol_of(record.family, file.u32(kinfo_file::protocol));
    record.pcb = file.u64(kinfo_file::pcb);
    if (record.pcb == withheld) record.pcb = 0;
    record.owner_key = owner_key(file);
    record.no_descriptor = (file.u32(kinfo_file::socket_state) & ss_nofdref) != 0;
    record.recv_q = file.u64(kinfo_file::received);
    record.send_q = file.u64(kinfo_file::sent);
    if (record.family == Family::Local)
        decode_unix(file, record);
    else if (record.family != Family::Unknown)
        decode_inet(file, record);
}

constexpr Table holds_tcp{Protocol::Tcp, true, true}, holds_udp{Protocol::Udp, true, true};
constexpr Table holds_raw{Protocol::Raw, true, true}, holds_unix{Protocol::Unix},
    holds_other{Protocol::Other};

constexpr std::string_view by_file = "kern.file.byfile.socket";

/// Whoever lists one protocol leaves out the others.
constexpr std::array entries{
    DecoderEntry{by_file, holds_tcp, 0, sockets_decoder, shared_ends_decoder, nullptr},
    DecoderEntry{by_file, holds_udp, 0, sockets_decoder, shared_ends_decoder, nullptr},
    DecoderEntry{by_file, holds_raw, 0, sockets_decoder, shared_ends_decoder, nullptr},
    DecoderEntry{by_file, holds_unix, 0, sockets_decoder, shared_ends_decoder, nullptr},
    DecoderEntry{by_file, holds_other, 0, sockets_decoder, shared_ends_decoder, nullptr},
    DecoderEntry{"kern.file.bypid", {}, 0, nullptr, owners_decoder},
    DecoderEntry{"portmap.tsv", {}, 0, nullptr, portmap_decoder, &Wanted::rpc_names},
};

} // namespace

SocketDecoder sockets_decoder(const DecodeContext& context) {
    return [table = FileTable(context), place = std::uint32_t{0}](Bytes& rest, SocketRecord& record) mutable {
        const auto file = table.take(rest);
        if (!file) return false;
        record.clear();
        decode_file(file->bytes, record);
        auto& facts = record.own.make<OpenBsdFacts>();
        facts = facts_of(file->bytes);
        facts.place = place++;
        record.past_damage = !file->whole;
        return true;
    };
}

} // namespace netstat46::openbsd

namespace netstat46 {

std::span<const DecoderEntry> openbsd_decoders() { return openbsd::entries; }

} // namespace netstat46
