#include <fmt/compile.h>
#include <fmt/format.h>

#include "bsd/states.hpp"
#include "openbsd/look.hpp"
#include "openbsd/wire.hpp"

namespace netstat46::openbsd_look {

bool is_tcp(const OpenBsdFacts& facts) { return facts.protocol == 6; } // netinet/in.h
bool is_udp(const OpenBsdFacts& facts) { return facts.protocol == 17; }

namespace {

constexpr int state_width = 11;

void put_kernel_address(Text& out, std::uint64_t address) {
    fmt::format_to(fmt::appender(out), FMT_COMPILE("0x{:x}"), address);
}

Column number_column(std::string title, std::uint64_t (*value)(const SocketRecord&)) {
    return {" ", std::move(title), -6, 6,
            [value](Text& out, const Row& row) { put_number(out, value(row.socket)); }};
}

Column address_column(std::string title, int title_width, std::uint64_t (*value)(const SocketRecord&)) {
    return {" ", std::move(title), title_width, 18,
            [value](Text& out, const Row& row) { put_kernel_address(out, value(row.socket)); }};
}

/// What -A shows: of TCP the tcpcb.
std::uint64_t shown_pcb(const SocketRecord& socket) {
    return is_tcp(openbsd_facts(socket)) ? socket.tcb : socket.pcb;
}

void put_protocol(Text& out, const Row& row) {
    const OpenBsdFacts facts = openbsd_facts(row.socket);
    const bool divert = facts.protocol == openbsd::ipproto_divert;
    const std::size_t start = out.size();
    put(out, is_tcp(facts) ? "tcp" : is_udp(facts) ? "udp" : divert ? "divert" : "ip");
    if (row.socket.family == Family::Inet6) out.push_back('6');
    cut(out, start, 7);
}

std::uint64_t congestion_window(const SocketRecord& socket) {
    return socket.state == State::Established ? openbsd_facts(socket).congestion_window : 0;
}

void add_windows(std::vector<Column>& columns) {
    columns.push_back(
        number_column("Recv-W", [](const SocketRecord& s) { return openbsd_facts(s).receive_window; }));
    columns.push_back(
        number_column("Send-W", [](const SocketRecord& s) { return openbsd_facts(s).send_window; }));
    columns.push_back(number_column("Cgst-W", congestion_window));
}

Column end_column(const Viewed& view, bool foreign) {
    const int width = static_cast<int>(view->address_width());
    return {foreign ? " " : "  ",
            foreign ? "Foreign Address" : "Local Address",
            -width,
            0,
            [=](Text& out, const Row& row) { put_end(out, row, foreign, *view); },
            foreign ? Role::None : Role::LocalAddress};
}

void put_state(Text& out, const Row& row) {
    const std::string_view name = bsd_state_name(row.socket.state);
    const auto number = static_cast<std::uint32_t>(row.socket.native_state);
    if (!name.empty())
        put(out, name);
    else if (number == 0) // which has a name: the record is too short to have one
        out.push_back('?');
    else
        put_number(out, number);
}

/// Of what is neither TCP nor raw the column is missing, or blank where ours follow.
void put_ip_protocol(Text& out, const Row& row) {
    const OpenBsdFacts facts = openbsd_facts(row.socket);
    if (facts.type == openbsd::raw) put_number(out, facts.ip_protocol);
}

/// `seqpac`, and a number for an unknown type.
void put_type(Text& out, const Row& row) {
    const std::uint16_t type = unix_facts(row.socket).type;
    fmt::format_to(fmt::appender(out), "{}",
                   type < socket_types.size() ? socket_types[type].substr(0, 6) : "");
}

/// Classic: as it is, as natively.
void put_path(Text& out, const Row& row, bool classic) {
    const std::string_view path = unix_facts(row.socket).path;
    if (path.empty()) return;
    out.push_back(' ');
    if (classic)
        put(out, path);
    else
        put_clean(out, path);
}

} // namespace

std::vector<Column> inet_columns(const Viewed& view, Protocol protocol) {
    const bool tcp = protocol == Protocol::Tcp, raw = protocol == Protocol::Raw;
    std::vector<Column> columns;
    if (view->flags.addresses) {
        columns.push_back(address_column("PCB", -18, shown_pcb));
        columns.back().gap.clear();
    }
    columns.push_back({view->flags.addresses ? " " : "", "Proto", -7, -7, put_protocol, Role::Protocol});
    columns.push_back(number_column("Recv-Q", [](const SocketRecord& s) { return s.recv_q; }));
    columns.push_back(number_column("Send-Q", [](const SocketRecord& s) { return s.send_q; }));
    if (view->flags.windows && tcp) add_windows(columns);
    columns.push_back(end_column(view, false));
    columns.push_back(end_column(view, true));
    const int width = view->classic ? 0 : -state_width;
    if (tcp)
        columns.push_back({" ", "TCP-State", width, width, put_state});
    else if (raw)
        columns.push_back({" ", "IP-Proto", width, width, put_ip_protocol});
    else if (!view->classic)
        columns.push_back({" ", "", width, width, put_ip_protocol});
    if (!view->classic) {
        columns.push_back(process_pid_column());
        columns.push_back(v6only_column());
    }
    return columns;
}

std::vector<Column> unix_columns(const View& view) {
    std::vector<Column> columns{address_column("Address", -18, [](const SocketRecord& s) { return s.pcb; })};
    columns.back().gap.clear();
    columns.push_back({" ", "Type", -6, -6, put_type});
    columns.push_back(number_column("Recv-Q", [](const SocketRecord& s) { return s.recv_q; }));
    columns.push_back(number_column("Send-Q", [](const SocketRecord& s) { return s.send_q; }));
    columns.push_back(address_column("Inode", 18, [](const SocketRecord& s) { return unix_facts(s).vnode; }));
    columns.push_back(address_column("Conn", 18, [](const SocketRecord& s) { return unix_facts(s).peer; }));
    columns.push_back(address_column("Refs", 18, [](const SocketRecord& s) { return unix_facts(s).refs; }));
    columns.push_back(
        address_column("Nextref", 18, [](const SocketRecord& s) { return unix_facts(s).next_ref; }));
    columns.push_back({"", " Addr", 0, 0,
                       [classic = view.classic](Text& out, const Row& row) { put_path(out, row, classic); }});
    return columns;
}

} // namespace netstat46::openbsd_look
