#include "format/json.hpp"

#include <array>
#include <utility>

#include <fmt/compile.h>

#include "format/address.hpp"
#include "record/select.hpp"

namespace netstat46 {
namespace {

// ---- Objects as data

/// A member of the object that describes a `Subject`. `put` appends its value, or nothing and gives false
/// where it is not known.
template <class Subject>
struct Field {
    std::string_view name, meaning;
    bool (*put)(Text&, const Subject&, const JsonLook&);
};

/// The members that are known, without braces; true if there is one.
template <class Subject, std::size_t count>
bool put_members(Text& out, const Field<Subject> (&fields)[count], const Subject& subject,
                 const JsonLook& look, bool first = true) {
    for (const Field<Subject>& field : fields) {
        const std::size_t before = out.size();
        put(out, first ? "\"" : ",\"");
        put(out, field.name);
        put(out, "\":");
        if (field.put(out, subject, look)) {
            first = false;
        } else {
            out.resize(before);
        }
    }
    return !first;
}

/// False if none of its members is known.
template <class Subject, std::size_t count>
bool put_object(Text& out, const Field<Subject> (&fields)[count], const Subject& subject,
                const JsonLook& look) {
    out.push_back('{');
    const bool any = put_members(out, fields, subject, look);
    out.push_back('}');
    return any;
}

// ---- Values

bool put_text(Text& out, std::string_view text) {
    if (text.empty()) return false;
    put_json_string(out, text);
    return true;
}

template <class Integer>
bool put_integer(Text& out, Integer value) {
    put_number(out, value);
    return true;
}

/// Kernels that do not tell leave 0.
template <class Integer>
bool put_unless_zero(Text& out, Integer value) {
    return value != 0 && put_integer(out, value);
}

bool put_bool(Text& out, bool value) {
    put(out, value ? "true" : "false");
    return true;
}

/// A kernel address: text, since it does not fit the numbers of many readers (53 bits).
bool put_kernel_address(Text& out, std::uint64_t address) {
    if (address == 0) return false;
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("\"0x{:x}\""), address);
    return true;
}

struct BitName {
    std::uint32_t bit;
    std::string_view name;
};

/// The names of the bits that are set.
bool put_bits(Text& out, std::uint32_t bits, std::span<const BitName> names) {
    out.push_back('[');
    bool first = true;
    for (const auto& [bit, name] : names) {
        if ((bits & bit) == 0) continue;
        if (!std::exchange(first, false)) out.push_back(',');
        put_json_string(out, name);
    }
    out.push_back(']');
    return true;
}

/// An interface's name, or its index as text.
bool put_interface(Text& out, std::uint32_t index, const JsonLook& look) {
    if (index == 0) return false;
    const std::string_view name = look.names->interface(index);
    return put_text(out, name.empty() ? std::string_view(fmt::to_string(index)) : name);
}

bool put_user(Text& out, std::optional<std::uint32_t> uid, const JsonLook& look) {
    return uid && put_text(out, look.names->user(*uid));
}

// ---- Endpoints

struct End {
    const Endpoint& endpoint;
    const SocketRecord& socket;
};

std::string_view service_protocol(Protocol protocol) {
    if (protocol == Protocol::Tcp) return "tcp";
    return protocol == Protocol::Sctp ? "sctp" : "udp";
}

constexpr Field<End> endpoint_fields[] = {
    {"address", "the IPv4 or IPv6 address, without scope; 0.0.0.0 and :: are any",
     [](Text& out, const End& end, const JsonLook&) {
         if (end.endpoint.address.family == Family::Unknown) return false;
         out.push_back('"');
         put_address(out, end.endpoint.address);
         out.push_back('"');
         return true;
     }},
    {"port", "the port; 0 is none or any; absent for raw sockets",
     [](Text& out, const End& end, const JsonLook&) {
         return end.socket.protocol != Protocol::Raw && put_integer(out, end.endpoint.port);
     }},
    {"scope", "the interface that a link-local address belongs to",
     [](Text& out, const End& end, const JsonLook& look) {
         return put_interface(out, scope_of(end.endpoint.address, end.socket), look);
     }},
    {"host", "the address's host name; absent with -n",
     [](Text& out, const End& end, const JsonLook& look) {
         const Address& address = end.endpoint.address;
         if (address.family == Family::Unknown || is_unspecified(address)) return false;
         return put_text(out, look.names->host(address));
     }},
    {"service", "the port's service name; absent with -n",
     [](Text& out, const End& end, const JsonLook& look) {
         if (end.socket.protocol == Protocol::Raw || end.endpoint.port == 0) return false;
         return put_text(out, look.names->service(end.endpoint.port, service_protocol(end.socket.protocol)));
     }},
};

bool put_endpoint(Text& out, const Endpoint& endpoint, const SocketRecord& socket, const JsonLook& look) {
    return socket.protocol != Protocol::Unix && put_object(out, endpoint_fields, End{endpoint, socket}, look);
}

// ---- Owners

struct Owner {
    Holder holder;
    const Process* process; ///< null: nobody told
};

constexpr Field<Owner> owner_fields[] = {
    {"pid", "the process id",
     [](Text& out, const Owner& owner, const JsonLook&) { return put_integer(out, owner.holder.pid); }},
    {"fd", "the descriptor; absent where the kernel tells only who used the socket last",
     [](Text& out, const Owner& owner, const JsonLook&) {
         return owner.holder.fd >= 0 && put_integer(out, owner.holder.fd);
     }},
    {"name", "the process's name as the listing shows it",
     [](Text& out, const Owner& owner, const JsonLook&) {
         return owner.process != nullptr && put_text(out, owner.process->name);
     }},
    {"command", "the kernel's own short name of it",
     [](Text& out, const Owner& owner, const JsonLook&) {
         return owner.process != nullptr && put_text(out, owner.process->command);
     }},
    {"uid", "the process's user id",
     [](Text& out, const Owner& owner, const JsonLook&) {
         return owner.process != nullptr && owner.process->uid && put_integer(out, *owner.process->uid);
     }},
    {"user", "that user's name; absent with -n",
     [](Text& out, const Owner& owner, const JsonLook& look) {
         return owner.process != nullptr && put_user(out, owner.process->uid, look);
     }},
    {"context", "the process's SELinux context, if asked for",
     [](Text& out, const Owner& owner, const JsonLook&) {
         return owner.process != nullptr && put_text(out, owner.process->context);
     }},
};

bool put_owners(Text& out, const Row& row, const JsonLook& look) {
    out.push_back('[');
    bool first = true;
    for (const Holder& holder : row.side.holders(row.socket)) {
        if (!std::exchange(first, false)) out.push_back(',');
        put_object(out, owner_fields, Owner{holder, row.side.process(holder.pid)}, look);
    }
    out.push_back(']');
    return true;
}

std::string_view why_no_owner(const Row& row, const HostFacts& host) {
    if (row.socket.owner_key == 0) return "no process holds it";
    if (row.side.owners_withheld || row.side.links_withheld || host.sight == Sight::Own)
        return "not permitted";
    if (!row.side.owners_read && row.side.owners.empty()) return "not told";
    if (host.sight == Sight::Everyone) return "kernel";
    return host.sight == Sight::Namespace ? "other pid namespace" : "not told";
}

// ---- Timers and what TCP tells

/// The kernel's own numbers, idiag_timer (net/ipv4/inet_diag.c).
constexpr std::array<std::string_view, 5> timer_kinds{"off", "on", "keepalive", "timewait", "probe"};

constexpr Field<Timer> timer_fields[] = {
    {"kind", "off, on (retransmission), keepalive, timewait or probe (zero window)",
     [](Text& out, const Timer& timer, const JsonLook&) {
         return timer.kind < timer_kinds.size() && put_text(out, timer_kinds[timer.kind]);
     }},
    {"remaining_ms", "milliseconds left; absent if off",
     [](Text& out, const Timer& timer, const JsonLook&) {
         return timer.kind != 0 && put_integer(out, timer.remaining_ms);
     }},
    {"retransmits", "unanswered retransmissions",
     [](Text& out, const Timer& timer, const JsonLook&) { return put_integer(out, timer.retransmits); }},
    {"probes", "unanswered probes",
     [](Text& out, const Timer& timer, const JsonLook&) { return put_integer(out, timer.probes); }},
};

constexpr Field<BufferFacts> buffer_fields[] = {
    {"high_water", "the most bytes it takes",
     [](Text& out, const BufferFacts& buffer, const JsonLook&) {
         return put_unless_zero(out, buffer.high_water);
     }},
    {"low_water", "the bytes that make it ready",
     [](Text& out, const BufferFacts& buffer, const JsonLook&) {
         return put_unless_zero(out, buffer.low_water);
     }},
    {"mbuf_bytes", "bytes of kernel memory in use",
     [](Text& out, const BufferFacts& buffer, const JsonLook&) {
         return put_unless_zero(out, buffer.mbuf_bytes);
     }},
    {"mbuf_limit", "the most of those",
     [](Text& out, const BufferFacts& buffer, const JsonLook&) {
         return put_unless_zero(out, buffer.mbuf_limit);
     }},
};

/// A member of `facts` under its own name, where it is not 0.
template <class Facts, auto member>
bool put_fact(Text& out, const Facts& facts, const JsonLook& /*look*/) {
    return put_unless_zero(out, facts.*member);
}

template <class Facts, auto member>
bool put_fact_text(Text& out, const Facts& facts, const JsonLook& /*look*/) {
    return put_text(out, facts.*member);
}

template <std::uint64_t DarwinFacts::*member>
bool put_packets(Text& out, const DarwinFacts& facts, const JsonLook& /*look*/) {
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
     [](Text& out, const DarwinFacts& facts, const JsonLook&) {
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
bool put_freebsd_timer(Text& out, const FreeBsdFacts& facts, const JsonLook& /*look*/) {
    return put_unless_zero(out, facts.timers_ms[index]);
}

template <auto member>
constexpr auto freebsd_fact = put_fact<FreeBsdFacts, member>;

constexpr Field<FreeBsdFacts> freebsd_fields[] = {
    {"stack", "the TCP stack", put_fact_text<FreeBsdFacts, &FreeBsdFacts::stack>},
    {"congestion", "the congestion control", put_fact_text<FreeBsdFacts, &FreeBsdFacts::congestion>},
    {"log_id", "the log's id", put_fact_text<FreeBsdFacts, &FreeBsdFacts::log_id>},
    {"tcp_flags", "t_flags", freebsd_fact<&FreeBsdFacts::tcp_flags>},
    {"retransmit_ms", "the retransmission timer", put_freebsd_timer<0>},
    {"persist_ms", "the persist timer", put_freebsd_timer<1>},
    {"keepalive_ms", "the keepalive timer", put_freebsd_timer<2>},
    {"time_wait_ms", "the 2MSL timer", put_freebsd_timer<3>},
    {"delayed_ack_ms", "the delayed acknowledgement timer", put_freebsd_timer<4>},
    {"idle_ms", "time since something was received", put_freebsd_timer<5>},
    {"send_window", "the congestion window", freebsd_fact<&FreeBsdFacts::send_window>},
    {"slow_start", "the slow start threshold", freebsd_fact<&FreeBsdFacts::slow_start>},
    {"segment", "the maximum segment size", freebsd_fact<&FreeBsdFacts::segment>},
    {"ecn", "explicit congestion notification", freebsd_fact<&FreeBsdFacts::ecn>},
    {"retransmitted", "segments sent again", freebsd_fact<&FreeBsdFacts::retransmitted>},
    {"out_of_order", "segments received out of order", freebsd_fact<&FreeBsdFacts::out_of_order>},
    {"zero_windows", "zero windows sent", freebsd_fact<&FreeBsdFacts::zero_windows>},
    {"flow_id", "inp_flowid", freebsd_fact<&FreeBsdFacts::flow_id>},
    {"flow_type", "inp_flowtype", freebsd_fact<&FreeBsdFacts::flow_type>},
    {"fib", "the routing table", freebsd_fact<&FreeBsdFacts::fib>},
};

// ---- Sockets

std::string_view protocol_word(Protocol protocol) {
    switch (protocol) {
    case Protocol::Tcp:
        return "tcp";
    case Protocol::Udp:
        return "udp";
    case Protocol::UdpLite:
        return "udplite";
    case Protocol::Raw:
        return "raw";
    case Protocol::Sctp:
        return "sctp";
    case Protocol::Unix:
        return "unix";
    case Protocol::Multipath:
        return "mptcp";
    case Protocol::KernelControl:
        return "kctl";
    }
    return {};
}

std::string_view family_word(Family family) {
    switch (family) {
    case Family::Inet:
        return "ipv4";
    case Family::Inet6:
        return "ipv6";
    case Family::Local:
        return "unix";
    case Family::Unknown:
        break;
    }
    return {};
}

bool is_unix(const Row& row) { return row.socket.protocol == Protocol::Unix; }

/// /proc/net/unix has no queues.
bool has_queues(const Row& row, const JsonLook& look) { return !is_unix(row) || look.host->os != Os::Linux; }

bool put_serves(Text& out, const Serves& serves) {
    if (!serves.ipv4 && !serves.ipv6) return false;
    put(out, !serves.ipv6 ? "[\"ipv4\"]" : !serves.ipv4 ? "[\"ipv6\"]" : "[\"ipv4\",\"ipv6\"]");
    return true;
}

bool put_v6only_unknown(Text& out, const SocketRecord& socket) {
    if (socket.protocol == Protocol::Unix || socket.v6only == V6Only::Yes || socket.v6only == V6Only::No)
        return false;
    if (socket.v6only == V6Only::Unknown) return put_text(out, "not told");
    return put_text(out, socket.family == Family::Inet6 ? "connected" : "not an IPv6 socket");
}

constexpr std::array<std::string_view, 6> unix_types{"", "stream", "dgram", "raw", "rdm", "seqpacket"};

// include/linux/net.h: __SO_ACCEPTCON; net/unix/af_unix.c prints no other, net-tools knows these.
constexpr BitName unix_flags[] = {{1U << 16, "accepting"}, {1U << 17, "wait_data"}, {1U << 18, "no_space"}};

// sys/socket.h of Darwin and FreeBSD.
constexpr BitName so_options[] = {
    {0x1, "debug"},       {0x2, "acceptconn"},  {0x4, "reuseaddr"},    {0x8, "keepalive"},
    {0x10, "dontroute"},  {0x20, "broadcast"},  {0x40, "useloopback"}, {0x80, "linger"},
    {0x100, "oobinline"}, {0x200, "reuseport"},
};

template <auto member>
bool put_bsd_number(Text& out, const Row& row, const JsonLook& look) {
    return look.host->os != Os::Linux && put_unless_zero(out, row.socket.*member);
}

constexpr Field<Row> socket_fields[] = {
    {"protocol", "tcp, udp, udplite, raw, sctp or unix",
     [](Text& out, const Row& row, const JsonLook&) {
         return put_text(out, protocol_word(row.socket.protocol));
     }},
    {"family", "ipv4, ipv6 or unix: the socket's own",
     [](Text& out, const Row& row, const JsonLook&) {
         return put_text(out, family_word(row.socket.family));
     }},
    {"ip_protocol", "raw sockets: the IP protocol's number",
     [](Text& out, const Row& row, const JsonLook&) {
         return row.socket.protocol == Protocol::Raw && put_integer(out, row.socket.ip_protocol);
     }},
    {"ip_protocol_name", "and its name; absent with -n",
     [](Text& out, const Row& row, const JsonLook& look) {
         return row.socket.protocol == Protocol::Raw &&
                put_text(out, look.names->ip_protocol(row.socket.ip_protocol));
     }},
    {"local", "this end",
     [](Text& out, const Row& row, const JsonLook& look) {
         return put_endpoint(out, row.socket.local, row.socket, look);
     }},
    {"foreign", "the other end",
     [](Text& out, const Row& row, const JsonLook& look) {
         return put_endpoint(out, row.socket.foreign, row.socket, look);
     }},
    {"state",
     "closed, bound, listen, syn_sent, syn_received, established, close_wait, fin_wait_1, closing, last_ack, "
     "fin_wait_2 or time_wait; not TCP: unconnected, listen, connecting, established or disconnecting",
     [](Text& out, const Row& row, const JsonLook&) { return put_text(out, state_word(row.socket)); }},
    {"state_number", "the kernel's own, for a TCP state that has no name",
     [](Text& out, const Row& row, const JsonLook&) {
         return row.socket.protocol == Protocol::Tcp && row.socket.state == State::Unknown &&
                put_integer(out, row.socket.native_state);
     }},
    {"recv_q", "as netstat's Recv-Q: bytes; of a Linux listener the connections ready for accept",
     [](Text& out, const Row& row, const JsonLook& look) {
         return has_queues(row, look) && put_integer(out, row.socket.recv_q);
     }},
    {"send_q", "as netstat's Send-Q: bytes",
     [](Text& out, const Row& row, const JsonLook& look) {
         return has_queues(row, look) && put_integer(out, row.socket.send_q);
     }},
    {"backlog", "listeners: connections ready for accept",
     [](Text& out, const Row& row, const JsonLook&) {
         return row.socket.backlog && put_integer(out, row.socket.backlog->waiting);
     }},
    {"backlog_incomplete", "listeners of Darwin and FreeBSD: handshakes under way",
     [](Text& out, const Row& row, const JsonLook& look) {
         return row.socket.backlog && look.host->os != Os::Linux &&
                put_integer(out, row.socket.backlog->incomplete);
     }},
    {"backlog_max", "listeners: how many may be ready",
     [](Text& out, const Row& row, const JsonLook&) {
         return row.socket.backlog && put_integer(out, row.socket.backlog->limit);
     }},
    {"v6only", "the option IPV6_V6ONLY: true or false",
     [](Text& out, const Row& row, const JsonLook&) {
         const V6Only option = row.socket.v6only;
         return (option == V6Only::Yes || option == V6Only::No) && put_bool(out, option == V6Only::Yes);
     }},
    {"v6only_unknown", "why v6only is absent: not an IPv6 socket, connected, not told",
     [](Text& out, const Row& row, const JsonLook&) { return put_v6only_unknown(out, row.socket); }},
    {"serves", "the families that it really receives: ipv4, ipv6 or both",
     [](Text& out, const Row& row, const JsonLook&) {
         return !is_unix(row) && put_serves(out, row.socket.serves);
     }},
    {"uid", "the socket's user id",
     [](Text& out, const Row& row, const JsonLook&) {
         return row.socket.uid && put_integer(out, *row.socket.uid);
     }},
    {"user", "that user's name; absent with -n",
     [](Text& out, const Row& row, const JsonLook& look) { return put_user(out, row.socket.uid, look); }},
    {"inode", "Linux: the socket's inode; absent if no descriptor ever stood for it",
     [](Text& out, const Row& row, const JsonLook&) { return put_unless_zero(out, row.socket.inode); }},
    {"pcb", "Darwin, FreeBSD: the protocol control block's address, in hex",
     [](Text& out, const Row& row, const JsonLook&) { return put_kernel_address(out, row.socket.pcb); }},
    {"tcb", "and the TCP one's",
     [](Text& out, const Row& row, const JsonLook&) {
         return row.socket.protocol == Protocol::Tcp && put_kernel_address(out, row.socket.tcb);
     }},
    {"device", "the interface that it is bound to",
     [](Text& out, const Row& row, const JsonLook& look) {
         return put_interface(out, row.socket.device, look);
     }},
    {"owners", "every holder", put_owners},
    {"owner_unknown",
     "why there is none: not permitted, no process holds it, kernel, other pid namespace, not told",
     [](Text& out, const Row& row, const JsonLook& look) {
         return row.side.holders(row.socket).empty() && put_text(out, why_no_owner(row, *look.host));
     }},
    {"timer", "Linux TCP: the timer that runs",
     [](Text& out, const Row& row, const JsonLook& look) {
         return row.socket.timer && put_object(out, timer_fields, *row.socket.timer, look);
     }},
    {"options", "Darwin, FreeBSD: socket options that are set (reuseaddr, reuseport, ...)",
     [](Text& out, const Row& row, const JsonLook&) {
         return row.socket.options && put_bits(out, *row.socket.options, so_options);
     }},
    {"socket_state", "Darwin, FreeBSD: so_state", put_bsd_number<&SocketRecord::socket_state>},
    {"pcb_flags", "Darwin, FreeBSD: inp_flags", put_bsd_number<&SocketRecord::pcb_flags>},
    {"vflag", "Darwin, FreeBSD: inp_vflag", put_bsd_number<&SocketRecord::vflag>},
    {"receive_buffer", "Darwin, FreeBSD: what is received and not read",
     [](Text& out, const Row& row, const JsonLook& look) {
         return put_object(out, buffer_fields, row.socket.receive, look);
     }},
    {"send_buffer", "Darwin, FreeBSD: what is written and not sent",
     [](Text& out, const Row& row, const JsonLook& look) {
         return put_object(out, buffer_fields, row.socket.send, look);
     }},
    {"darwin", "what only Darwin tells; numbers that are 0 are left out",
     [](Text& out, const Row& row, const JsonLook& look) {
         return look.host->os == Os::Darwin && put_object(out, darwin_fields, row.socket.darwin, look);
     }},
    {"freebsd", "what only FreeBSD tells; numbers that are 0 are left out",
     [](Text& out, const Row& row, const JsonLook& look) {
         return look.host->os == Os::FreeBSD && put_object(out, freebsd_fields, row.socket.freebsd, look);
     }},
    {"type", "unix: stream, dgram, raw, rdm or seqpacket",
     [](Text& out, const Row& row, const JsonLook&) {
         const std::uint16_t type = row.socket.unix_.type;
         return is_unix(row) && type < unix_types.size() && put_text(out, unix_types[type]);
     }},
    {"flags", "unix on Linux: accepting, wait_data, no_space",
     [](Text& out, const Row& row, const JsonLook& look) {
         return is_unix(row) && look.host->os == Os::Linux &&
                put_bits(out, row.socket.unix_.flags, unix_flags);
     }},
    {"refs", "unix on Linux: the reference count",
     [](Text& out, const Row& row, const JsonLook& look) {
         return is_unix(row) && look.host->os == Os::Linux && put_integer(out, row.socket.unix_.refs);
     }},
    {"path", "unix: where it is bound; an abstract name begins with @",
     [](Text& out, const Row& row, const JsonLook&) { return put_text(out, row.socket.unix_.path); }},
    {"path_abstract", "unix on Linux: true if the path is an abstract name",
     [](Text& out, const Row& row, const JsonLook& look) {
         const std::string_view path = row.socket.unix_.path;
         return look.host->os == Os::Linux && !path.empty() && put_bool(out, path.front() == '@');
     }},
    {"peer", "unix: the connected socket's control block",
     [](Text& out, const Row& row, const JsonLook&) {
         return put_kernel_address(out, row.socket.unix_.peer);
     }},
    {"peer_path", "unix: where that is bound",
     [](Text& out, const Row& row, const JsonLook&) { return put_text(out, row.socket.unix_.peer_path); }},
    {"vnode", "unix on Darwin, FreeBSD: the file's",
     [](Text& out, const Row& row, const JsonLook&) {
         return put_kernel_address(out, row.socket.unix_.vnode);
     }},
    {"first_referrer", "unix on Darwin, FreeBSD: the first socket that is connected to it",
     [](Text& out, const Row& row, const JsonLook& look) {
         return look.host->os != Os::Linux && put_kernel_address(out, row.socket.unix_.refs);
     }},
    {"next_referrer", "unix on Darwin, FreeBSD: the next one connected to the same",
     [](Text& out, const Row& row, const JsonLook&) {
         return put_kernel_address(out, row.socket.unix_.next_ref);
     }},
    {"past_damage", "true: read from behind damage in the kernel's answer",
     [](Text& out, const Row& row, const JsonLook&) {
         return row.socket.past_damage && put_bool(out, true);
     }},
};

// ---- The document

constexpr int format_version = 1;

struct Head {};

std::string_view os_word(Os os) { return dialect_of(os).name; }

constexpr Field<Head> head_fields[] = {
    {"version", "of this format: 1; it grows by members and changes its number if one changes its meaning",
     [](Text& out, const Head&, const JsonLook&) { return put_integer(out, format_version); }},
    {"os", "linux, darwin or freebsd: whose sockets they are",
     [](Text& out, const Head&, const JsonLook& look) { return put_text(out, os_word(look.host->os)); }},
    {"release", "that kernel's release",
     [](Text& out, const Head&, const JsonLook& look) { return put_text(out, look.host->release); }},
    {"hostname", "that host's name",
     [](Text& out, const Head&, const JsonLook& look) { return put_text(out, look.host->hostname); }},
    {"time", "when the kernel was asked (RFC 3339)",
     [](Text& out, const Head&, const JsonLook& look) { return put_text(out, look.host->time); }},
};

constexpr JsonField tail_fields[] = {
    {"document", "sockets", "a line each, in the kernel's order"},
    {"document", "problems", "what standard error was told: damage, refusals, tables that changed meanwhile"},
};

template <class Subject, std::size_t count>
void describe(std::vector<JsonField>& all, std::string_view object, const Field<Subject> (&fields)[count]) {
    for (const Field<Subject>& field : fields) all.push_back({object, field.name, field.meaning});
}

} // namespace

std::vector<JsonField> json_fields() {
    std::vector<JsonField> all;
    describe(all, "document", head_fields);
    all.insert(all.end(), std::begin(tail_fields), std::end(tail_fields));
    describe(all, "socket", socket_fields);
    describe(all, "endpoint", endpoint_fields);
    describe(all, "owner", owner_fields);
    describe(all, "timer", timer_fields);
    describe(all, "buffer", buffer_fields);
    describe(all, "darwin", darwin_fields);
    describe(all, "freebsd", freebsd_fields);
    return all;
}

void put_json_string(Text& out, std::string_view text) {
    const auto escaped = [&](unsigned code) {
        fmt::format_to(std::back_inserter(out), FMT_COMPILE("\\u{:04x}"), code);
    };
    out.push_back('"');
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const auto lead = static_cast<std::uint8_t>(text[0]);
        const std::size_t taken = length == 0 ? 1 : length;
        if (length == 0) {
            put(out, "\xef\xbf\xbd");
        } else if (lead < 0x20 || lead == 0x7f) {
            escaped(lead);
        } else if (length == 2 && lead == 0xc2 && static_cast<std::uint8_t>(text[1]) < 0xa0) {
            escaped(static_cast<std::uint8_t>(text[1]));
        } else {
            if (lead == '"' || lead == '\\') out.push_back('\\');
            put(out, text.substr(0, taken));
        }
        text.remove_prefix(taken);
    }
    out.push_back('"');
}

void put_json_head(Text& out, const HostFacts& host) {
    out.push_back('{');
    put_members(out, head_fields, Head{}, {&host, nullptr});
    put(out, ",\"sockets\":[");
}

void put_json_socket(Text& out, const Row& row, const JsonLook& look) {
    put_object(out, socket_fields, row, look);
}

void put_json_tail(Text& out, std::span<const std::string> problems) {
    put(out, "\n],\"problems\":[");
    bool first = true;
    for (const std::string& problem : problems) {
        put(out, std::exchange(first, false) ? "\n" : ",\n");
        put_json_string(out, problem);
    }
    put(out, first ? "]}\n" : "\n]}\n");
}

} // namespace netstat46
