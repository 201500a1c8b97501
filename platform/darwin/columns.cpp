#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "bsd/states.hpp"
#include "darwin/facts.hpp"
#include "darwin/look.hpp"

namespace netstat46::darwin_look {
namespace {

using Columns = std::vector<Column>;

// ---- cells ----

template <class Get>
Cell decimal(Get get) {
    return [get](Text& out, const Row& row) { put_number(out, get(row.socket)); };
}

template <class Get>
Cell hex(Get get, int least_digits = 1) {
    return [get, least_digits](Text& out, const Row& row) { put_hex(out, get(row.socket), least_digits); };
}

/// xso_state is a short; netstat prints it with its sign extended.
std::uint32_t state_bits(const SocketRecord& socket) {
    return static_cast<std::uint32_t>(
        static_cast<std::int32_t>(static_cast<std::int16_t>(darwin_facts(socket).socket_state)));
}

/// Unknown states are numbers; a missing one is `-`.
void put_state(Text& out, const Row& row) {
    if (row.socket.protocol != Protocol::Tcp) return;
    if (row.socket.state != State::Unknown) {
        put(out, bsd_state_name(row.socket.state));
    } else if (row.socket.native_state != 0) {
        put_number(out, row.socket.native_state);
    } else {
        out.push_back('-');
    }
}

void put_listen_queue(Text& out, const Row& row) {
    constexpr std::size_t room = 14;
    const std::size_t start = out.size();
    const Backlog backlog = row.socket.backlog.value_or(Backlog{});
    put_number(out, static_cast<std::int32_t>(backlog.waiting));
    out.push_back('/');
    put_number(out, static_cast<std::int32_t>(backlog.incomplete));
    out.push_back('/');
    put_number(out, static_cast<std::int32_t>(backlog.limit));
    cut(out, start, room);
}

/// `%16s:%-6s`
void put_process(Text& out, std::string_view name, std::string_view pid) {
    constexpr std::size_t name_width = 16, pid_width = 6;
    for (std::size_t i = name.size(); i < name_width; ++i) out.push_back(' ');
    put_clean(out, name);
    out.push_back(':');
    const std::size_t start = out.size();
    put(out, pid);
    pad_to(out, start, pid_width);
}

void put_process_of(Text& out, const Row& row, std::int32_t pid) {
    const Process* process = row.tables.process(pid);
    const fmt::format_int digits(static_cast<std::uint32_t>(pid));
    put_process(out, process != nullptr ? std::string_view(process->name) : std::string_view(),
                {digits.data(), digits.size()});
}

Cell last_process(const View& view) {
    return [native = view.darwin_records](Text& out, const Row& row) {
        const std::int32_t last = row.socket.last_pid.value_or(0);
        put_process_of(out, row, native || !row.owner ? last : row.owner->pid);
    };
}

void put_effective_process(Text& out, const Row& row) {
    if (row.socket.effective_pid == 0) {
        put_process(out, "", "");
    } else {
        put_process_of(out, row, row.socket.effective_pid);
    }
}

// ---- columns that several tables share ----

void append(Columns& columns, Columns more) {
    columns.insert(columns.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

using Count = std::uint64_t DarwinFacts::*;

Cell bytes_and_packets(Count bytes, Count packets) {
    return [=](Text& out, const Row& row) {
        const std::size_t start = out.size();
        put_number(out, darwin_facts(row.socket).*bytes);
        justify(out, start, 12);
        out.push_back('/');
        put_number(out, darwin_facts(row.socket).*packets);
    };
}

Column byte_column(const View& view, std::string_view direction, Count bytes, Count packets) {
    if (!view.flags.old && view.flags.verbose > 1)
        return {" ", fmt::format("     {}bytes/packets", direction), -22, -22,
                bytes_and_packets(bytes, packets)};
    const int width = view.flags.old ? 10 : 12;
    return {" ", fmt::format("{}bytes", direction), width, width,
            decimal([bytes](const SocketRecord& socket) { return darwin_facts(socket).*bytes; })};
}

Columns byte_columns(const View& view) {
    return {byte_column(view, "rx", &DarwinFacts::rx_bytes, &DarwinFacts::rx_packets),
            byte_column(view, "tx", &DarwinFacts::tx_bytes, &DarwinFacts::tx_packets)};
}

/// What 606 prints with -v of every socket that has buffers.
Columns old_buffer_columns() {
    return {
        {" ", "rhiwat", 6, 6,
         decimal([](const SocketRecord& s) { return darwin_facts(s).receive.high_water; })},
        {" ", "shiwat", 6, 6, decimal([](const SocketRecord& s) { return darwin_facts(s).send.high_water; })},
        {" ", "pid", 6, 6,
         decimal([](const SocketRecord& s) { return std::uint32_t(s.last_pid.value_or(0)); })},
        {" ", "epid", 6, 6, decimal([](const SocketRecord& s) { return std::uint32_t(s.effective_pid); })}};
}

Cell prefixed_hex(std::uint32_t (*get)(const SocketRecord&), int least_digits) {
    return [get, least_digits](Text& out, const Row& row) {
        put(out, "0x");
        put_hex(out, get(row.socket), least_digits);
    };
}

std::uint32_t options_of(const SocketRecord& socket) { return darwin_facts(socket).options.value_or(0); }

Columns old_state_columns() {
    return {{" ", "state", 6, 6, prefixed_hex(state_bits, 4)},
            {" ", "options", 10, 10, prefixed_hex(options_of, 8)}};
}

/// What 741 prints with -v of every socket.
Columns verbose_columns(const View& view) {
    Columns columns{
        {" ", "rhiwat", 7, 7,
         decimal([](const SocketRecord& s) { return darwin_facts(s).receive.high_water; })},
        {" ", "shiwat", 7, 7, decimal([](const SocketRecord& s) { return darwin_facts(s).send.high_water; })},
        {" ", "         process:pid", -23, -23, last_process(view)},
    };
    if (view.flags.verbose > 1)
        columns.push_back({" ", "        eprocess:epid", -23, -23, put_effective_process});
    append(
        columns,
        {{" ", "state", 5, 5, hex(state_bits, 5)},
         {" ", "options", 8, 8, hex(options_of, 8)},
         {" ", "gencnt", 16, 16,
          hex([](const SocketRecord& s) { return darwin_facts(s).socket_generation; }, 16)},
         {" ", "flags", 8, 8, hex([](const SocketRecord& s) { return darwin_facts(s).flags; }, 8)},
         {" ", "flags1", 8, 8, hex([](const SocketRecord& s) { return darwin_facts(s).flags1; }, 8)},
         {" ", "usecnt", 6, 6, decimal([](const SocketRecord& s) { return darwin_facts(s).use_count; })},
         {" ", "rtncnt", 6, 6, decimal([](const SocketRecord& s) { return darwin_facts(s).retain_count; })},
         {" ", "fltrs", view.classic ? 5 : -6, 6,
          hex([](const SocketRecord& s) { return darwin_facts(s).filter_flags; }, 6)}});
    return columns;
}

/// -b, -d and -v as 741 has them.
Columns counter_columns(const View& view) {
    const Flags& flags = view.flags;
    Columns columns;
    if (flags.bytes || flags.verbose > 0) append(columns, byte_columns(view));
    if (flags.drops)
        columns.push_back({" ", "rxdrops", 12, 12, [](Text& out, const Row&) { out.push_back('0'); }});
    if (flags.verbose > 0) append(columns, verbose_columns(view));
    return columns;
}

Columns inet_counter_columns(const View& view) {
    if (!view.flags.old) return counter_columns(view);
    Columns columns;
    if (view.flags.bytes) append(columns, byte_columns(view));
    if (view.flags.verbose > 0) {
        append(columns, old_buffer_columns());
        append(columns, old_state_columns());
    }
    return columns;
}

/// The same cell without title or gap in the heading: what -L prints after its heading's end.
Column untitled(const Column& column) {
    return {"", "", 0, 0,
            [gap = column.gap, width = column.width, cell = column.cell](Text& out, const Row& row) {
                put(out, gap);
                const std::size_t start = out.size();
                cell(out, row);
                justify(out, start, width);
            }};
}

/// 741 widens the headings of the address columns exactly when the rows are narrow.
int heading_width(const View& view) {
    const Flags& flags = view.flags;
    const int narrow = flags.addresses ? 18 : 22;
    if (!view.classic) return flags.wide ? 45 : narrow;
    if (flags.old) return narrow;
    return flags.wide ? narrow : 45;
}

int queue_heading_width(const View& view) {
    const Flags& flags = view.flags;
    if (!view.classic) return flags.wide ? 45 : flags.addresses ? 18 : 22;
    return flags.old || flags.wide ? 22 : 39;
}

void put_protocol(Text& out, std::string_view name, Serves serves) {
    const std::size_t start = out.size();
    put(out, name.substr(0, 3));
    pad_to(out, start, 3);
    if (serves.ipv4) out.push_back('4');
    if (serves.ipv6) out.push_back('6');
    pad_to(out, start, 5);
}

Columns address_columns(const View& view, const InetProtocol& protocol) {
    const int title = -heading_width(view);
    return {
        {view.flags.addresses ? " " : "", "Proto", -5, -5,
         [name = protocol.name](Text& out, const Row& row) { put_protocol(out, name, row.socket.serves); },
         Role::Protocol},
        {" ", "Recv-Q", -6, 6, decimal([](const SocketRecord& s) { return s.recv_q; })},
        {" ", "Send-Q", -6, 6, decimal([](const SocketRecord& s) { return s.send_q; })},
        {"  ", "Local Address", title, 0, endpoint_cell(view, protocol.name, true), Role::LocalAddress},
        {" ", "Foreign Address", title, 0, endpoint_cell(view, protocol.name, false)},
        {" ", "(state)", -11, -11, put_state}};
}

Columns queue_columns(const View& view, const InetProtocol& protocol) {
    Columns columns{
        {view.flags.addresses ? " " : "", "Listen", -14, -14, put_listen_queue},
        {" ", "Local Address", -queue_heading_width(view), 0, endpoint_cell(view, protocol.name, true)}};
    if (!view.classic) return columns;
    const bool tcp = protocol.protocol == Protocol::Tcp;
    columns.push_back({"", "", 0, 0, [tcp](Text& out, const Row&) { put(out, tcp ? " " : "            "); }});
    return columns;
}

void put_unix_type(Text& out, const Row& row) {
    constexpr std::size_t room = 6;
    const std::size_t type = unix_facts(row.socket).type;
    if (type != 0 && type < socket_types.size()) return put(out, socket_types[type].substr(0, room));
    out.push_back('#');
    put_number(out, type);
}

/// netstat prints the blank before a name of no length, too.
Cell path_cell(bool darwin_records) {
    return [darwin_records](Text& out, const Row& row) {
        const std::string_view path = unix_facts(row.socket).path;
        if (darwin_records ? path.data() == nullptr : path.empty()) return;
        out.push_back(' ');
        put_clean(out, path);
    };
}

void put_control_name(Text& out, const Row& row) {
    put_clean(out, darwin_facts(row.socket).control.name.view());
}

Columns system_socket_columns(const View& view, std::string_view name) {
    Columns columns;
    if (view.flags.addresses)
        columns.push_back({"", "pcb", 16, 16, hex([](const SocketRecord& s) { return s.pcb; })});
    append(columns, {{view.flags.addresses ? " " : "", "Proto", -5, -5,
                      [name](Text& out, const Row&) { put(out, name); }},
                     {" ", "Recv-Q", -6, 6, decimal([](const SocketRecord& s) { return s.recv_q; })},
                     {" ", "Send-Q", -6, 6, decimal([](const SocketRecord& s) { return s.send_q; })}});
    return columns;
}

} // namespace

Columns inet_columns(const View& view, const InetProtocol& protocol) {
    const Flags& flags = view.flags;
    Columns columns;
    if (flags.addresses)
        columns = {
            {"", "Socket", -16, 16,
             hex([](const SocketRecord& s) { return s.protocol == Protocol::Tcp ? s.tcb : s.pcb; })},
            {" ", "Flowhash", -8, 8, hex([](const SocketRecord& s) { return darwin_facts(s).flow_hash; })}};
    append(columns, flags.queues ? queue_columns(view, protocol) : address_columns(view, protocol));
    Columns counters = inet_counter_columns(view);
    if (flags.queues && view.classic)
        for (Column& column : counters) column = untitled(column);
    append(columns, std::move(counters));
    if (!view.classic) append(columns, {process_pid_column(), v6only_column()});
    return columns;
}

Columns unix_columns(const View& view) {
    Columns columns{
        {"", "Address", -16, 16, hex([](const SocketRecord& s) { return s.pcb; })},
        {" ", "Type", -6, -6, put_unix_type},
        {" ", "Recv-Q", -6, 6, decimal([](const SocketRecord& s) { return s.recv_q; })},
        {" ", "Send-Q", -6, 6, decimal([](const SocketRecord& s) { return s.send_q; })},
        {" ", "Inode", 16, 16, hex([](const SocketRecord& s) { return unix_facts(s).vnode; })},
        {" ", "Conn", 16, 16, hex([](const SocketRecord& s) { return unix_facts(s).peer; })},
        {" ", "Refs", 16, 16, hex([](const SocketRecord& s) { return unix_facts(s).refs; })},
        {" ", "Nextref", 16, 16, hex([](const SocketRecord& s) { return unix_facts(s).next_ref; })}};
    if (!view.flags.old) append(columns, counter_columns(view));
    columns.push_back({"", " Addr", 0, 0, path_cell(view.darwin_records)});
    return columns;
}

Columns registration_columns(const View& view) {
    const bool addresses = view.flags.addresses;
    Columns columns;
    if (addresses)
        columns.push_back({"", "kctlref", -16, 16, hex([](const SocketRecord& s) { return s.pcb; })});
    columns.push_back({addresses ? " " : "", "id", -8, 8,
                       hex([](const SocketRecord& s) { return darwin_facts(s).control.id; })});
    if (addresses)
        columns.push_back({" ", "unit", -8, 8,
                           decimal([](const SocketRecord& s) { return darwin_facts(s).control.unit; })});
    append(columns,
           {{" ", "flags", -8, 8, hex([](const SocketRecord& s) { return darwin_facts(s).control.flags; })},
            {" ", "pcbcount", -8, 8,
             decimal([](const SocketRecord& s) { return darwin_facts(s).control.pcb_count; })},
            {" ", "rcvbuf", -8, 8,
             decimal([](const SocketRecord& s) { return darwin_facts(s).control.receive_size; })},
            {" ", "sndbuf", -8, 8,
             decimal([](const SocketRecord& s) { return darwin_facts(s).control.send_size; })},
            {" ", "name ", 0, 0, [](Text& out, const Row& row) {
                 put_control_name(out, row);
                 out.push_back(' ');
             }}});
    return columns;
}

Columns event_columns(const View& view) {
    const Flags& flags = view.flags;
    Columns columns = system_socket_columns(view, "kevt");
    append(columns, {{" ", "vendor", 6, 6,
                      decimal([](const SocketRecord& s) { return darwin_facts(s).control.vendor; })},
                     {" ", "class", 6, 6,
                      decimal([](const SocketRecord& s) { return darwin_facts(s).control.event_class; })},
                     {" ", flags.old ? "subcla" : "subcl", 6, 6,
                      decimal([](const SocketRecord& s) { return darwin_facts(s).control.subclass; })}});
    if (!flags.old) {
        append(columns, counter_columns(view));
        return columns;
    }
    // 606 puts the blank of these columns after them.
    Columns counters;
    if (flags.bytes) append(counters, byte_columns(view));
    if (flags.verbose > 0) append(counters, old_buffer_columns());
    if (!counters.empty()) counters.front().gap.clear();
    if (flags.bytes && flags.verbose == 0) counters.push_back({" ", "", 0, 0, [](Text&, const Row&) {}});
    append(columns, std::move(counters));
    return columns;
}

Columns control_columns(const View& view) {
    const Flags& flags = view.flags;
    Columns columns = system_socket_columns(view, "kctl");
    if (!flags.old) append(columns, counter_columns(view));
    if (flags.old && flags.bytes) append(columns, byte_columns(view));
    if (flags.old && flags.verbose > 0) append(columns, old_buffer_columns());
    append(columns,
           {{" ", "unit", 6, 6, decimal([](const SocketRecord& s) { return darwin_facts(s).control.unit; })},
            {" ", "id", 6, 6, decimal([](const SocketRecord& s) { return darwin_facts(s).control.id; })},
            {" ", "name", 0, 0, put_control_name}});
    return columns;
}

} // namespace netstat46::darwin_look
