// What only some systems tell of a socket: timers, buffers, counts.
#include <array>

#include "format/json_object.hpp"

namespace netstat46::json {
namespace {

/// The kernel's own numbers, idiag_timer (net/ipv4/inet_diag.c).
constexpr std::array<std::string_view, 5> timer_kinds{"off", "on", "keepalive", "timewait", "probe"};

constexpr Field<Timer> timer_fields[] = {
    {"kind", "off, on (retransmission), keepalive, timewait or probe (zero window)",
     [](Text& out, const Timer& timer, const JsonContext&) {
         return timer.kind < timer_kinds.size() && put_text(out, timer_kinds[timer.kind]);
     }},
    {"remaining_ms", "milliseconds left; absent if off",
     [](Text& out, const Timer& timer, const JsonContext&) {
         return timer.kind != 0 && put_integer(out, timer.remaining_ms);
     }},
    {"retransmits", "unanswered retransmissions",
     [](Text& out, const Timer& timer, const JsonContext&) { return put_integer(out, timer.retransmits); }},
    {"probes", "unanswered probes",
     [](Text& out, const Timer& timer, const JsonContext&) { return put_integer(out, timer.probes); }},
};

template <auto member>
bool put_tcp_fact(Text& out, const SocketRecord& socket, const JsonContext& /*look*/) {
    return socket.tcp && (*socket.tcp).*member && put_integer(out, *((*socket.tcp).*member));
}

/// Linux's or FreeBSD's, whose 0 is left out.
template <auto linux_member, auto freebsd_member>
bool put_tcp_fact_of_either(Text& out, const SocketRecord& socket, const JsonContext& look) {
    return put_tcp_fact<linux_member>(out, socket, look) ||
           put_unless_zero(out, socket.freebsd.*freebsd_member);
}

/// Linux's or Darwin's.
template <auto linux_member, auto darwin_member>
bool put_tcp_bytes(Text& out, const SocketRecord& socket, const JsonContext& look) {
    return put_tcp_fact<linux_member>(out, socket, look) ||
           (socket.darwin.has_packet_counts && put_integer(out, socket.darwin.*darwin_member));
}

constexpr Field<SocketRecord> tcp_fields[] = {
    {"congestion", "Linux, FreeBSD: the congestion control",
     [](Text& out, const SocketRecord& socket, const JsonContext&) {
         return put_text(out, socket.tcp ? std::string_view(socket.tcp->congestion.data())
                                         : socket.freebsd.congestion);
     }},
    {"rtt_us", "the smoothed round trip time in microseconds", put_tcp_fact<&TcpFacts::rtt_us>},
    {"rttvar_us", "its mean deviation", put_tcp_fact<&TcpFacts::rttvar_us>},
    {"rto_us", "the retransmission timeout in microseconds", put_tcp_fact<&TcpFacts::rto_us>},
    {"snd_mss", "Linux, FreeBSD: the largest segment sent, in bytes",
     put_tcp_fact_of_either<&TcpFacts::snd_mss, &FreeBsdFacts::segment>},
    {"rcv_mss", "the largest segment received, as the kernel estimates it", put_tcp_fact<&TcpFacts::rcv_mss>},
    {"pmtu", "the path's MTU", put_tcp_fact<&TcpFacts::pmtu>},
    {"cwnd", "the congestion window in segments", put_tcp_fact<&TcpFacts::cwnd>},
    {"ssthresh", "the slow start threshold in segments; absent until there is one",
     put_tcp_fact<&TcpFacts::ssthresh>},
    {"cwnd_bytes", "FreeBSD: the congestion window in bytes",
     [](Text& out, const SocketRecord& socket, const JsonContext&) {
         return put_unless_zero(out, socket.freebsd.send_window);
     }},
    {"ssthresh_bytes", "FreeBSD: the slow start threshold in bytes",
     [](Text& out, const SocketRecord& socket, const JsonContext&) {
         return put_unless_zero(out, socket.freebsd.slow_start);
     }},
    {"retransmitted", "Linux, FreeBSD: segments sent again",
     put_tcp_fact_of_either<&TcpFacts::retransmitted, &FreeBsdFacts::retransmitted>},
    {"out_of_order", "Linux, FreeBSD: segments received out of order",
     put_tcp_fact_of_either<&TcpFacts::out_of_order, &FreeBsdFacts::out_of_order>},
    {"bytes_sent", "Linux, Darwin: bytes of data sent, those sent again included",
     put_tcp_bytes<&TcpFacts::bytes_sent, &DarwinFacts::tx_bytes>},
    {"bytes_acked", "of those acknowledged; the kernel counts the SYN as one",
     put_tcp_fact<&TcpFacts::bytes_acked>},
    {"bytes_received", "Linux, Darwin: bytes of data received",
     put_tcp_bytes<&TcpFacts::bytes_received, &DarwinFacts::rx_bytes>},
    {"bytes_retransmitted", "bytes of data sent again", put_tcp_fact<&TcpFacts::bytes_retransmitted>},
    {"last_sent_ms", "milliseconds since data was sent; absent if none was",
     put_tcp_fact<&TcpFacts::last_sent_ms>},
    {"last_received_ms", "milliseconds since data was received; absent if none was",
     put_tcp_fact<&TcpFacts::last_received_ms>},
};

constexpr Field<BufferFacts> buffer_fields[] = {
    {"high_water", "the most bytes it takes",
     [](Text& out, const BufferFacts& buffer, const JsonContext&) {
         return put_unless_zero(out, buffer.high_water);
     }},
    {"low_water", "the bytes that make it ready",
     [](Text& out, const BufferFacts& buffer, const JsonContext&) {
         return put_unless_zero(out, buffer.low_water);
     }},
    {"mbuf_bytes", "bytes of kernel memory in use",
     [](Text& out, const BufferFacts& buffer, const JsonContext&) {
         return put_unless_zero(out, buffer.mbuf_bytes);
     }},
    {"mbuf_limit", "the most of those",
     [](Text& out, const BufferFacts& buffer, const JsonContext&) {
         return put_unless_zero(out, buffer.mbuf_limit);
     }},
};

/// A member of `facts` under its own name, where it is not 0.
template <class Facts, auto member>
bool put_fact(Text& out, const Facts& facts, const JsonContext& /*look*/) {
    return put_unless_zero(out, facts.*member);
}

template <class Facts, auto member>
bool put_fact_text(Text& out, const Facts& facts, const JsonContext& /*look*/) {
    return put_text(out, facts.*member);
}

template <std::uint64_t DarwinFacts::*member>
bool put_packets(Text& out, const DarwinFacts& facts, const JsonContext& /*look*/) {
    return facts.has_packet_counts && put_integer(out, facts.*member);
}

template <auto member>
constexpr auto darwin_fact = put_fact<DarwinFacts, member>;

constexpr Field<DarwinFacts> darwin_fields[] = {
    {"rx_packets", "packets received", put_packets<&DarwinFacts::rx_packets>},
    {"rx_bytes", "bytes received", put_packets<&DarwinFacts::rx_bytes>},
    {"tx_packets", "packets sent", put_packets<&DarwinFacts::tx_packets>},
    {"tx_bytes", "bytes sent", put_packets<&DarwinFacts::tx_bytes>},
    {"last_pid", "the process that used it last",
     [](Text& out, const DarwinFacts& facts, const JsonContext&) {
         return facts.last_pid && put_integer(out, *facts.last_pid);
     }},
    {"effective_pid", "the process that it acts for", darwin_fact<&DarwinFacts::effective_pid>},
    {"pcb_generation", "inp_gencnt", darwin_fact<&DarwinFacts::pcb_generation>},
    {"socket_generation", "so_gencnt", darwin_fact<&DarwinFacts::socket_generation>},
    {"flags", "so_flags", darwin_fact<&DarwinFacts::flags>},
    {"flags1", "so_flags1", darwin_fact<&DarwinFacts::flags1>},
    {"flags2", "inp_flags2", darwin_fact<&DarwinFacts::flags2>},
    {"flow_hash", "inp_flowhash", darwin_fact<&DarwinFacts::flow_hash>},
    {"filter_flags", "so_filter_flags", darwin_fact<&DarwinFacts::filter_flags>},
    {"use_count", "so_usecount", darwin_fact<&DarwinFacts::use_count>},
    {"retain_count", "so_retaincnt", darwin_fact<&DarwinFacts::retain_count>},
};

template <std::size_t index>
bool put_freebsd_timer(Text& out, const FreeBsdFacts& facts, const JsonContext& /*look*/) {
    return put_unless_zero(out, facts.timers_ms[index]);
}

template <auto member>
constexpr auto freebsd_fact = put_fact<FreeBsdFacts, member>;

constexpr Field<FreeBsdFacts> freebsd_fields[] = {
    {"stack", "the TCP stack", put_fact_text<FreeBsdFacts, &FreeBsdFacts::stack>},
    {"log_id", "the log's id", put_fact_text<FreeBsdFacts, &FreeBsdFacts::log_id>},
    {"tcp_flags", "t_flags", freebsd_fact<&FreeBsdFacts::tcp_flags>},
    {"retransmit_ms", "the retransmission timer", put_freebsd_timer<0>},
    {"persist_ms", "the persist timer", put_freebsd_timer<1>},
    {"keepalive_ms", "the keepalive timer", put_freebsd_timer<2>},
    {"time_wait_ms", "the 2MSL timer", put_freebsd_timer<3>},
    {"delayed_ack_ms", "the delayed acknowledgement timer", put_freebsd_timer<4>},
    {"idle_ms", "time since something was received", put_freebsd_timer<5>},
    {"ecn", "explicit congestion notification", freebsd_fact<&FreeBsdFacts::ecn>},
    {"zero_windows", "zero windows sent", freebsd_fact<&FreeBsdFacts::zero_windows>},
    {"flow_id", "inp_flowid", freebsd_fact<&FreeBsdFacts::flow_id>},
    {"flow_type", "inp_flowtype", freebsd_fact<&FreeBsdFacts::flow_type>},
    {"fib", "the routing table", freebsd_fact<&FreeBsdFacts::fib>},
};

} // namespace

bool put_timer(Text& out, const Timer& timer, const JsonContext& look) {
    return put_object(out, timer_fields, timer, look);
}

bool put_tcp(Text& out, const SocketRecord& socket, const JsonContext& look) {
    return put_object(out, tcp_fields, socket, look);
}

bool put_buffer(Text& out, const BufferFacts& buffer, const JsonContext& look) {
    return put_object(out, buffer_fields, buffer, look);
}

bool put_darwin(Text& out, const DarwinFacts& facts, const JsonContext& look) {
    return put_object(out, darwin_fields, facts, look);
}

bool put_freebsd(Text& out, const FreeBsdFacts& facts, const JsonContext& look) {
    return put_object(out, freebsd_fields, facts, look);
}

void describe_facts(std::vector<JsonField>& all) {
    describe(all, "timer", timer_fields);
    describe(all, "tcp", tcp_fields);
    describe(all, "buffer", buffer_fields);
    describe(all, "darwin", darwin_fields);
    describe(all, "freebsd", freebsd_fields);
}

} // namespace netstat46::json
