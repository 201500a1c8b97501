// What a socket is, as data.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/compile.h>

#include "format/json_object.hpp"
#include "record/address.hpp"
#include "record/no_owner.hpp"
#include "record/select.hpp"
#include "system.hpp"

namespace netstat46 {
namespace json {
namespace {

/// Linux: sockets have inodes, and no kernel addresses.
bool has_inodes(const JsonContext& look) { return look.host->system->owner_keys == OwnerKeys::Inodes; }

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
bool put_interface(Text& out, std::uint32_t index, const JsonContext& look) {
    if (index == 0) return false;
    const std::string_view name = look.names->interface(index);
    return put_text(out, name.empty() ? std::string_view(fmt::to_string(index)) : name);
}

bool put_user(Text& out, std::optional<std::uint32_t> uid, const JsonContext& look) {
    return uid && put_text(out, look.names->user(*uid));
}

// ---- Endpoints

struct End {
    const Endpoint& endpoint;
    const SocketRecord& socket;
};

constexpr Field<End> endpoint_fields[] = {
    {"address", "the IPv4 or IPv6 address, without scope; 0.0.0.0 and :: are any",
     [](Text& out, const End& end, const JsonContext&) {
         if (end.endpoint.address.family == Family::Unknown) return false;
         out.push_back('"');
         put_address(out, end.endpoint.address);
         out.push_back('"');
         return true;
     }},
    {"port", "the port; 0 is none or any; absent for raw sockets",
     [](Text& out, const End& end, const JsonContext&) {
         return end.socket.protocol != Protocol::Raw && put_integer(out, end.endpoint.port);
     }},
    {"scope", "the interface that a link-local address belongs to",
     [](Text& out, const End& end, const JsonContext& look) {
         return put_interface(out, scope_of(end.endpoint.address, end.socket), look);
     }},
    {"host", "the address's host name; absent with -n",
     [](Text& out, const End& end, const JsonContext& look) {
         const Address& address = end.endpoint.address;
         if (address.family == Family::Unknown || is_unspecified(address)) return false;
         return put_text(out, look.names->host(address));
     }},
    {"service", "the port's service name; absent with -n",
     [](Text& out, const End& end, const JsonContext& look) {
         if (end.socket.protocol == Protocol::Raw || end.endpoint.port == 0) return false;
         return put_text(out, look.names->service(end.endpoint.port, service_protocol(end.socket.protocol)));
     }},
};

bool put_endpoint(Text& out, const Endpoint& endpoint, const SocketRecord& socket, const JsonContext& look) {
    return socket.protocol != Protocol::Unix && put_object(out, endpoint_fields, End{endpoint, socket}, look);
}

// ---- Owners

struct OwnerRow {
    Owner owner;
    const Process* process; ///< null: nobody told
};

constexpr Field<OwnerRow> owner_fields[] = {
    {"pid", "the process id",
     [](Text& out, const OwnerRow& owner, const JsonContext&) { return put_integer(out, owner.owner.pid); }},
    {"fd", "the descriptor; absent where the kernel tells only who used the socket last",
     [](Text& out, const OwnerRow& owner, const JsonContext&) {
         return owner.owner.fd >= 0 && put_integer(out, owner.owner.fd);
     }},
    {"name", "the process's name as the listing shows it",
     [](Text& out, const OwnerRow& owner, const JsonContext&) {
         return owner.process != nullptr && put_text(out, owner.process->name);
     }},
    {"command", "the kernel's own short name of it",
     [](Text& out, const OwnerRow& owner, const JsonContext&) {
         return owner.process != nullptr && put_text(out, owner.process->command);
     }},
    {"uid", "the process's user id",
     [](Text& out, const OwnerRow& owner, const JsonContext&) {
         return owner.process != nullptr && owner.process->uid && put_integer(out, *owner.process->uid);
     }},
    {"user", "that user's name; absent with -n",
     [](Text& out, const OwnerRow& owner, const JsonContext& look) {
         return owner.process != nullptr && put_user(out, owner.process->uid, look);
     }},
    {"context", "the process's SELinux context, if asked for",
     [](Text& out, const OwnerRow& owner, const JsonContext&) {
         return owner.process != nullptr && put_text(out, owner.process->context);
     }},
};

bool put_owners(Text& out, std::span<const Owner> owners, const HostTables& tables, const JsonContext& look) {
    out.push_back('[');
    bool first = true;
    for (const Owner& owner : owners) {
        if (!std::exchange(first, false)) out.push_back(',');
        put_object(out, owner_fields, OwnerRow{owner, tables.process(owner.pid)}, look);
    }
    out.push_back(']');
    return true;
}

bool put_owners(Text& out, const Row& row, const JsonContext& look) {
    return put_owners(out, row.tables.owners_of(row.socket), row.tables, look);
}

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
    case Protocol::Other:
        break;
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

bool is_abstract(const UnixFacts& facts) {
    return facts.path.starts_with('\0') || (facts.path.starts_with('@') && !facts.path_is_file);
}

/// The NULs of an abstract name as `@`.
bool put_path(Text& out, std::string_view path) {
    if (!path.starts_with('\0')) return put_text(out, path);
    std::string shown(path);
    std::replace(shown.begin(), shown.end(), '\0', '@');
    return put_text(out, shown);
}

/// /proc/net/unix has no queues.
bool has_queues(const Row& row, const JsonContext& look) {
    return !is_unix(row) || !has_inodes(look) || row.socket.unix_.has_queues;
}

constexpr Field<Row> peer_fields[] = {
    {"inode", "Linux: that socket's",
     [](Text& out, const Row& row, const JsonContext& look) {
         return has_inodes(look) && put_unless_zero(out, row.socket.unix_.peer);
     }},
    {"pcb", "Darwin, FreeBSD: its control block",
     [](Text& out, const Row& row, const JsonContext& look) {
         return !has_inodes(look) && put_kernel_address(out, row.socket.unix_.peer);
     }},
    {"path", "where it is bound",
     [](Text& out, const Row& row, const JsonContext&) { return put_text(out, row.socket.unix_.peer_path); }},
    {"owners", "Linux: who holds it, as of the socket itself; absent if that is not known",
     [](Text& out, const Row& row, const JsonContext& look) {
         if (!has_inodes(look) || row.socket.unix_.peer == 0) return false;
         const std::vector<Owner> owners = row.tables.owners.all(row.socket.unix_.peer);
         return !owners.empty() && put_owners(out, owners, row.tables, look);
     }},
};

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

constexpr BitName unix_flags[] = {
    {unix_accepting, "accepting"}, {unix_wait_data, "wait_data"}, {unix_no_space, "no_space"}};

// sys/socket.h of Darwin and FreeBSD.
constexpr BitName so_options[] = {
    {0x1, "debug"},       {0x2, "acceptconn"},  {0x4, "reuseaddr"},    {0x8, "keepalive"},
    {0x10, "dontroute"},  {0x20, "broadcast"},  {0x40, "useloopback"}, {0x80, "linger"},
    {0x100, "oobinline"}, {0x200, "reuseport"},
};

template <auto member>
bool put_bsd_number(Text& out, const Row& row, const JsonContext& look) {
    return !has_inodes(look) && put_unless_zero(out, row.socket.*member);
}

constexpr Field<Row> socket_fields[] = {
    {"protocol", "tcp, udp, udplite, raw, sctp or unix",
     [](Text& out, const Row& row, const JsonContext&) {
         return put_text(out, protocol_word(row.socket.protocol));
     }},
    {"family", "ipv4, ipv6 or unix: the socket's own",
     [](Text& out, const Row& row, const JsonContext&) {
         return put_text(out, family_word(row.socket.family));
     }},
    {"ip_protocol", "raw sockets: the IP protocol's number",
     [](Text& out, const Row& row, const JsonContext&) {
         return row.socket.protocol == Protocol::Raw && put_integer(out, row.socket.ip_protocol);
     }},
    {"ip_protocol_name", "and its name; absent with -n",
     [](Text& out, const Row& row, const JsonContext& look) {
         return row.socket.protocol == Protocol::Raw &&
                put_text(out, look.names->ip_protocol(row.socket.ip_protocol));
     }},
    {"local", "this end",
     [](Text& out, const Row& row, const JsonContext& look) {
         return put_endpoint(out, row.socket.local, row.socket, look);
     }},
    {"foreign", "the other end",
     [](Text& out, const Row& row, const JsonContext& look) {
         return put_endpoint(out, row.socket.foreign, row.socket, look);
     }},
    {"state",
     "closed, bound, listen, syn_sent, syn_received, established, close_wait, fin_wait_1, closing, last_ack, "
     "fin_wait_2 or time_wait; not TCP: unconnected, listen, connecting, established or disconnecting",
     [](Text& out, const Row& row, const JsonContext&) { return put_text(out, state_word(row.socket)); }},
    {"state_number", "the kernel's own, for a TCP state that has no name",
     [](Text& out, const Row& row, const JsonContext&) {
         return row.socket.protocol == Protocol::Tcp && row.socket.state == State::Unknown &&
                put_integer(out, row.socket.native_state);
     }},
    {"recv_q", "as netstat's Recv-Q: bytes; of a Linux listener the connections ready for accept",
     [](Text& out, const Row& row, const JsonContext& look) {
         return has_queues(row, look) && put_integer(out, row.socket.recv_q);
     }},
    {"send_q", "as netstat's Send-Q: bytes; of a unix socket on Linux the memory that they take",
     [](Text& out, const Row& row, const JsonContext& look) {
         return has_queues(row, look) && put_integer(out, row.socket.send_q);
     }},
    {"backlog", "listeners: connections ready for accept",
     [](Text& out, const Row& row, const JsonContext&) {
         return row.socket.backlog && put_integer(out, row.socket.backlog->waiting);
     }},
    {"backlog_incomplete", "listeners of Darwin and FreeBSD: handshakes under way",
     [](Text& out, const Row& row, const JsonContext& look) {
         return row.socket.backlog && !has_inodes(look) && put_integer(out, row.socket.backlog->incomplete);
     }},
    {"backlog_max", "listeners: how many may be ready",
     [](Text& out, const Row& row, const JsonContext&) {
         return row.socket.backlog && put_integer(out, row.socket.backlog->limit);
     }},
    {"v6only", "the option IPV6_V6ONLY: true or false",
     [](Text& out, const Row& row, const JsonContext&) {
         const V6Only option = row.socket.v6only;
         return (option == V6Only::Yes || option == V6Only::No) && put_bool(out, option == V6Only::Yes);
     }},
    {"v6only_unknown", "why v6only is absent: not an IPv6 socket, connected, not told",
     [](Text& out, const Row& row, const JsonContext&) { return put_v6only_unknown(out, row.socket); }},
    {"serves", "the families that it really receives: ipv4, ipv6 or both",
     [](Text& out, const Row& row, const JsonContext&) {
         return !is_unix(row) && put_serves(out, row.socket.serves);
     }},
    {"uid", "the socket's user id",
     [](Text& out, const Row& row, const JsonContext&) {
         return row.socket.uid && put_integer(out, *row.socket.uid);
     }},
    {"user", "that user's name; absent with -n",
     [](Text& out, const Row& row, const JsonContext& look) { return put_user(out, row.socket.uid, look); }},
    {"inode", "Linux: the socket's inode; absent if no descriptor stands for it",
     [](Text& out, const Row& row, const JsonContext&) { return put_unless_zero(out, row.socket.inode); }},
    {"pcb", "Darwin, FreeBSD: the protocol control block's address, in hex",
     [](Text& out, const Row& row, const JsonContext&) { return put_kernel_address(out, row.socket.pcb); }},
    {"tcb", "and the TCP one's",
     [](Text& out, const Row& row, const JsonContext&) {
         return row.socket.protocol == Protocol::Tcp && put_kernel_address(out, row.socket.tcb);
     }},
    {"device", "the interface that it is bound to",
     [](Text& out, const Row& row, const JsonContext& look) {
         return put_interface(out, row.socket.device, look);
     }},
    {"owners", "every holder", put_owners},
    {"owner_unknown",
     "why there is none: closing, not accepted, orphan, kernel, addresses withheld, not permitted, not read, "
     "other pid namespace, in doubt, no process holds it, not told",
     [](Text& out, const Row& row, const JsonContext& look) {
         return row.tables.owners_of(row.socket).empty() &&
                put_text(out, words_of(why_no_owner(row.socket, row.tables, *look.host)).word);
     }},
    {"timer", "Linux TCP: the timer that runs",
     [](Text& out, const Row& row, const JsonContext& look) {
         return row.socket.timer && put_timer(out, *row.socket.timer, look);
     }},
    {"tcp", "TCP: what the kernel tells of the connection; members of no system named are Linux's",
     [](Text& out, const Row& row, const JsonContext& look) {
         return row.socket.protocol == Protocol::Tcp && put_tcp(out, row.socket, look);
     }},
    {"options", "Darwin, FreeBSD: socket options that are set (reuseaddr, reuseport, ...)",
     [](Text& out, const Row& row, const JsonContext&) {
         return row.socket.options && put_bits(out, *row.socket.options, so_options);
     }},
    {"socket_state", "Darwin, FreeBSD: so_state", put_bsd_number<&SocketRecord::socket_state>},
    {"pcb_flags", "Darwin, FreeBSD: inp_flags", put_bsd_number<&SocketRecord::pcb_flags>},
    {"vflag", "Darwin, FreeBSD: inp_vflag", put_bsd_number<&SocketRecord::vflag>},
    {"receive_buffer", "Darwin, FreeBSD: what is received and not read",
     [](Text& out, const Row& row, const JsonContext& look) {
         return put_buffer(out, row.socket.receive, look);
     }},
    {"send_buffer", "Darwin, FreeBSD: what is written and not sent",
     [](Text& out, const Row& row, const JsonContext& look) {
         return put_buffer(out, row.socket.send, look);
     }},
    {"darwin", "what only Darwin tells; numbers that are 0 are left out",
     [](Text& out, const Row& row, const JsonContext& look) {
         return !has_inodes(look) && put_darwin(out, row.socket.darwin, look);
     }},
    {"freebsd", "what only FreeBSD tells; numbers that are 0 are left out",
     [](Text& out, const Row& row, const JsonContext& look) {
         return !has_inodes(look) && put_freebsd(out, row.socket.freebsd, look);
     }},
    {"type", "unix: stream, dgram, raw, rdm or seqpacket",
     [](Text& out, const Row& row, const JsonContext&) {
         const std::uint16_t type = row.socket.unix_.type;
         return is_unix(row) && type < socket_types.size() && put_text(out, socket_types[type]);
     }},
    {"flags", "unix on Linux: accepting, wait_data, no_space",
     [](Text& out, const Row& row, const JsonContext& look) {
         return is_unix(row) && has_inodes(look) && put_bits(out, row.socket.unix_.flags, unix_flags);
     }},
    {"refs", "unix on Linux: the reference count; absent if /proc/net/unix does not tell",
     [](Text& out, const Row& row, const JsonContext& look) {
         return is_unix(row) && has_inodes(look) && !row.socket.unix_.refs_supposed &&
                put_integer(out, row.socket.unix_.refs);
     }},
    {"path", "unix: where it is bound; an abstract name begins with @",
     [](Text& out, const Row& row, const JsonContext&) { return put_path(out, row.socket.unix_.path); }},
    {"path_abstract", "unix on Linux: true if the path is an abstract name",
     [](Text& out, const Row& row, const JsonContext& look) {
         const UnixFacts& facts = row.socket.unix_;
         return has_inodes(look) && !facts.path.empty() && put_bool(out, is_abstract(facts));
     }},
    {"peer", "unix: the socket that it is connected to",
     [](Text& out, const Row& row, const JsonContext& look) {
         return is_unix(row) && put_object(out, peer_fields, row, look);
     }},
    {"vnode", "unix on Darwin, FreeBSD: the file's",
     [](Text& out, const Row& row, const JsonContext&) {
         return put_kernel_address(out, row.socket.unix_.vnode);
     }},
    {"first_referrer", "unix on Darwin, FreeBSD: the first socket that is connected to it",
     [](Text& out, const Row& row, const JsonContext& look) {
         return !has_inodes(look) && put_kernel_address(out, row.socket.unix_.refs);
     }},
    {"next_referrer", "unix on Darwin, FreeBSD: the next one connected to the same",
     [](Text& out, const Row& row, const JsonContext&) {
         return put_kernel_address(out, row.socket.unix_.next_ref);
     }},
    {"past_damage", "true: read from behind damage in the kernel's answer",
     [](Text& out, const Row& row, const JsonContext&) {
         return row.socket.past_damage && put_bool(out, true);
     }},
};

} // namespace

void describe_sockets(std::vector<JsonField>& all) {
    describe(all, "socket", socket_fields);
    describe(all, "endpoint", endpoint_fields);
    describe(all, "owner", owner_fields);
    describe(all, "peer", peer_fields);
}

} // namespace json

void put_json_socket(Text& out, const Row& row, const JsonContext& look) {
    json::put_object(out, json::socket_fields, row, look);
}

} // namespace netstat46
