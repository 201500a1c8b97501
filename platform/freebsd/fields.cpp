// What only FreeBSD has of a socket, as data.
#include "freebsd/fields.hpp"

#include <array>

#include "bsd/fields.hpp"
#include "freebsd/facts.hpp"

namespace netstat46 {
namespace {

template <auto member>
constexpr auto fact = put_own<FreeBsdFacts, member>;

/// Of TCP sockets alone.
template <auto member>
bool put_tcp(Text& out, const FieldRow& at) {
    return at.row.socket.protocol == Protocol::Tcp && fact<member>(out, at);
}

template <std::size_t index>
bool put_timer(Text& out, const FieldRow& at) {
    return put_unless_zero(out, freebsd_facts(at.row.socket).timers_ms[index]);
}

constexpr std::array<Field, 6> tcp_fields{{
    {"tcp.congestion", FieldType::Text, "", "Linux, FreeBSD: the congestion control",
     put_own_text<FreeBsdFacts, &FreeBsdFacts::congestion>},
    {"tcp.snd_mss", FieldType::Number, "bytes", "Linux, FreeBSD: the largest segment sent, in bytes",
     put_tcp<&FreeBsdFacts::segment>},
    {"tcp.cwnd_bytes", FieldType::Number, "bytes", "FreeBSD: the congestion window in bytes",
     put_tcp<&FreeBsdFacts::send_window>},
    {"tcp.ssthresh_bytes", FieldType::Number, "bytes", "FreeBSD: the slow start threshold in bytes",
     put_tcp<&FreeBsdFacts::slow_start>},
    {"tcp.retransmitted", FieldType::Number, "segments", "Linux, FreeBSD: segments sent again",
     put_tcp<&FreeBsdFacts::retransmitted>},
    {"tcp.out_of_order", FieldType::Number, "segments", "Linux, FreeBSD: segments received out of order",
     put_tcp<&FreeBsdFacts::out_of_order>},
}};

constexpr std::array<Field, 14> own_fields{{
    {"freebsd.stack", FieldType::Text, "", "the TCP stack", put_own_text<FreeBsdFacts, &FreeBsdFacts::stack>},
    {"freebsd.log_id", FieldType::Text, "", "the log's id",
     put_own_text<FreeBsdFacts, &FreeBsdFacts::log_id>},
    {"freebsd.tcp_flags", FieldType::Number, "", "t_flags", fact<&FreeBsdFacts::tcp_flags>},
    {"freebsd.retransmit_ms", FieldType::Number, "ms", "the retransmission timer", put_timer<0>},
    {"freebsd.persist_ms", FieldType::Number, "ms", "the persist timer", put_timer<1>},
    {"freebsd.keepalive_ms", FieldType::Number, "ms", "the keepalive timer", put_timer<2>},
    {"freebsd.time_wait_ms", FieldType::Number, "ms", "the 2MSL timer", put_timer<3>},
    {"freebsd.delayed_ack_ms", FieldType::Number, "ms", "the delayed acknowledgement timer", put_timer<4>},
    {"freebsd.idle_ms", FieldType::Number, "ms", "time since something was received", put_timer<5>},
    {"freebsd.ecn", FieldType::Number, "", "explicit congestion notification", fact<&FreeBsdFacts::ecn>},
    {"freebsd.zero_windows", FieldType::Number, "", "zero windows sent", fact<&FreeBsdFacts::zero_windows>},
    {"freebsd.flow_id", FieldType::Number, "", "inp_flowid", fact<&FreeBsdFacts::flow_id>},
    {"freebsd.flow_type", FieldType::Number, "", "inp_flowtype", fact<&FreeBsdFacts::flow_type>},
    {"freebsd.fib", FieldType::Number, "", "the routing table", fact<&FreeBsdFacts::fib>},
}};

constexpr auto fields = joined(tcp_fields, bsd_socket_fields<FreeBsdFacts>, bsd_receive_fields<FreeBsdFacts>,
                               bsd_send_fields<FreeBsdFacts>, own_fields);

constexpr FieldGroup groups[] = {
    bsd_receive_group,
    bsd_send_group,
    {"freebsd", "freebsd", "what only FreeBSD tells; numbers that are 0 are left out"},
};

} // namespace

std::span<const Field> freebsd_fields() { return fields; }
std::span<const FieldGroup> freebsd_groups() { return groups; }

} // namespace netstat46
