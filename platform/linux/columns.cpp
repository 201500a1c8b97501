// What net-tools writes into each column.
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/compile.h>

#include "linux/look.hpp"
#include "record/address.hpp"

namespace netstat46::linux_look {
namespace {

std::string_view protocol_tag(const SocketRecord& socket) {
    const bool inet6 = socket.family == Family::Inet6;
    switch (socket.protocol) {
    case Protocol::Tcp:
        return inet6 ? "tcp6" : "tcp";
    case Protocol::Udp:
        return inet6 ? "udp6" : "udp";
    case Protocol::UdpLite:
        return inet6 ? "udpl6" : "udpl";
    case Protocol::Raw:
        return inet6 ? "raw6" : "raw";
    case Protocol::Sctp:
        return inet6 ? "sctp6" : "sctp";
    default:
        return "unix";
    }
}

std::string_view state_name(State state) {
    constexpr std::array<std::string_view, 13> names{
        "",           "CLOSE",     "CLOSE",   "LISTEN",   "SYN_SENT",  "SYN_RECV", "ESTABLISHED",
        "CLOSE_WAIT", "FIN_WAIT1", "CLOSING", "LAST_ACK", "FIN_WAIT2", "TIME_WAIT"};
    return names[static_cast<std::size_t>(state)];
}

std::string_view udp_state(const SocketRecord& socket) {
    if (socket.state == State::Closed) return "";
    return socket.state == State::Established ? "ESTABLISHED" : "UNKNOWN";
}

/// The kernel's own number for a raw socket (TCP_ESTABLISHED 1, TCP_CLOSE 7), which net-tools prints.
int raw_state(const SocketRecord& socket) {
    if (socket.native_state != 0) return socket.native_state;
    return socket.state == State::Established ? 1 : 7;
}

constexpr std::size_t address_limit = 22; // address and port together, without -W

/// `host:port`, cut as net-tools cuts: the port is kept, up to all but 4 of the places.
void put_host_port(Text& out, std::string_view host, std::string_view port, bool wide) {
    if (!wide && host.size() + port.size() > address_limit) {
        port = port.substr(0, address_limit - 4);
        host = host.substr(0, address_limit - port.size());
    }
    put(out, host);
    out.push_back(':');
    put(out, port);
}

std::string_view host_name(const Address& address, const Names& names) {
    if (!is_network(address)) return names.host(address);
    return names.network(address);
}

/// v4-mapped addresses are looked up as IPv6 and shown as IPv4; the IPv6 wildcard has brackets when names are
/// shown.
void put_host(Text& out, const Address& address, const Names& names, bool numeric) {
    if (numeric) return put_address(out, unmapped(address));
    if (is_unspecified(address)) return put(out, address.family == Family::Inet6 ? "[::]" : "0.0.0.0");
    const std::string_view name = host_name(address, names);
    if (name.empty()) return put_address(out, unmapped(address));
    put_clean(out, name);
}

void put_port(Text& out, const SocketRecord& socket, std::uint16_t port, const Names& names) {
    if (port == 0) return out.push_back('*');
    const std::string_view name = socket.protocol == Protocol::Raw
                                      ? names.ip_protocol(static_cast<std::uint8_t>(port))
                                      : names.service(port, service_protocol(socket.protocol));
    if (name.empty()) return put_number(out, port);
    put_clean(out, name);
}

Cell endpoint_cell(const Endpoint SocketRecord::*end, const Names* names, bool numeric_hosts, bool wide) {
    return [=](Text& out, const Row& row) {
        const Endpoint& endpoint = row.socket.*end;
        Text host;
        Text port;
        put_host(host, endpoint.address, *names, numeric_hosts);
        put_port(port, row.socket, endpoint.port, *names);
        put_host_port(out, {host.data(), host.size()}, {port.data(), port.size()}, wide);
    };
}

/// Without a copy where nothing is mapped.
const Address& shown(const Address& address, Address& unmapped_one) {
    return is_v4_mapped(address) ? unmapped_one = unmapped(address) : address;
}

/// Digits need neither a name nor a second buffer: half of a listing's time.
Cell numeric_endpoint_cell(const Endpoint SocketRecord::*end, bool wide) {
    return [=](Text& out, const Row& row) {
        const Endpoint& endpoint = row.socket.*end;
        const std::size_t start = out.size();
        std::array<char, 16> digits{'*'};
        const char* const digits_end =
            endpoint.port == 0
                ? &digits[1]
                : std::to_chars(digits.data(), digits.data() + digits.size(), endpoint.port).ptr;
        const std::string_view port(digits.data(), static_cast<std::size_t>(digits_end - digits.data()));
        out.reserve(start + address_room + 1 + digits.size());
        Address inner;
        char* at = write_address(out.data() + start, shown(endpoint.address, inner));
        if (!wide) at = std::min(at, out.data() + start + address_limit - port.size());
        *at++ = ':';
        move_bytes(at, port.data(), port.size());
        out.resize(static_cast<std::size_t>(at - out.data()) + port.size());
    };
}

constexpr std::size_t native_program_length = 19;

/// What of `pid/name` and `+3` fits the native cell: the name gives way.
void put_program(Text& out, const Row& row, std::size_t length, bool plain, bool others_too) {
    const Process* process = row.tables.process(row.owner->pid);
    const std::size_t start = out.size();
    put_number(out, row.owner->pid);
    out.push_back('/');
    if (process != nullptr) put_clean(out, process->name);
    if (plain)
        std::replace_if(
            out.data() + start, out.data() + out.size(), [](char c) { return c == ' ' || c == ':'; }, '_');
    const std::string others = others_too ? other_holders(row) : std::string();
    cut(out, start, length - std::min(length, others.size()));
    put(out, others);
}

/// `pid/name`, or `-`; `812/nginx+3` where three more processes hold it.
Cell program_cell(const View& view) {
    const std::size_t length = view.whole_names() ? std::string::npos : native_program_length;
    const bool plain = view.context.piped && !view.flags.programs && !view.flags.wide;
    return [length, plain, classic = view.context.classic](Text& out, const Row& row) {
        if (!row.owner) return out.push_back('-');
        put_program(out, row, length, plain && !classic, !classic);
    };
}

Cell context_cell() {
    return [](Text& out, const Row& row) {
        const Process* process = row.owner ? row.tables.process(row.owner->pid) : nullptr;
        if (process == nullptr || process->context.empty()) return out.push_back('-');
        put_clean(out, process->context);
    };
}

Cell user_cell(const Names* names) {
    return [names](Text& out, const Row& row) {
        const std::uint32_t uid = row.socket.uid.value_or(0);
        const std::string_view name = names->user(uid);
        if (name.empty()) return put_number(out, static_cast<std::int32_t>(uid));
        put_clean(out, name);
    };
}

/// `on (1.23/2/0)`: seconds left in steps of 1/100 (USER_HZ), retransmits, probes.
void put_timer(Text& out, std::string_view name, const Timer& timer) {
    const std::int64_t ticks = std::max<std::int64_t>(timer.remaining_ms, 0) / 10;
    const double seconds = static_cast<double>(ticks) / 100;
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{} ({:.2f}/{}/{})"), name,
                   timer.kind == 0 ? 0.0 : seconds, timer.retransmits, timer.probes);
}

void tcp_timer_cell(Text& out, const Row& row) {
    constexpr std::array<std::string_view, 5> names{"off", "on", "keepalive", "timewait", "probe"};
    const Timer timer = row.socket.timer.value_or(Timer{});
    if (timer.kind < names.size()) return put_timer(out, names[timer.kind], timer);
    put_timer(out, fmt::format("unkn-{}", timer.kind), timer);
}

void udp_timer_cell(Text& out, const Row& row) {
    Timer timer = row.socket.timer.value_or(Timer{});
    timer.retransmits = 0;
    if (timer.kind == 0) return put_timer(out, "off", timer);
    put_timer(out, fmt::format("{}{}", timer.kind <= 2 ? "on" : "unkn-", timer.kind), timer);
}

void state_cell(Text& out, const Row& row) {
    const SocketRecord& socket = row.socket;
    switch (socket.protocol) {
    case Protocol::Udp:
    case Protocol::UdpLite:
        return put(out, udp_state(socket));
    case Protocol::Raw:
        return put_number(out, raw_state(socket));
    default:
        return put(out, state_name(socket.state));
    }
}

void unix_flags_cell(Text& out, const Row& row) {
    const std::uint32_t flags = unix_facts(row.socket).flags;
    put(out, "[ ");
    if ((flags & unix_accepting) != 0) put(out, "ACC ");
    if ((flags & unix_wait_data) != 0) put(out, "W ");
    if ((flags & unix_no_space) != 0) put(out, "N ");
    put(out, "]");
}

void unix_type_cell(Text& out, const Row& row) {
    constexpr std::array<std::string_view, 6> names{"UNKNOWN", "STREAM", "DGRAM", "RAW", "RDM", "SEQPACKET"};
    const unsigned type = unix_facts(row.socket).type;
    put(out, names[type < names.size() ? type : 0]);
}

void unix_state_cell(Text& out, const Row& row) {
    constexpr std::array<std::string_view, 5> names{"FREE", "", "CONNECTING", "CONNECTED", "DISCONNECTING"};
    const UnixFacts& facts = unix_facts(row.socket);
    if (facts.state == ss_unconnected && (facts.flags & unix_accepting) != 0) return put(out, "LISTENING");
    put(out, facts.state < names.size() ? names[facts.state] : "UNKNOWN");
}

/// The NULs of an abstract name are shown as `@`.
void unix_path_cell(Text& out, const Row& row) {
    std::string_view path = unix_facts(row.socket).path;
    for (std::size_t nul = path.find('\0'); nul != std::string_view::npos; nul = path.find('\0')) {
        put_clean(out, path.substr(0, nul));
        out.push_back('@');
        path.remove_prefix(nul + 1);
    }
    put_clean(out, path);
}

Column owner_column(const View& view) {
    return {" ", "PID/Program name", -20, -20, program_cell(view), Role::Owner};
}

/// net-tools pads the title, its leading blank included, to 50 and the cells to 51.
Column context_column() {
    return {"", " Security Context", -50, -51, [cell = context_cell()](Text& out, const Row& row) {
                out.push_back(' ');
                cell(out, row);
            }};
}

Column endpoint_column(std::string title, const Endpoint SocketRecord::*end, const View& view) {
    const Numeric& numeric = view.flags.numeric;
    Cell cell = numeric.hosts && numeric.ports
                    ? numeric_endpoint_cell(end, view.flags.wide)
                    : endpoint_cell(end, view.context.names, numeric.hosts, view.flags.wide);
    const Role role = end == &SocketRecord::local ? Role::LocalAddress : Role::None;
    return {" ", std::move(title), -23, -23, std::move(cell), role};
}

Column timer_column(Protocol protocol, bool last) {
    const int width = last ? 0 : -24; // of a usual timer, so that what follows stands in line
    if (protocol == Protocol::Sctp) return {" ", "Timer", width, width, [](Text&, const Row&) {}};
    return {" ", "Timer", width, width, protocol == Protocol::Tcp ? tcp_timer_cell : udp_timer_cell};
}

} // namespace

bool is_network(const Address& address) { return address.family == Family::Inet && address.bytes[0] == 0; }

std::vector<Column> internet_columns(Protocol protocol, const View& view) {
    std::vector<Column> columns{
        {"", "Proto", -6, -6, [](Text& out, const Row& row) { put(out, protocol_tag(row.socket)); },
         Role::Protocol},
        {"", "Recv-Q", 6, 6, [](Text& out, const Row& row) { put_number(out, row.socket.recv_q); }},
        {" ", "Send-Q", 6, 6, [](Text& out, const Row& row) { put_number(out, row.socket.send_q); }},
        endpoint_column("Local Address", &SocketRecord::local, view),
        endpoint_column("Foreign Address", &SocketRecord::foreign, view),
        {" ", "State", -11, -11, state_cell},
    };
    if (view.flags.extend) {
        columns.push_back({" ", "User", -10, -10, user_cell(view.context.names)});
        columns.push_back(
            {" ", "Inode", -10, -10, [](Text& out, const Row& row) { put_number(out, row.socket.inode); }});
    }
    if (view.programs()) columns.push_back(owner_column(view));
    if (view.flags.context) columns.push_back(context_column());
    if (view.flags.timers) columns.push_back(timer_column(protocol, view.context.classic));
    if (!view.context.classic) columns.push_back(v6only_column());
    return columns;
}

std::vector<Column> unix_columns(const View& view) {
    std::vector<Column> columns{
        {"", "Proto", -5, -5,
         [](Text& out, const Row& row) { put(out, unix_facts(row.socket).protocol == 0 ? "unix" : "??"); }},
        {" ", "RefCnt", -6, -6,
         [](Text& out, const Row& row) { put_number(out, unix_facts(row.socket).refs); }},
        {" ", "Flags", -11, -11, unix_flags_cell},
        {" ", "Type", -10, -10, unix_type_cell},
        {" ", "State", -13, -13, unix_state_cell},
        {" ", "I-Node", -8, -8, [](Text& out, const Row& row) { put_number(out, row.socket.inode); }},
    };
    if (view.programs()) columns.push_back(owner_column(view));
    if (view.flags.context) columns.push_back(context_column());
    columns.push_back({" ", "Path", 0, 0, unix_path_cell});
    return columns;
}

} // namespace netstat46::linux_look
