// What only Darwin has of a socket, as data.
#include "darwin/fields.hpp"

#include <array>

#include "bsd/fields.hpp"
#include "darwin/facts.hpp"

namespace netstat46 {
namespace {

template <std::uint64_t DarwinFacts::*member>
bool put_count(Text& out, const FieldRow& at) {
    const DarwinFacts& facts = darwin_facts(at.row.socket);
    return facts.has_packet_counts && put_integer(out, facts.*member);
}

template <std::uint64_t DarwinFacts::*member>
bool put_tcp_count(Text& out, const FieldRow& at) {
    return at.row.socket.protocol == Protocol::Tcp && put_count<member>(out, at);
}

template <auto member>
constexpr auto fact = put_own<DarwinFacts, member>;

constexpr std::array<Field, 2> tcp_fields{{
    {"tcp.bytes_sent", FieldType::Number, "bytes",
     "Linux, Darwin: bytes of data sent, those sent again included", put_tcp_count<&DarwinFacts::tx_bytes>},
    {"tcp.bytes_received", FieldType::Number, "bytes", "Linux, Darwin: bytes of data received",
     put_tcp_count<&DarwinFacts::rx_bytes>},
}};

constexpr std::array<Field, 15> own_fields{{
    {"darwin.rx_packets", FieldType::Number, "packets", "packets received",
     put_count<&DarwinFacts::rx_packets>},
    {"darwin.rx_bytes", FieldType::Number, "bytes", "bytes received", put_count<&DarwinFacts::rx_bytes>},
    {"darwin.tx_packets", FieldType::Number, "packets", "packets sent", put_count<&DarwinFacts::tx_packets>},
    {"darwin.tx_bytes", FieldType::Number, "bytes", "bytes sent", put_count<&DarwinFacts::tx_bytes>},
    {"darwin.last_pid", FieldType::Number, "", "the process that used it last",
     [](Text& out, const FieldRow& at) { return put_integer(out, at.row.socket.last_pid); }},
    {"darwin.effective_pid", FieldType::Number, "", "the process that it acts for",
     [](Text& out, const FieldRow& at) { return put_unless_zero(out, at.row.socket.effective_pid); }},
    {"darwin.pcb_generation", FieldType::Number, "", "inp_gencnt", fact<&DarwinFacts::pcb_generation>},
    {"darwin.socket_generation", FieldType::Number, "", "so_gencnt", fact<&DarwinFacts::socket_generation>},
    {"darwin.flags", FieldType::Number, "", "so_flags", fact<&DarwinFacts::flags>},
    {"darwin.flags1", FieldType::Number, "", "so_flags1", fact<&DarwinFacts::flags1>},
    {"darwin.flags2", FieldType::Number, "", "inp_flags2", fact<&DarwinFacts::flags2>},
    {"darwin.flow_hash", FieldType::Number, "", "inp_flowhash", fact<&DarwinFacts::flow_hash>},
    {"darwin.filter_flags", FieldType::Number, "", "so_filter_flags", fact<&DarwinFacts::filter_flags>},
    {"darwin.use_count", FieldType::Number, "", "so_usecount", fact<&DarwinFacts::use_count>},
    {"darwin.retain_count", FieldType::Number, "", "so_retaincnt", fact<&DarwinFacts::retain_count>},
}};

constexpr auto fields = joined(tcp_fields, bsd_socket_fields<DarwinFacts>, bsd_receive_fields<DarwinFacts>,
                               bsd_send_fields<DarwinFacts>, own_fields);

constexpr FieldGroup groups[] = {
    bsd_receive_group,
    bsd_send_group,
    {"darwin", "darwin", "what only Darwin tells; numbers that are 0 are left out"},
};

} // namespace

std::span<const Field> darwin_fields() { return fields; }
std::span<const FieldGroup> darwin_groups() { return groups; }

} // namespace netstat46
