// What only Linux has of a socket, as data.
#include "linux/fields.hpp"

#include <array>

#include "linux/facts.hpp"

namespace netstat46 {
namespace {

/// The kernel's own numbers, idiag_timer (net/ipv4/inet_diag.c).
constexpr std::array<std::string_view, 5> timer_kinds{"off", "on", "keepalive", "timewait", "probe"};

const std::optional<Timer>& timer_of(const FieldRow& at) { return at.row.socket.timer; }

template <auto member>
bool put_tcp(Text& out, const FieldRow& at) {
    const SocketRecord& socket = at.row.socket;
    return socket.protocol == Protocol::Tcp && put_integer(out, socket.own.get<TcpFacts>().*member);
}

constexpr Field fields[] = {
    {"timer.kind", FieldType::Text, "",
     "off, on (retransmission), keepalive, timewait or probe (zero window)",
     [](Text& out, const FieldRow& at) {
         return timer_of(at) && timer_of(at)->kind < timer_kinds.size() &&
                put_field(out, timer_kinds[timer_of(at)->kind]);
     }},
    {"timer.remaining_ms", FieldType::Number, "ms", "milliseconds left; absent if off",
     [](Text& out, const FieldRow& at) {
         return timer_of(at) && timer_of(at)->kind != 0 && put_integer(out, timer_of(at)->remaining_ms);
     }},
    {"timer.retransmits", FieldType::Number, "", "unanswered retransmissions",
     [](Text& out, const FieldRow& at) {
         return timer_of(at) && put_integer(out, timer_of(at)->retransmits);
     }},
    {"timer.probes", FieldType::Number, "", "unanswered probes",
     [](Text& out, const FieldRow& at) { return timer_of(at) && put_integer(out, timer_of(at)->probes); }},
    {"tcp.congestion", FieldType::Text, "", "Linux, FreeBSD: the congestion control",
     [](Text& out, const FieldRow& at) {
         const TcpFacts& facts = at.row.socket.own.get<TcpFacts>();
         return put_field(out, std::string_view(facts.congestion.data()));
     }},
    {"tcp.rtt_us", FieldType::Number, "us", "the smoothed round trip time in microseconds",
     put_tcp<&TcpFacts::rtt_us>},
    {"tcp.rttvar_us", FieldType::Number, "us", "its mean deviation", put_tcp<&TcpFacts::rttvar_us>},
    {"tcp.rto_us", FieldType::Number, "us", "the retransmission timeout in microseconds",
     put_tcp<&TcpFacts::rto_us>},
    {"tcp.snd_mss", FieldType::Number, "bytes", "Linux, FreeBSD: the largest segment sent, in bytes",
     put_tcp<&TcpFacts::snd_mss>},
    {"tcp.rcv_mss", FieldType::Number, "bytes", "the largest segment received, as the kernel estimates it",
     put_tcp<&TcpFacts::rcv_mss>},
    {"tcp.pmtu", FieldType::Number, "bytes", "the path's MTU", put_tcp<&TcpFacts::pmtu>},
    {"tcp.cwnd", FieldType::Number, "segments", "the congestion window in segments",
     put_tcp<&TcpFacts::cwnd>},
    {"tcp.ssthresh", FieldType::Number, "segments",
     "the slow start threshold in segments; absent until there is one", put_tcp<&TcpFacts::ssthresh>},
    {"tcp.retransmitted", FieldType::Number, "segments", "Linux, FreeBSD: segments sent again",
     put_tcp<&TcpFacts::retransmitted>},
    {"tcp.out_of_order", FieldType::Number, "segments", "Linux, FreeBSD: segments received out of order",
     put_tcp<&TcpFacts::out_of_order>},
    {"tcp.bytes_sent", FieldType::Number, "bytes",
     "Linux, Darwin: bytes of data sent, those sent again included", put_tcp<&TcpFacts::bytes_sent>},
    {"tcp.bytes_acked", FieldType::Number, "bytes", "of those acknowledged; the kernel counts the SYN as one",
     put_tcp<&TcpFacts::bytes_acked>},
    {"tcp.bytes_received", FieldType::Number, "bytes", "Linux, Darwin: bytes of data received",
     put_tcp<&TcpFacts::bytes_received>},
    {"tcp.bytes_retransmitted", FieldType::Number, "bytes", "bytes of data sent again",
     put_tcp<&TcpFacts::bytes_retransmitted>},
    {"tcp.last_sent_ms", FieldType::Number, "ms", "milliseconds since data was sent; absent if none was",
     put_tcp<&TcpFacts::last_sent_ms>},
    {"tcp.last_received_ms", FieldType::Number, "ms",
     "milliseconds since data was received; absent if none was", put_tcp<&TcpFacts::last_received_ms>},
};

constexpr FieldGroup groups[] = {{"timer", "timer", "Linux TCP: the timer that runs"}};

} // namespace

std::span<const Field> linux_fields() { return fields; }
std::span<const FieldGroup> linux_groups() { return groups; }

} // namespace netstat46
