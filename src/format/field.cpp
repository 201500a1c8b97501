#include "format/field.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/compile.h>
#include <range/v3/algorithm/find.hpp>

#include "record/address.hpp"
#include "record/no_owner.hpp"
#include "record/select.hpp"
#include "system.hpp"

namespace netstat46 {
namespace {

/// Linux: sockets have inodes, and no kernel addresses.
bool has_inodes(const FieldRow& at) { return at.context.host->system->owner_keys == OwnerKeys::Inodes; }

/// An interface's name, or its index as text.
bool put_interface(Text& out, std::uint32_t index, const FieldRow& at) {
    if (index == 0) return false;
    const std::string_view name = at.context.names->interface(index);
    return name.empty() ? put_integer(out, index) : put_field(out, name);
}

bool put_user(Text& out, std::optional<std::uint32_t> uid, const FieldRow& at) {
    return uid && put_field(out, at.context.names->user(*uid));
}

// ---- Endpoints

template <Endpoint SocketCore::*end>
bool put_end_address(Text& out, const FieldRow& at) {
    const SocketRecord& socket = at.row.socket;
    const Address& address = (socket.*end).address;
    if (socket.protocol == Protocol::Unix || address.family == Family::Unknown) return false;
    put_address(out, address);
    return true;
}

template <Endpoint SocketCore::*end>
bool put_end_port(Text& out, const FieldRow& at) {
    const SocketRecord& socket = at.row.socket;
    return socket.protocol != Protocol::Unix && socket.protocol != Protocol::Raw &&
           put_integer(out, (socket.*end).port);
}

template <Endpoint SocketCore::*end>
bool put_end_scope(Text& out, const FieldRow& at) {
    const SocketRecord& socket = at.row.socket;
    return socket.protocol != Protocol::Unix &&
           put_interface(out, scope_of((socket.*end).address, socket), at);
}

template <Endpoint SocketCore::*end>
bool put_end_host(Text& out, const FieldRow& at) {
    const Address& address = (at.row.socket.*end).address;
    if (at.row.socket.protocol == Protocol::Unix || address.family == Family::Unknown ||
        is_unspecified(address))
        return false;
    return put_field(out, at.context.names->host(address));
}

template <Endpoint SocketCore::*end>
bool put_end_service(Text& out, const FieldRow& at) {
    const SocketRecord& socket = at.row.socket;
    const std::uint16_t port = (socket.*end).port;
    if (socket.protocol == Protocol::Unix || socket.protocol == Protocol::Raw || port == 0) return false;
    return put_field(out, at.context.names->service(port, service_protocol(socket.protocol)));
}

/// `names`: of address, port, scope, host and service.
template <Endpoint SocketCore::*end>
constexpr std::array<Field, 5> end_fields(const std::array<std::string_view, 5>& names) {
    return {{
        {names[0], FieldType::Text, "", "the IPv4 or IPv6 address, without scope; 0.0.0.0 and :: are any",
         put_end_address<end>},
        {names[1], FieldType::Number, "", "the port; 0 is none or any; absent for raw sockets",
         put_end_port<end>},
        {names[2], FieldType::Text, "", "the interface that a link-local address belongs to",
         put_end_scope<end>},
        {names[3], FieldType::Text, "", "the address's host name; absent with -n", put_end_host<end>},
        {names[4], FieldType::Text, "", "the port's service name; absent with -n", put_end_service<end>},
    }};
}

constexpr auto local_fields = end_fields<&SocketCore::local>(
    {"local.address", "local.port", "local.scope", "local.host", "local.service"});
constexpr auto foreign_fields = end_fields<&SocketCore::foreign>(
    {"foreign.address", "foreign.port", "foreign.scope", "foreign.host", "foreign.service"});

// ---- Owners

/// Null: nobody gave its name.
const Process* process_of(const FieldRow& at) { return at.row.tables.process(at.owner->pid); }

template <std::string Process::*text>
bool put_process_text(Text& out, const FieldRow& at) {
    const Process* process = process_of(at);
    return process != nullptr && put_field(out, process->*text);
}

/// `names`: of pid, fd, name, command, uid, user and context.
constexpr std::array<Field, 7> owner_fields(const std::array<std::string_view, 7>& names) {
    return {{
        {names[0], FieldType::Number, "", "the process id",
         [](Text& out, const FieldRow& at) { return put_integer(out, at.owner->pid); }},
        {names[1], FieldType::Number, "",
         "the descriptor; absent where the kernel tells only who used the socket last",
         [](Text& out, const FieldRow& at) { return at.owner->fd >= 0 && put_integer(out, at.owner->fd); }},
        {names[2], FieldType::Text, "", "the process's name as the listing shows it",
         put_process_text<&Process::name>},
        {names[3], FieldType::Text, "", "the kernel's own short name of it",
         put_process_text<&Process::command>},
        {names[4], FieldType::Number, "", "the process's user id",
         [](Text& out, const FieldRow& at) {
             const Process* process = process_of(at);
             return process != nullptr && put_integer(out, process->uid);
         }},
        {names[5], FieldType::Text, "", "that user's name; absent with -n",
         [](Text& out, const FieldRow& at) {
             const Process* process = process_of(at);
             return process != nullptr && put_user(out, process->uid, at);
         }},
        {names[6], FieldType::Text, "", "the process's SELinux context, if asked for",
         put_process_text<&Process::context>},
    }};
}

constexpr auto holder_fields = owner_fields({"owners.pid", "owners.fd", "owners.name", "owners.command",
                                             "owners.uid", "owners.user", "owners.context"});

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

bool is_unix(const FieldRow& at) { return at.row.socket.protocol == Protocol::Unix; }

bool is_abstract(const UnixFacts& facts) {
    return facts.path.starts_with('\0') || (facts.path.starts_with('@') && !facts.path_is_file);
}

/// The NULs of an abstract name as `@`.
bool put_path(Text& out, std::string_view path) {
    if (!path.starts_with('\0')) return put_field(out, path);
    std::string shown(path);
    std::replace(shown.begin(), shown.end(), '\0', '@');
    return put_field(out, shown);
}

/// /proc/net/unix has no queues.
bool has_queues(const FieldRow& at) {
    return !is_unix(at) || !has_inodes(at) || unix_facts(at.row.socket).has_queues;
}

bool put_v6only_unknown(Text& out, const SocketRecord& socket) {
    if (socket.protocol == Protocol::Unix || socket.v6only == V6Only::Yes || socket.v6only == V6Only::No)
        return false;
    if (socket.v6only == V6Only::Unknown) return put_field(out, "not told");
    return put_field(out, socket.family == Family::Inet6 ? "connected" : "not an IPv6 socket");
}

bool put_serves(Text& out, const Serves& serves) {
    return put_field(out, serves.ipv4 && serves.ipv6 ? "ipv4;ipv6"
                          : serves.ipv4              ? "ipv4"
                          : serves.ipv6              ? "ipv6"
                                                     : "");
}

constexpr BitName unix_flags[] = {
    {unix_accepting, "accepting"}, {unix_wait_data, "wait_data"}, {unix_no_space, "no_space"}};

constexpr Field identity_fields[] = {
    {"protocol", FieldType::Text, "", "tcp, udp, udplite, raw, sctp or unix",
     [](Text& out, const FieldRow& at) { return put_field(out, protocol_word(at.row.socket.protocol)); }},
    {"family", FieldType::Text, "", "ipv4, ipv6 or unix: the socket's own",
     [](Text& out, const FieldRow& at) { return put_field(out, family_word(at.row.socket.family)); }},
    {"ip_protocol", FieldType::Number, "", "raw sockets: the IP protocol's number",
     [](Text& out, const FieldRow& at) {
         return at.row.socket.protocol == Protocol::Raw && put_integer(out, at.row.socket.ip_protocol);
     }},
    {"ip_protocol_name", FieldType::Text, "", "and its name; absent with -n",
     [](Text& out, const FieldRow& at) {
         return at.row.socket.protocol == Protocol::Raw &&
                put_field(out, at.context.names->ip_protocol(at.row.socket.ip_protocol));
     }},
};

constexpr Field state_fields[] = {
    {"state", FieldType::Text, "",
     "closed, bound, listen, syn_sent, syn_received, established, close_wait, fin_wait_1, closing, last_ack, "
     "fin_wait_2 or time_wait; not TCP: unconnected, listen, connecting, established or disconnecting",
     [](Text& out, const FieldRow& at) { return put_field(out, state_word(at.row.socket)); }},
    {"state_number", FieldType::Number, "", "the kernel's own, for a TCP state that has no name",
     [](Text& out, const FieldRow& at) {
         return at.row.socket.protocol == Protocol::Tcp && at.row.socket.state == State::Unknown &&
                put_integer(out, at.row.socket.native_state);
     }},
    {"recv_q", FieldType::Number, "",
     "as netstat's Recv-Q: bytes; of a Linux listener the connections ready for accept",
     [](Text& out, const FieldRow& at) { return has_queues(at) && put_integer(out, at.row.socket.recv_q); }},
    {"send_q", FieldType::Number, "bytes",
     "as netstat's Send-Q: bytes; of a unix socket on Linux the memory that they take",
     [](Text& out, const FieldRow& at) { return has_queues(at) && put_integer(out, at.row.socket.send_q); }},
    {"backlog", FieldType::Number, "connections", "listeners: connections ready for accept",
     [](Text& out, const FieldRow& at) {
         return at.row.socket.backlog && put_integer(out, at.row.socket.backlog->waiting);
     }},
    {"backlog_incomplete", FieldType::Number, "connections",
     "listeners of Darwin and FreeBSD: handshakes under way",
     [](Text& out, const FieldRow& at) {
         return at.row.socket.backlog && !has_inodes(at) &&
                put_integer(out, at.row.socket.backlog->incomplete);
     }},
    {"backlog_max", FieldType::Number, "connections", "listeners: how many may be ready",
     [](Text& out, const FieldRow& at) {
         return at.row.socket.backlog && put_integer(out, at.row.socket.backlog->limit);
     }},
    {"v6only", FieldType::Bool, "", "the option IPV6_V6ONLY: true or false",
     [](Text& out, const FieldRow& at) {
         const V6Only option = at.row.socket.v6only;
         return (option == V6Only::Yes || option == V6Only::No) && put_bool(out, option == V6Only::Yes);
     }},
    {"v6only_unknown", FieldType::Text, "", "why v6only is absent: not an IPv6 socket, connected, not told",
     [](Text& out, const FieldRow& at) { return put_v6only_unknown(out, at.row.socket); }},
    {"serves", FieldType::Words, "", "the families that it really receives: ipv4, ipv6 or both",
     [](Text& out, const FieldRow& at) { return !is_unix(at) && put_serves(out, at.row.socket.serves); }},
    {"uid", FieldType::Number, "", "the socket's user id",
     [](Text& out, const FieldRow& at) { return put_integer(out, at.row.socket.uid); }},
    {"user", FieldType::Text, "", "that user's name; absent with -n",
     [](Text& out, const FieldRow& at) { return put_user(out, at.row.socket.uid, at); }},
    {"inode", FieldType::Number, "", "Linux: the socket's inode; absent if no descriptor stands for it",
     [](Text& out, const FieldRow& at) { return put_unless_zero(out, at.row.socket.inode); }},
    {"pcb", FieldType::Text, "", "Darwin, FreeBSD: the protocol control block's address, in hex",
     [](Text& out, const FieldRow& at) { return put_kernel_address(out, at.row.socket.pcb); }},
    {"tcb", FieldType::Text, "", "and the TCP one's",
     [](Text& out, const FieldRow& at) {
         return at.row.socket.protocol == Protocol::Tcp && put_kernel_address(out, at.row.socket.tcb);
     }},
    {"device", FieldType::Text, "", "the interface that it is bound to",
     [](Text& out, const FieldRow& at) { return put_interface(out, at.row.socket.device, at); }},
};

constexpr Field no_owner_fields[] = {
    {"owner_unknown", FieldType::Text, "",
     "why there is none: closing, not accepted, orphan, kernel, addresses withheld, not permitted, not read, "
     "other pid namespace, in doubt, no process holds it, not told",
     [](Text& out, const FieldRow& at) {
         const Row& row = at.row;
         return row.tables.owners_of(row.socket).empty() &&
                put_field(out,
                          words_of(why_no_owner(row.socket, row.tables, at.context.host->system->owner_keys,
                                                at.context.host->visibility))
                              .word);
     }},
};

constexpr Field unix_fields[] = {
    {"type", FieldType::Text, "", "unix: stream, dgram, raw, rdm or seqpacket",
     [](Text& out, const FieldRow& at) {
         const std::uint16_t type = unix_facts(at.row.socket).type;
         return is_unix(at) && type < socket_types.size() && put_field(out, socket_types[type]);
     }},
    {"flags", FieldType::Words, "", "unix on Linux: accepting, wait_data, no_space",
     [](Text& out, const FieldRow& at) {
         return is_unix(at) && has_inodes(at) && put_bits(out, unix_facts(at.row.socket).flags, unix_flags);
     }},
    {"refs", FieldType::Number, "",
     "unix on Linux: the reference count; absent if /proc/net/unix does not tell",
     [](Text& out, const FieldRow& at) {
         const UnixFacts& facts = unix_facts(at.row.socket);
         return is_unix(at) && has_inodes(at) && !facts.refs_supposed && put_integer(out, facts.refs);
     }},
    {"path", FieldType::Text, "", "unix: where it is bound; an abstract name begins with @",
     [](Text& out, const FieldRow& at) { return put_path(out, unix_facts(at.row.socket).path); }},
    {"path_abstract", FieldType::Bool, "", "unix on Linux: true if the path is an abstract name",
     [](Text& out, const FieldRow& at) {
         const UnixFacts& facts = unix_facts(at.row.socket);
         return has_inodes(at) && !facts.path.empty() && put_bool(out, is_abstract(facts));
     }},
    {"peer.inode", FieldType::Number, "", "Linux: that socket's",
     [](Text& out, const FieldRow& at) {
         return has_inodes(at) && put_unless_zero(out, unix_facts(at.row.socket).peer);
     }},
    {"peer.pcb", FieldType::Text, "", "Darwin, FreeBSD: its control block",
     [](Text& out, const FieldRow& at) {
         return !has_inodes(at) && put_kernel_address(out, unix_facts(at.row.socket).peer);
     }},
    {"peer.path", FieldType::Text, "", "where it is bound",
     [](Text& out, const FieldRow& at) { return put_field(out, unix_facts(at.row.socket).peer_path); }},
};

constexpr auto peer_owner_fields =
    owner_fields({"peer.owners.pid", "peer.owners.fd", "peer.owners.name", "peer.owners.command",
                  "peer.owners.uid", "peer.owners.user", "peer.owners.context"});

constexpr Field last_fields[] = {
    {"vnode", FieldType::Text, "", "unix on Darwin, FreeBSD: the file's",
     [](Text& out, const FieldRow& at) { return put_kernel_address(out, unix_facts(at.row.socket).vnode); }},
    {"first_referrer", FieldType::Text, "",
     "unix on Darwin, FreeBSD: the first socket that is connected to it",
     [](Text& out, const FieldRow& at) {
         return !has_inodes(at) && put_kernel_address(out, unix_facts(at.row.socket).refs);
     }},
    {"next_referrer", FieldType::Text, "", "unix on Darwin, FreeBSD: the next one connected to the same",
     [](Text& out, const FieldRow& at) {
         return put_kernel_address(out, unix_facts(at.row.socket).next_ref);
     }},
    {"past_damage", FieldType::Bool, "", "true: read from behind damage in the kernel's answer",
     [](Text& out, const FieldRow& at) { return at.row.socket.past_damage && put_bool(out, true); }},
};

// ---- Groups

std::vector<Owner> owners_of_peer(const FieldRow& at) {
    const UnixFacts& facts = unix_facts(at.row.socket);
    if (!has_inodes(at) || facts.peer == 0) return {};
    return at.row.tables.owners.all(facts.peer);
}

constexpr FieldGroup groups[] = {
    {"local", "endpoint", "this end"},
    {"foreign", "endpoint", "the other end"},
    {"owners", "owner", "every holder",
     [](const FieldRow& at) { return at.row.tables.owners_of(at.row.socket); }, true},
    {"tcp", "tcp", "TCP: what the kernel tells of the connection; members of no system named are Linux's"},
    {"peer", "peer", "unix: the socket that it is connected to"},
    {"peer.owners", "owner", "Linux: who holds it, as of the socket itself; absent if that is not known",
     owners_of_peer},
};

} // namespace

std::vector<Field> fields_of(std::span<const System* const> systems) {
    std::vector<Field> fields;
    const auto add = [&](std::span<const Field> more) {
        for (const Field& field : more)
            if (ranges::find(fields, field.name, &Field::name) == fields.end()) fields.push_back(field);
    };
    for (const std::span<const Field> part : {std::span<const Field>(identity_fields),
                                              {local_fields},
                                              {foreign_fields},
                                              {state_fields},
                                              {holder_fields},
                                              {no_owner_fields}})
        add(part);
    for (const System* system : systems) add(system->fields());
    for (const std::span<const Field> part :
         {std::span<const Field>(unix_fields), {peer_owner_fields}, {last_fields}})
        add(part);
    return fields;
}

std::vector<FieldGroup> groups_of(std::span<const System* const> systems) {
    std::vector<FieldGroup> all(std::begin(groups), std::end(groups));
    for (const System* system : systems)
        for (const FieldGroup& group : system->groups())
            if (ranges::find(all, group.name, &FieldGroup::name) == all.end()) all.push_back(group);
    return all;
}

bool put_kernel_address(Text& out, std::uint64_t address) {
    if (address == 0) return false;
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("0x{:x}"), address);
    return true;
}

bool put_bits(Text& out, std::uint32_t bits, std::span<const BitName> names) {
    const std::size_t start = out.size();
    for (const auto& [bit, name] : names) {
        if ((bits & bit) == 0) continue;
        if (out.size() != start) out.push_back(';');
        put(out, name);
    }
    return true;
}

} // namespace netstat46
