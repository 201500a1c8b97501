#include "linux/decode.hpp"

#include "linux/facts.hpp"
#include "linux/netlink.hpp"
#include "linux/own_messages.hpp"
#include "record/address.hpp"

namespace netstat46 {

using namespace linux_wire;

State linux_state(unsigned number) {
    constexpr std::array<State, 14> names{
        State::Unknown,  State::Established, State::SynSent,     State::SynReceived, State::FinWait1,
        State::FinWait2, State::TimeWait,    State::Closed,      State::CloseWait,   State::LastAck,
        State::Listen,   State::Closing,     State::SynReceived, State::Bound};
    return number < names.size() ? names[number] : State::Unknown;
}

Address address_at(const Bytes& bytes, std::size_t at, Family family) {
    Address address{family, {}, 0};
    if (family == Family::Inet6) {
        address.bytes = bytes.octets<16>(at);
    } else {
        const auto four = bytes.octets<4>(at);
        std::copy(four.begin(), four.end(), address.bytes.begin());
    }
    return address;
}

void settle_v6only(SocketRecord& record, std::optional<bool> option) {
    if (record.family != Family::Inet6) {
        record.serves = {true, false};
        return;
    }
    const bool connected =
        record.foreign.port != 0 ||
        (record.state != State::Listen && record.state != State::Closed && record.state != State::Bound);
    if (!connected) record.v6only = !option ? V6Only::Unknown : *option ? V6Only::Yes : V6Only::No;
    if (is_v4_mapped(record.local.address) || is_v4_mapped(record.foreign.address)) {
        record.serves = {true, false};
    } else {
        const bool wildcard = is_unspecified(record.local.address);
        const bool raw = record.protocol == Protocol::Raw;
        record.serves = {wildcard && !connected && !raw && record.v6only != V6Only::Yes, true};
    }
}

void settle(SocketRecord& record, std::uint32_t uid, std::optional<bool> v6only) {
    // Without a descriptor (TIME_WAIT, orphans) a uid of 0 means none: net/ipv4/inet_diag.c,
    // inet_twsk_diag_fill(); half-open connections have none at all: inet_req_diag_fill().
    if (record.state != State::SynReceived && (uid != 0 || record.inode != 0)) record.uid = uid;
    if (record.state == State::Listen) {
        record.backlog =
            Backlog{static_cast<std::uint32_t>(record.recv_q), 0, static_cast<std::uint32_t>(record.send_q)};
        record.send_q = 0;
    }
    settle_v6only(record, v6only);
}

namespace {

Protocol protocol_of(std::string_view interface) {
    const std::string_view name = interface.substr(interface.rfind('.') + 1);
    if (name == "udp") return Protocol::Udp;
    if (name == "udplite") return Protocol::UdpLite;
    if (name == "raw") return Protocol::Raw;
    if (name == "sctp") return Protocol::Sctp;
    return Protocol::Tcp;
}

struct Attributes {
    std::optional<bool> v6only;
    Bytes tcp_info; ///< empty: not known
    std::string_view congestion;
};

Attributes read_attributes(const Bytes& rest) {
    Attributes found;
    for_each_attribute(rest, [&](std::uint16_t type, const Bytes& value) {
        switch (type) {
        case inet_diag_skv6only:
            if (!value.empty()) found.v6only = value.u8(0) != 0;
            break;
        case inet_diag_info:
            found.tcp_info = value;
            break;
        case inet_diag_cong:
            found.congestion = value.c_string();
            break;
        default:
            break;
        }
    });
    return found;
}

/// Of an older kernel's shorter struct what is in it.
template <class Integer>
void load(std::optional<Integer>& fact, const Bytes& info, std::size_t at) {
    if (info.size() < at + sizeof(Integer)) return;
    fact = sizeof(Integer) == sizeof(std::uint64_t) ? static_cast<Integer>(info.u64(at)) : info.u32(at);
}

/// Where 0 means that it was never measured.
void load_measured(std::optional<std::uint32_t>& fact, const Bytes& info, std::size_t at) {
    if (info.u32(at) != 0) fact = info.u32(at);
}

/// Of sockets that are or were connected; for others the kernel gives initial values
/// (net/ipv4/tcp.c, tcp_get_info()).
void read_tcp_info(const Bytes& info, TcpFacts& facts) {
    load_measured(facts.rtt_us, info, tcp_info_rtt);
    if (facts.rtt_us) load(facts.rttvar_us, info, tcp_info_rttvar);
    load_measured(facts.rto_us, info, tcp_info_rto);
    load_measured(facts.snd_mss, info, tcp_info_snd_mss);
    load_measured(facts.rcv_mss, info, tcp_info_rcv_mss);
    load_measured(facts.pmtu, info, tcp_info_pmtu);
    load_measured(facts.cwnd, info, tcp_info_snd_cwnd);
    load_measured(facts.ssthresh, info, tcp_info_snd_ssthresh);
    if (facts.ssthresh.value_or(0) >= tcp_infinite_ssthresh) facts.ssthresh.reset();
    load(facts.retransmitted, info, tcp_info_total_retrans);
    load(facts.out_of_order, info, tcp_info_rcv_ooopack);
    load(facts.bytes_sent, info, tcp_info_bytes_sent);
    load(facts.bytes_acked, info, tcp_info_bytes_acked);
    load(facts.bytes_received, info, tcp_info_bytes_received);
    load(facts.bytes_retransmitted, info, tcp_info_bytes_retrans);
    // Without data these count from the connection's begin, or from the host's.
    if (info.u32(tcp_info_data_segs_out) != 0) load(facts.last_sent_ms, info, tcp_info_last_data_sent);
    if (info.u32(tcp_info_data_segs_in) != 0) load(facts.last_received_ms, info, tcp_info_last_data_recv);
}

void settle_tcp(SocketRecord& record, const Attributes& attributes) {
    const bool connected = record.state != State::Listen && record.state != State::Closed &&
                           record.state != State::Bound && !attributes.tcp_info.empty();
    if (!connected && attributes.congestion.empty()) return;
    TcpFacts& facts = record.own.make<TcpFacts>();
    attributes.congestion.copy(facts.congestion.data(), facts.congestion.size() - 1);
    if (connected) read_tcp_info(attributes.tcp_info, facts);
}

/// idiag_retrans counts retransmits, but probes while a keepalive (2) or probe (4) timer runs
/// (net/ipv4/inet_diag.c).
Timer timer_of(const Bytes& message, const Attributes& attributes) {
    Timer timer;
    timer.kind = message.u8(diag_timer);
    timer.remaining_ms = static_cast<std::int32_t>(message.u32(diag_expires));
    const bool counts_probes = timer.kind == 2 || timer.kind == 4;
    const std::uint32_t count = message.u8(diag_retrans);
    timer.retransmits = counts_probes ? 0 : count;
    timer.probes = counts_probes ? count : 0;
    if (const Bytes& info = attributes.tcp_info; info.size() > tcp_info_probes) {
        timer.retransmits = info.u8(tcp_info_retransmits);
        timer.probes = info.u8(tcp_info_probes);
    }
    return timer;
}

bool read_message(const Bytes& message, Protocol protocol, SocketRecord& record) {
    const std::uint8_t family = message.u8(diag_family);
    if (family != af_inet && family != af_inet6) return false;
    record.clear();
    record.protocol = protocol;
    record.family = family == af_inet6 ? Family::Inet6 : Family::Inet;
    record.native_state = message.u8(diag_state);
    record.state = linux_state(message.u8(diag_state));
    record.local = {address_at(message, diag_src, record.family), message.be16(diag_sport)};
    record.foreign = {address_at(message, diag_dst, record.family), message.be16(diag_dport)};
    // Asked for TCP_BOUND_INACTIVE the kernel answers TCP_CLOSE, its sockets' true state.
    if (protocol == Protocol::Tcp && record.state == State::Closed && record.local.port != 0 &&
        record.foreign.port == 0)
        record.state = State::Bound;
    record.device = message.u32(diag_if);
    record.recv_q = message.u32(diag_rqueue);
    record.send_q = message.u32(diag_wqueue);
    record.inode = message.u32(diag_inode);
    record.owner_key = record.inode;
    if (protocol == Protocol::Raw) record.ip_protocol = static_cast<std::uint8_t>(record.local.port);
    const Attributes attributes = read_attributes(message.sub(diag_size));
    if (protocol == Protocol::Tcp) {
        record.timer = timer_of(message, attributes);
        settle_tcp(record, attributes);
    }
    settle(record, message.u32(diag_uid), attributes.v6only);
    return true;
}

} // namespace

SocketDecoder sock_diag_decoder(const DecodeContext& context) {
    return [messages = DiagMessages(context, diag_size),
            protocol = protocol_of(context.interface)](Bytes& rest, SocketRecord& record) mutable {
        while (const auto message = messages.next(rest)) {
            if (read_message(*message, protocol, record)) return true;
            messages.problem(message->offset(), linux_messages.unknown_family);
        }
        return false;
    };
}

} // namespace netstat46
