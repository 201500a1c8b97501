#include "freebsd/look.hpp"

#include <algorithm>
#include <utility>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "bsd/domain.hpp"
#include "bsd/states.hpp"
#include "freebsd/facts.hpp"
#include "record/address.hpp"

namespace netstat46::freebsd_look {
namespace {

// t_flags, netinet/tcp_var.h
constexpr std::uint32_t tf_needsyn = 0x400, tf_needfin = 0x800, tf_toe = 0x02000000;
// inp_flags, netinet/in_pcb.h
constexpr std::uint32_t inp_anonport = 0x40;

void put_padded(Text& out, std::string_view text, std::size_t width) {
    const std::size_t start = out.size();
    put(out, text);
    pad_to(out, start, width);
}

/// The decimal number with blanks before it.
template <class Integer>
void put_right(Text& out, Integer value, int width) {
    const std::size_t start = out.size();
    put_number(out, value);
    justify(out, start, width);
}

Column number_column(std::string title, int width, std::uint64_t (*value)(const SocketRecord&)) {
    return {" ", std::move(title), -width, width,
            [value](Text& out, const Row& row) { put_number(out, value(row.socket)); }};
}

// --- addresses ---

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
        return lower(x) == lower(y);
    });
}

/// trimdomain(3): the host's own domain goes, wherever in the name it begins.
std::string_view trimmed(std::string_view name, std::string_view domain) {
    if (domain.empty() || name.size() <= domain.size()) return name;
    const std::size_t dot = name.size() - domain.size() - 1;
    return name[dot] == '.' && equal_ignoring_case(name.substr(dot + 1), domain) ? name.substr(0, dot) : name;
}

std::string host_text(const Address& address, const View& view) {
    if (is_unspecified(address)) return "*";
    const std::string_view name = view.names->host(address);
    const bool inet6 = address.family == Family::Inet6;
    if (!name.empty()) return cleaned(inet6 ? without_domain(name, view.domain) : trimmed(name, view.domain));
    if (!inet6) return address_text(address);
    Text out;
    put_scoped(out, address, *view.names);
    return fmt::to_string(out);
}

std::string port_text(std::uint16_t port, std::string_view protocol, bool numeric, const View& view) {
    if (port == 0) return "*";
    if (!numeric) {
        const std::string_view name = view.names->service(port, protocol);
        if (!name.empty()) return cleaned(name.substr(0, 15));
    }
    return std::to_string(port);
}

/// One end of a socket as netstat writes it, cut as netstat cuts it. A wide IPv4 row is not cut, but for the
/// buffer of 80 that it is made in, and has a blank of its own after the port.
void put_end(Text& out, const Endpoint& end, bool inet, std::string_view protocol, bool numeric_port,
             const View& view) {
    constexpr std::size_t buffer = 79;
    const Flags& flags = view.flags;
    const Address address = inet ? unmapped(end.address) : end.address;
    const std::size_t host_length = flags.addresses && !numeric_port ? 12 : 16;
    std::string line = host_text(address, view);
    if (!flags.wide)
        line.resize(std::min(line.size(), host_length));
    else if (!inet)
        line.resize(std::min<std::size_t>(line.size(), 39));
    line += '.';
    line.resize(std::min(line.size(), buffer));
    line += port_text(end.port, protocol, numeric_port, view);
    if (inet) line += ' ';
    line.resize(std::min(line.size(), buffer));
    if (!(flags.wide && inet)) line.resize(std::min(line.size(), view.address_width()));
    put_padded(out, line, view.address_width());
}

/// INP_ANONPORT: the kernel chose the local port, so the foreign one is the service.
bool numeric_port(const SocketRecord& socket, bool foreign, const View& view) {
    if (view.flags.numeric) return true;
    if ((freebsd_facts(socket).pcb_flags & inp_anonport) != 0) return !foreign;
    return foreign && socket.local.port != socket.foreign.port;
}

/// `last`: of the two, or -L's only one, the one that a blank follows in rows though not in the heading.
Cell end_cell(const Viewed& view, std::string_view protocol, bool foreign, bool last) {
    return [=](Text& out, const Row& row) {
        const SocketRecord& socket = row.socket;
        put_end(out, foreign ? socket.foreign : socket.local, socket.serves.ipv4, protocol,
                numeric_port(socket, foreign, *view), *view);
        if (last) out.push_back(' ');
    };
}

// --- the columns of an internet row ---

std::string_view version_of(const SocketRecord& socket) {
    if (socket.serves.ipv6) return socket.serves.ipv4 ? "46" : "6";
    return socket.serves.ipv4 ? "4" : "";
}

Column protocol_column(const View& view, const InetProtocol& protocol) {
    const Edition edition = view.edition;
    const std::string_view name = protocol.name.substr(0, edition.name_length);
    const bool is_tcp = protocol.protocol == Protocol::Tcp;
    const int title_width = view.flags.queues && view.classic ? 5 : edition.protocol_width;
    return {"",
            "Proto",
            -title_width,
            -edition.protocol_width,
            [=](Text& out, const Row& row) {
                const bool offloaded = is_tcp && (freebsd_facts(row.socket).tcp_flags & tf_toe) != 0;
                const std::size_t start = out.size();
                put(out, offloaded ? std::string_view("toe") : name);
                if (edition.pads_name) pad_to(out, start, edition.name_length);
                put(out, version_of(row.socket));
            },
            Role::Protocol};
}

Column address_column(bool tcb) {
    return {"", "Tcpcb", -16, 16, [tcb](Text& out, const Row& row) {
                fmt::format_to(fmt::appender(out), FMT_COMPILE("{:x}"),
                               tcb ? row.socket.tcb : row.socket.pcb);
            }};
}

void put_backlog(Text& out, const SocketRecord& socket) {
    const Backlog backlog = socket.backlog.value_or(Backlog{});
    put_number(out, backlog.waiting);
    out.push_back('/');
    put_number(out, backlog.incomplete);
    out.push_back('/');
    put_number(out, backlog.limit);
}

Column listen_column() {
    return {" ", "Listen", -32, -32, [](Text& out, const Row& row) { put_backlog(out, row.socket); }};
}

void add_counts(std::vector<Column>& columns, const View& view, const InetProtocol& protocol) {
    if (view.flags.queues) {
        columns.push_back(listen_column());
    } else if (view.flags.tcp_info) {
        columns.push_back(number_column("Rexmit", 6, [](const SocketRecord& s) -> std::uint64_t {
            return freebsd_facts(s).retransmitted;
        }));
        columns.push_back(number_column("OOORcv", 6, [](const SocketRecord& s) -> std::uint64_t {
            return freebsd_facts(s).out_of_order;
        }));
        columns.push_back(number_column("0-win", 6, [](const SocketRecord& s) -> std::uint64_t {
            return freebsd_facts(s).zero_windows;
        }));
        if (protocol.protocol != Protocol::Tcp)
            for (auto column = columns.end() - 3; column != columns.end(); ++column)
                column->cell = [](Text&, const Row&) {};
    } else {
        columns.push_back(number_column("Recv-Q", 6, [](const SocketRecord& s) { return s.recv_q; }));
        columns.push_back(number_column("Send-Q", 6, [](const SocketRecord& s) { return s.send_q; }));
    }
}

/// The last address's column ends with a blank in every row; the heading has it where something follows.
void add_addresses(std::vector<Column>& columns, const Viewed& view, const InetProtocol& protocol) {
    const Flags& flags = view->flags;
    const int width = static_cast<int>(view->address_width());
    const bool flows_follow = flags.flows && !(flags.extra && view->classic);
    const bool state_follows = !flags.queues && !flags.tcp_info && !flags.extra;
    const bool blank =
        state_follows || flows_follow || !view->classic || (flags.extra && view->edition.extra_gap);
    const int last_width = -width - (blank ? 1 : 0);
    columns.push_back({" ", "Local Address", flags.queues ? last_width : -width, 0,
                       end_cell(view, protocol.name, false, flags.queues), Role::LocalAddress});
    if (flags.queues) return;
    const int foreign_width = flags.tcp_info && view->classic ? (flows_follow ? -16 : 0) : last_width;
    columns.push_back({" ", "Foreign Address", foreign_width, 0, end_cell(view, protocol.name, true, true)});
}

struct BufferTitle {
    std::string_view title;
    bool old;
    std::uint32_t (*value)(const SocketRecord&);
};

constexpr std::array buffer_titles{
    BufferTitle{"R-MBUF", true, [](const SocketRecord& s) { return freebsd_facts(s).receive.mbufs; }},
    BufferTitle{"S-MBUF", true, [](const SocketRecord& s) { return freebsd_facts(s).send.mbufs; }},
    BufferTitle{"R-CLUS", true, [](const SocketRecord& s) { return freebsd_facts(s).receive.clusters; }},
    BufferTitle{"S-CLUS", true, [](const SocketRecord& s) { return freebsd_facts(s).send.clusters; }},
    BufferTitle{"R-HIWA", false, [](const SocketRecord& s) { return freebsd_facts(s).receive.high_water; }},
    BufferTitle{"S-HIWA", false, [](const SocketRecord& s) { return freebsd_facts(s).send.high_water; }},
    BufferTitle{"R-LOWA", false, [](const SocketRecord& s) { return freebsd_facts(s).receive.low_water; }},
    BufferTitle{"S-LOWA", false, [](const SocketRecord& s) { return freebsd_facts(s).send.low_water; }},
    BufferTitle{"R-BCNT", false, [](const SocketRecord& s) { return freebsd_facts(s).receive.mbuf_bytes; }},
    BufferTitle{"S-BCNT", false, [](const SocketRecord& s) { return freebsd_facts(s).send.mbuf_bytes; }},
    BufferTitle{"R-BMAX", false, [](const SocketRecord& s) { return freebsd_facts(s).receive.mbuf_limit; }},
    BufferTitle{"S-BMAX", false, [](const SocketRecord& s) { return freebsd_facts(s).send.mbuf_limit; }},
};

void add_buffers(std::vector<Column>& columns, const View& view) {
    std::string gap; // the address before it ends with the first blank
    for (const BufferTitle& title : buffer_titles) {
        if (title.old && !view.edition.old_buffers) continue;
        columns.push_back(
            {std::exchange(gap, " "), std::string(title.title), -6, 6,
             [value = title.value](Text& out, const Row& row) { put_number(out, value(row.socket)); }});
    }
}

constexpr std::array timer_titles{"rexmt", "persist", "keep", "2msl", "delack", "rcvtime"};

/// Seconds with two decimals, as `%4d.%02d` writes them: a negative remainder keeps its sign.
void put_seconds(Text& out, std::int32_t ms) {
    put_right(out, ms / 1000, 4);
    fmt::format_to(fmt::appender(out), FMT_COMPILE(".{:02}"), ms % 1000 / 10);
}

void add_timers(std::vector<Column>& columns) {
    for (std::size_t i = 0; i < timer_titles.size(); ++i)
        columns.push_back({" ", timer_titles[i], 7, 7, [i](Text& out, const Row& row) {
                               put_seconds(out, freebsd_facts(row.socket).timers_ms[i]);
                           }});
}

Column state_column() {
    return {"", "(state)", -11, -11, [](Text& out, const Row& row) {
                const SocketRecord& socket = row.socket;
                const std::string_view name = bsd_state_name(socket.state);
                const std::size_t start = out.size();
                if (name.empty()) {
                    put_number(out, socket.native_state);
                    return;
                }
                put(out, name);
                if ((freebsd_facts(socket).tcp_flags & (tf_needsyn | tf_needfin)) == 0) return;
                pad_to(out, start, 11);
                out.push_back('*');
            }};
}

void put_flow(Text& out, const SocketRecord& socket) {
    fmt::format_to(fmt::appender(out), FMT_COMPILE("{:08x}"), freebsd_facts(socket).flow_id);
}

void put_flow_type(Text& out, const SocketRecord& socket) {
    put_number(out, static_cast<std::int32_t>(freebsd_facts(socket).flow_type));
}

/// Under -x the native heading has no titles for them.
void add_flows(std::vector<Column>& columns, const View& view) {
    if (view.flags.extra && view.classic) {
        columns.push_back({"", "", 0, 0, [](Text& out, const Row& row) {
                               out.push_back(' ');
                               put_flow(out, row.socket);
                               out.push_back(' ');
                               put_right(out, static_cast<std::int32_t>(freebsd_facts(row.socket).flow_type),
                                         5);
                           }});
        return;
    }
    columns.push_back({" ", "flowid", 8, 8, [](Text& out, const Row& row) { put_flow(out, row.socket); }});
    columns.push_back(
        {" ", "ftype", 5, 5, [](Text& out, const Row& row) { put_flow_type(out, row.socket); }});
}

Column name_column(std::string title, const Widths& widths, std::size_t NameWidths::*width,
                   std::string_view (*name)(const FreeBsdFacts&)) {
    return {" ", std::move(title), -static_cast<int>((*widths).*width), 0, [=](Text& out, const Row& row) {
                const std::size_t start = out.size();
                put_clean(out, name(freebsd_facts(row.socket)));
                pad_to(out, start, (*widths).*width);
            }};
}

/// xt_ecn: 1 classic ECN, above that accurate ECN; it means something from ESTABLISHED on.
void put_ecn(Text& out, const Row& row) {
    const bool connected = row.socket.native_state >= 4;
    const std::uint32_t ecn = freebsd_facts(row.socket).ecn;
    put(out, !connected ? "n/a" : ecn == 0 ? "off" : ecn == 1 ? "ecn" : "ace");
}

void add_congestion(std::vector<Column>& columns, const Widths& widths) {
    columns.push_back(name_column("CC", widths, &NameWidths::congestion,
                                  [](const FreeBsdFacts& facts) { return facts.congestion.view(); }));
    const auto add = [&](std::string title, int width, std::uint64_t (*value)(const SocketRecord&)) {
        columns.push_back(number_column(std::move(title), width, value));
        columns.back().title_width = width;
    };
    add("cwin", 10, [](const SocketRecord& s) -> std::uint64_t { return freebsd_facts(s).send_window; });
    add("ssthresh", 10, [](const SocketRecord& s) -> std::uint64_t { return freebsd_facts(s).slow_start; });
    add("MSS", 5, [](const SocketRecord& s) -> std::uint64_t { return freebsd_facts(s).segment; });
    columns.push_back({" ", "ECN", 3, 3, put_ecn});
}

Column log_id_column(bool classic) {
    return {" ", "Log ID", classic ? 0 : -8, classic ? 0 : -8, [](Text& out, const Row& row) {
                const std::string_view id = freebsd_facts(row.socket).log_id.view();
                if (id.empty()) out.push_back('-');
                put_clean(out, id);
            }};
}

/// Columns that only TCP rows have: others end before them, or leave them blank where ours follow.
void add_for_tcp(std::vector<Column>& columns, std::vector<Column> added, const View& view,
                 const InetProtocol& protocol) {
    const bool is_tcp = protocol.protocol == Protocol::Tcp;
    if (!is_tcp && view.classic) return;
    for (Column& column : added) {
        if (!is_tcp && column.width != 0) column.cell = [](Text&, const Row&) {};
        columns.push_back(std::move(column));
    }
}

// --- unix ---

Column pointer_column(std::string title, std::uint64_t (*value)(const SocketRecord&)) {
    return {" ", std::move(title), 16, 16, [value](Text& out, const Row& row) {
                fmt::format_to(fmt::appender(out), FMT_COMPILE("{:x}"), value(row.socket));
            }};
}

/// A socket with an address has a blank and its path, which FreeBSD may give as an empty one; one without has
/// neither.
Column path_column(bool empty_too) {
    return {"", " Addr", 0, 0, [empty_too](Text& out, const Row& row) {
                const std::string_view path = unix_facts(row.socket).path;
                if (path.data() == nullptr || (path.empty() && !empty_too)) return;
                out.push_back(' ');
                put_clean(out, path);
            }};
}

} // namespace

std::vector<Column> inet_columns(const Viewed& view, const InetProtocol& protocol, const Widths& widths) {
    const Flags& flags = view->flags;
    std::vector<Column> columns;
    if (flags.addresses)
        columns.push_back(address_column(protocol.protocol == Protocol::Tcp && view->edition.old_buffers));
    columns.push_back(protocol_column(*view, protocol));
    if (flags.addresses) columns.back().gap = " ";
    add_counts(columns, *view, protocol);
    add_addresses(columns, view, protocol);
    std::vector<Column> tcp;
    if (flags.extra) {
        add_buffers(columns, *view);
        add_timers(tcp);
    } else if (!flags.queues && !flags.tcp_info && !flags.flows) {
        tcp.push_back(state_column());
    }
    add_for_tcp(columns, std::exchange(tcp, {}), *view, protocol);
    if (flags.flows) add_flows(columns, *view);
    if (flags.stack)
        tcp.push_back(name_column("Stack", widths, &NameWidths::stack,
                                  [](const FreeBsdFacts& facts) { return facts.stack.view(); }));
    if (flags.congestion) add_congestion(tcp, widths);
    if (flags.log_id) tcp.push_back(log_id_column(view->classic));
    add_for_tcp(columns, std::move(tcp), *view, protocol);
    if (!view->classic) {
        columns.push_back(process_pid_column());
        columns.push_back(v6only_column());
    }
    return columns;
}

std::vector<Column> unix_columns(const View& view) {
    if (view.flags.queues) {
        const auto queue = [](Text& out, const Row& row) {
            put(out, "unix  ");
            put_backlog(out, row.socket);
        };
        return {{"", "", 0, -38, queue}, path_column(view.own_records)};
    }
    std::vector<Column> columns{pointer_column("Address", [](const SocketRecord& s) { return s.pcb; })};
    columns.back().gap.clear();
    columns.back().title_width = -16;
    columns.push_back(
        {" ", "Type", -6, -6, [](Text& out, const Row& row) {
             const std::uint16_t type = unix_facts(row.socket).type;
             put(out, type == 0 ? "#0" : type < socket_types.size() ? socket_types[type].substr(0, 6) : "?");
         }});
    columns.push_back(number_column("Recv-Q", 6, [](const SocketRecord& s) { return s.recv_q; }));
    columns.push_back(number_column("Send-Q", 6, [](const SocketRecord& s) { return s.send_q; }));
    columns.push_back(pointer_column("Inode", [](const SocketRecord& s) { return unix_facts(s).vnode; }));
    columns.push_back(pointer_column("Conn", [](const SocketRecord& s) { return unix_facts(s).peer; }));
    columns.push_back(pointer_column("Refs", [](const SocketRecord& s) { return unix_facts(s).refs; }));
    columns.push_back(
        pointer_column("Nextref", [](const SocketRecord& s) { return unix_facts(s).next_ref; }));
    columns.push_back(path_column(view.own_records));
    return columns;
}

} // namespace netstat46::freebsd_look
