#include "linux/decode.hpp"

#include <fmt/format.h>

#include "format/address.hpp"
#include "linux/wire.hpp"

namespace netstat46 {

using namespace linux_wire;

State linux_state(unsigned number) {
    constexpr std::array<State, 14> names{
        State::Unknown,  State::Established, State::SynSent,     State::SynReceived, State::FinWait1,
        State::FinWait2, State::TimeWait,    State::Closed,      State::CloseWait,   State::LastAck,
        State::Listen,   State::Closing,     State::SynReceived, State::Bound};
    return number < names.size() ? names[number] : State::Unknown;
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

namespace {

Protocol protocol_of(std::string_view interface) {
    const std::string_view name = interface.substr(interface.rfind('.') + 1);
    if (name == "udp") return Protocol::Udp;
    if (name == "udplite") return Protocol::UdpLite;
    if (name == "raw") return Protocol::Raw;
    if (name == "sctp") return Protocol::Sctp;
    return Protocol::Tcp;
}

Endpoint endpoint(const Bytes& message, std::size_t address_at, std::size_t port_at, Family family) {
    Endpoint end;
    end.port = message.be16(port_at);
    end.address.family = family;
    if (family == Family::Inet6) {
        end.address.bytes = message.octets<16>(address_at);
    } else {
        const auto four = message.octets<4>(address_at);
        std::copy(four.begin(), four.end(), end.address.bytes.begin());
    }
    return end;
}

struct Attributes {
    std::optional<bool> v6only;
    std::optional<std::uint32_t> retransmits, probes;
};

Attributes read_attributes(Bytes rest) {
    Attributes found;
    while (rest.size() >= attr_header) {
        const std::size_t length = rest.u16(attr_length);
        if (length < attr_header || length > rest.size()) break;
        const Bytes value = rest.sub(attr_header, length - attr_header);
        switch (rest.u16(attr_type) & attr_type_mask) {
        case inet_diag_skv6only:
            if (!value.empty()) found.v6only = value.u8(0) != 0;
            break;
        case inet_diag_info:
            if (value.size() > tcp_info_probes) {
                found.retransmits = value.u8(tcp_info_retransmits);
                found.probes = value.u8(tcp_info_probes);
            }
            break;
        default:
            break;
        }
        rest.skip((length + 3) & ~std::size_t{3});
    }
    return found;
}

/// idiag_retrans counts retransmits, but probes while a keepalive (2) or probe (4) timer runs
/// (net/ipv4/inet_diag.c).
Timer timer_of(const Bytes& message, const Attributes& attributes) {
    Timer timer;
    timer.kind = message.u8(diag_timer);
    timer.remaining_ms = static_cast<std::int32_t>(message.u32(diag_expires));
    const bool counts_probes = timer.kind == 2 || timer.kind == 4;
    const std::uint32_t count = message.u8(diag_retrans);
    timer.retransmits = attributes.retransmits.value_or(counts_probes ? 0 : count);
    timer.probes = attributes.probes.value_or(counts_probes ? count : 0);
    return timer;
}

bool read_message(const Bytes& message, Protocol protocol, SocketRecord& record) {
    const std::uint8_t family = message.u8(diag_family);
    if (family != af_inet && family != af_inet6) return false;
    record = SocketRecord{};
    record.protocol = protocol;
    record.family = family == af_inet6 ? Family::Inet6 : Family::Inet;
    record.native_state = message.u8(diag_state);
    record.state = linux_state(message.u8(diag_state));
    record.local = endpoint(message, diag_src, diag_sport, record.family);
    record.foreign = endpoint(message, diag_dst, diag_dport, record.family);
    // Asked for TCP_BOUND_INACTIVE the kernel answers TCP_CLOSE, its sockets' true state.
    if (protocol == Protocol::Tcp && record.state == State::Closed && record.local.port != 0 &&
        record.foreign.port == 0)
        record.state = State::Bound;
    record.device = message.u32(diag_if);
    record.recv_q = message.u32(diag_rqueue);
    record.send_q = message.u32(diag_wqueue);
    record.inode = message.u32(diag_inode);
    record.owner_key = record.inode;
    // Without a descriptor (TIME_WAIT, orphans) a uid of 0 means none: net/ipv4/inet_diag.c,
    // inet_twsk_diag_fill(); half-open connections have none at all: inet_req_diag_fill().
    const std::uint32_t uid = message.u32(diag_uid);
    if (record.state != State::SynReceived && (uid != 0 || record.inode != 0)) record.uid = uid;
    if (protocol == Protocol::Raw) record.ip_protocol = static_cast<std::uint8_t>(record.local.port);
    const Attributes attributes = read_attributes(message.sub(diag_size));
    if (protocol == Protocol::Tcp) record.timer = timer_of(message, attributes);
    if (record.state == State::Listen) {
        record.backlog =
            Backlog{static_cast<std::uint32_t>(record.recv_q), 0, static_cast<std::uint32_t>(record.send_q)};
        record.send_q = 0;
    }
    settle_v6only(record, attributes.v6only);
    return true;
}

class SockDiag {
public:
    explicit SockDiag(const DecodeContext& context)
        : context_(context), protocol_(protocol_of(context.interface)) {}

    bool operator()(Bytes& rest, SocketRecord& record) {
        while (!rest.empty()) {
            const std::size_t length = rest.u32(nl_length);
            if (rest.size() < nl_header || length < nl_header)
                return damaged(rest, "a message of impossible length");
            if (length > rest.size()) return damaged(rest, "a message cut short");
            const Bytes message = rest.sub(nl_header, length - nl_header);
            const std::uint16_t type = rest.u16(nl_type);
            const std::size_t at = rest.offset();
            rest.skip((length + 3) & ~std::size_t{3});
            switch (type) {
            case nlmsg_done:
            case nlmsg_noop:
                break;
            case sock_diag_by_family:
                if (message.size() < diag_size) {
                    problem(at, "a message too short for a socket");
                } else if (read_message(message, protocol_, record)) {
                    return true;
                } else {
                    problem(at, "a socket of an unknown family");
                }
                break;
            default:
                unknown(at, type);
            }
        }
        return false;
    }

private:
    bool damaged(Bytes& rest, std::string_view what) {
        problem(rest.offset(), what);
        rest.skip(rest.size());
        return false;
    }

    void problem(std::size_t at, std::string_view what) {
        context_.notes->damaged = true;
        context_.problem({fmt::format("{}: {} at offset {}", context_.interface, what, at)});
    }

    void unknown(std::size_t at, unsigned type) {
        if (said_unknown_) return;
        said_unknown_ = true;
        problem(at, fmt::format("an unknown message of type {}", type));
    }

    DecodeContext context_;
    Protocol protocol_;
    bool said_unknown_ = false;
};

} // namespace

SocketDecoder sock_diag_decoder(const DecodeContext& context) { return SockDiag(context); }

} // namespace netstat46
