#include "format/dialect_darwin.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/compile.h>

#include "arguments.hpp"
#include "format/address.hpp"

namespace netstat46 {

namespace {

constexpr std::string_view usage_text = "Usage:\tnetstat [-AaLlnW] [-f address_family | -p protocol]\n"
                                        "\tnetstat [-gilns] [-f address_family]\n"
                                        "\tnetstat -i | -I interface [-w wait] [-abdgRtS]\n"
                                        "\tnetstat -s [-s] [-f address_family | -p protocol] [-w wait]\n"
                                        "\tnetstat -i | -I interface -s [-f address_family | -p protocol]\n"
                                        "\tnetstat -m [-m]\n"
                                        "\tnetstat -r [-Aaln] [-f address_family]\n"
                                        "\tnetstat -rs [-s]\n\n";

enum class Choice : std::uint8_t { All, Inet, Inet6, Unix, System, Nothing };

struct Flags {
    bool addresses = false;      ///< -A
    bool all = false;            ///< -a
    bool bytes = false;          ///< -b
    bool drops = false;          ///< -d
    bool wide = false;           ///< -l
    bool queues = false;         ///< -L
    bool numeric = false;        ///< -n
    bool uncut = false;          ///< -W
    int verbose = 0;             ///< -v, as often as given
    Choice family = Choice::All; ///< -f
    std::string_view protocol;   ///< -p, of `protocols`; empty: all
    bool old = false;            ///< network_cmds-606
    bool old_widths = false;     ///< which leaves IPv4 addresses narrow with -l
};

/// What the cells of one plan share.
struct Style {
    Flags flags;
    bool classic = false;
    bool darwin_records = false; ///< the sockets are a Darwin kernel's
    const Names* names = nullptr;
};

// ---- cells ----

void put_hex(Text& out, std::uint64_t value, int least_digits = 1) {
    constexpr std::string_view digits = "0123456789abcdef";
    int count = 16;
    while (count > least_digits && (value >> (4 * (count - 1))) == 0) --count;
    while (count-- > 0) out.push_back(digits[(value >> (4 * count)) & 0xf]);
}

void cut(Text& out, std::size_t start, std::size_t length) {
    if (out.size() - start > length) out.resize(start + length);
}

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
        static_cast<std::int32_t>(static_cast<std::int16_t>(socket.socket_state)));
}

std::string_view state_name(State state) {
    constexpr std::array<std::string_view, 13> names{
        "",           "CLOSED",     "CLOSED",  "LISTEN",   "SYN_SENT",   "SYN_RCVD", "ESTABLISHED",
        "CLOSE_WAIT", "FIN_WAIT_1", "CLOSING", "LAST_ACK", "FIN_WAIT_2", "TIME_WAIT"};
    return names[static_cast<std::size_t>(state)];
}

/// Unknown states are numbers; where nobody told one, `-`.
void put_state(Text& out, const Row& row) {
    if (row.socket.protocol != Protocol::Tcp) return;
    if (row.socket.state != State::Unknown) {
        put(out, state_name(row.socket.state));
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
    const Process* process = row.side.process(pid);
    const fmt::format_int digits(static_cast<std::uint32_t>(pid));
    put_process(out, process != nullptr ? std::string_view(process->name) : std::string_view(),
                {digits.data(), digits.size()});
}

Cell last_process(const Style& style) {
    return [native = style.darwin_records](Text& out, const Row& row) {
        const std::int32_t last = row.socket.darwin.last_pid.value_or(0);
        put_process_of(out, row, native || !row.owner ? last : row.owner->pid);
    };
}

void put_effective_process(Text& out, const Row& row) {
    if (row.socket.darwin.effective_pid == 0) {
        put_process(out, "", "");
    } else {
        put_process_of(out, row, row.socket.darwin.effective_pid);
    }
}

// ---- addresses ----

/// How wide an address column is and where its parts are cut.
struct AddressForm {
    bool v4 = false;
    std::size_t host = 16, width = 22;
    bool uncut = false; ///< whatever its length
};

AddressForm form_of(const Flags& flags, bool v4, bool numeric_port) {
    const std::size_t short_host = flags.addresses && !numeric_port ? 12 : 16;
    const std::size_t narrow = flags.addresses ? 18 : 22;
    AddressForm form{v4, short_host, flags.wide ? 45U : narrow, false};
    if (v4) {
        form.uncut = flags.uncut;
        if (flags.old_widths) form.width = narrow;
    } else if (flags.wide) {
        form.host = 39;
    }
    return form;
}

Address looked_up(const SocketRecord&, const Address& address) { return unmapped(address); }

void put_host(Text& out, const Address& address, const Names& names) {
    if (is_unspecified(address)) {
        out.push_back('*');
        return;
    }
    if (const std::string_view name = names.host ? names.host(address) : std::string_view(); !name.empty()) {
        put_clean(out, name);
        return;
    }
    put_address(out, address);
    if (address.scope == 0) return;
    out.push_back('%');
    if (const std::string_view name = names.interface ? names.interface(address.scope) : std::string_view();
        !name.empty()) {
        put_clean(out, name);
    } else {
        put_number(out, address.scope);
    }
}

void put_port(Text& out, std::uint16_t port, std::string_view protocol, const Names& names) {
    constexpr std::size_t longest_service = 15;
    const std::size_t start = out.size();
    if (port == 0) {
        out.push_back('*');
        return;
    }
    const std::string_view name =
        !protocol.empty() && names.service ? names.service(port, protocol) : std::string_view();
    if (name.empty()) {
        put_number(out, port);
    } else {
        put_clean(out, name);
        cut(out, start, longest_service);
    }
}

/// `host.port`, cut and padded to the column. An empty protocol: the port stays a number.
void put_endpoint(Text& out, const Endpoint& endpoint, const AddressForm& form, std::string_view protocol,
                  const Names& names) {
    constexpr std::size_t longest_line = 79;
    const std::size_t start = out.size();
    put_host(out, unmapped(endpoint.address), names);
    cut(out, start, form.uncut ? longest_line - 1 : form.host);
    out.push_back('.');
    put_port(out, endpoint.port, protocol, names);
    if (form.v4) out.push_back(' ');
    cut(out, start, form.uncut ? longest_line : form.width);
    pad_to(out, start, form.width);
}

/// A port that the kernel chose (INP_ANONPORT) stays a number, and so does the other end's unless the local
/// one was chosen so or both are the same.
bool numeric_port(const SocketRecord& socket, bool local) {
    constexpr std::uint32_t anonymous_port = 0x40; // netinet/in_pcb.h: INP_ANONPORT
    const bool anonymous = (socket.pcb_flags & anonymous_port) != 0;
    if (local) return anonymous;
    return !anonymous && socket.local.port != socket.foreign.port;
}

Cell endpoint_cell(const Style& style, std::string_view protocol, bool local) {
    return [flags = style.flags, names = style.names, protocol, local](Text& out, const Row& row) {
        const bool numeric = flags.numeric || numeric_port(row.socket, local);
        put_endpoint(out, local ? row.socket.local : row.socket.foreign,
                     form_of(flags, row.socket.serves.ipv4, numeric), numeric ? std::string_view() : protocol,
                     *names);
    };
}

// ---- columns ----

using Columns = std::vector<Column>;

void append(Columns& columns, Columns more) {
    columns.insert(columns.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Cell received(const Style& style) {
    return style.flags.verbose > 1 && !style.flags.old
               ? Cell([](Text& out, const Row& row) {
                     const fmt::format_int bytes(row.socket.darwin.rx_bytes);
                     for (std::size_t i = bytes.size(); i < 12; ++i) out.push_back(' ');
                     put(out, {bytes.data(), bytes.size()});
                     out.push_back('/');
                     put_number(out, row.socket.darwin.rx_packets);
                 })
               : decimal([](const SocketRecord& socket) { return socket.darwin.rx_bytes; });
}

Cell sent(const Style& style) {
    return style.flags.verbose > 1 && !style.flags.old
               ? Cell([](Text& out, const Row& row) {
                     const fmt::format_int bytes(row.socket.darwin.tx_bytes);
                     for (std::size_t i = bytes.size(); i < 12; ++i) out.push_back(' ');
                     put(out, {bytes.data(), bytes.size()});
                     out.push_back('/');
                     put_number(out, row.socket.darwin.tx_packets);
                 })
               : decimal([](const SocketRecord& socket) { return socket.darwin.tx_bytes; });
}

Columns byte_columns(const Style& style) {
    if (style.flags.old)
        return {{" ", "rxbytes", 10, 10, received(style)}, {" ", "txbytes", 10, 10, sent(style)}};
    if (style.flags.verbose > 1)
        return {{" ", "     rxbytes/packets", -22, -22, received(style)},
                {" ", "     txbytes/packets", -22, -22, sent(style)}};
    return {{" ", "rxbytes", 12, 12, received(style)}, {" ", "txbytes", 12, 12, sent(style)}};
}

/// What 606 prints with -v of every socket that has buffers.
Columns old_buffer_columns() {
    return {{" ", "rhiwat", 6, 6, decimal([](const SocketRecord& s) { return s.receive.high_water; })},
            {" ", "shiwat", 6, 6, decimal([](const SocketRecord& s) { return s.send.high_water; })},
            {" ", "pid", 6, 6,
             decimal([](const SocketRecord& s) { return std::uint32_t(s.darwin.last_pid.value_or(0)); })},
            {" ", "epid", 6, 6,
             decimal([](const SocketRecord& s) { return std::uint32_t(s.darwin.effective_pid); })}};
}

Cell prefixed_hex(std::uint32_t (*get)(const SocketRecord&), int least_digits) {
    return [get, least_digits](Text& out, const Row& row) {
        put(out, "0x");
        put_hex(out, get(row.socket), least_digits);
    };
}

std::uint32_t options_of(const SocketRecord& socket) { return socket.options.value_or(0); }

Columns old_state_columns() {
    return {{" ", "state", 6, 6, prefixed_hex(state_bits, 4)},
            {" ", "options", 10, 10, prefixed_hex(options_of, 8)}};
}

/// What 741 prints with -v of every socket.
Columns verbose_columns(const Style& style) {
    Columns columns{
        {" ", "rhiwat", 7, 7, decimal([](const SocketRecord& s) { return s.receive.high_water; })},
        {" ", "shiwat", 7, 7, decimal([](const SocketRecord& s) { return s.send.high_water; })},
        {" ", "         process:pid", -23, -23, last_process(style)},
    };
    if (style.flags.verbose > 1)
        columns.push_back({" ", "        eprocess:epid", -23, -23, put_effective_process});
    append(
        columns,
        {{" ", "state", 5, 5, hex(state_bits, 5)},
         {" ", "options", 8, 8, hex(options_of, 8)},
         {" ", "gencnt", 16, 16, hex([](const SocketRecord& s) { return s.darwin.socket_generation; }, 16)},
         {" ", "flags", 8, 8, hex([](const SocketRecord& s) { return s.darwin.flags; }, 8)},
         {" ", "flags1", 8, 8, hex([](const SocketRecord& s) { return s.darwin.flags1; }, 8)},
         {" ", "usecnt", 6, 6, decimal([](const SocketRecord& s) { return s.darwin.use_count; })},
         {" ", "rtncnt", 6, 6, decimal([](const SocketRecord& s) { return s.darwin.retain_count; })},
         {" ", "fltrs", style.classic ? 5 : -6, 6,
          hex([](const SocketRecord& s) { return s.darwin.filter_flags; }, 6)}});
    return columns;
}

/// -b, -d and -v as 741 has them.
Columns counter_columns(const Style& style) {
    const Flags& flags = style.flags;
    Columns columns;
    if (flags.bytes || flags.verbose > 0) append(columns, byte_columns(style));
    if (flags.drops)
        columns.push_back({" ", "rxdrops", 12, 12, [](Text& out, const Row&) { out.push_back('0'); }});
    if (flags.verbose > 0) append(columns, verbose_columns(style));
    return columns;
}

Columns inet_counter_columns(const Style& style) {
    if (!style.flags.old) return counter_columns(style);
    Columns columns;
    if (style.flags.bytes) append(columns, byte_columns(style));
    if (style.flags.verbose > 0) {
        append(columns, old_buffer_columns());
        append(columns, old_state_columns());
    }
    return columns;
}

/// The same cell without title or gap in the heading: what -L prints behind its heading's end.
Column untitled(Column column) {
    const auto width = static_cast<std::size_t>(std::abs(column.width));
    return {
        "", "", 0, 0,
        [gap = column.gap, width, right = column.width > 0, cell = column.cell](Text& out, const Row& row) {
            put(out, gap);
            const std::size_t start = out.size();
            cell(out, row);
            const std::size_t length = out.size() - start;
            if (length >= width) return;
            pad_to(out, start, width);
            if (right)
                std::rotate(out.data() + start, out.data() + start + length, out.data() + start + width);
        }};
}

/// 741 widens the headings of the address columns exactly when the rows are narrow.
int heading_width(const Style& style) {
    const Flags& flags = style.flags;
    const int narrow = flags.addresses ? 18 : 22;
    if (!style.classic) return flags.wide ? 45 : narrow;
    if (flags.old) return narrow;
    return flags.wide ? narrow : 45;
}

int queue_heading_width(const Style& style) {
    const Flags& flags = style.flags;
    if (!style.classic) return flags.wide ? 45 : flags.addresses ? 18 : 22;
    return flags.old || flags.wide ? 22 : 39;
}

/// One of the internet protocols that netstat lists.
struct InetProtocol {
    std::string_view name;
    Protocol protocol = Protocol::Tcp;
    std::int32_t number = 0;
};

void put_protocol(Text& out, std::string_view name, Serves serves) {
    const std::size_t start = out.size();
    put(out, name.substr(0, 3));
    pad_to(out, start, 3);
    if (serves.ipv4) out.push_back('4');
    if (serves.ipv6) out.push_back('6');
    pad_to(out, start, 5);
}

Columns address_columns(const Style& style, const InetProtocol& protocol) {
    const int title = -heading_width(style);
    return {
        {style.flags.addresses ? " " : "", "Proto", -5, -5,
         [name = protocol.name](Text& out, const Row& row) { put_protocol(out, name, row.socket.serves); }},
        {" ", "Recv-Q", -6, 6, decimal([](const SocketRecord& s) { return s.recv_q; })},
        {" ", "Send-Q", -6, 6, decimal([](const SocketRecord& s) { return s.send_q; })},
        {"  ", "Local Address", title, 0, endpoint_cell(style, protocol.name, true)},
        {" ", "Foreign Address", title, 0, endpoint_cell(style, protocol.name, false)},
        {" ", "(state)", -11, -11, put_state}};
}

Columns queue_columns(const Style& style, const InetProtocol& protocol) {
    Columns columns{
        {style.flags.addresses ? " " : "", "Listen", -14, -14, put_listen_queue},
        {" ", "Local Address", -queue_heading_width(style), 0, endpoint_cell(style, protocol.name, true)}};
    if (!style.classic) return columns;
    const bool tcp = protocol.protocol == Protocol::Tcp;
    columns.push_back({"", "", 0, 0, [tcp](Text& out, const Row&) { put(out, tcp ? " " : "            "); }});
    return columns;
}

Columns inet_columns(const Style& style, const InetProtocol& protocol) {
    const Flags& flags = style.flags;
    Columns columns;
    if (flags.addresses)
        columns = {{"", "Socket", -16, 16,
                    hex([](const SocketRecord& s) { return s.protocol == Protocol::Tcp ? s.tcb : s.pcb; })},
                   {" ", "Flowhash", -8, 8, hex([](const SocketRecord& s) { return s.darwin.flow_hash; })}};
    append(columns, flags.queues ? queue_columns(style, protocol) : address_columns(style, protocol));
    Columns counters = inet_counter_columns(style);
    if (flags.queues && style.classic)
        for (Column& column : counters) column = untitled(std::move(column));
    append(columns, std::move(counters));
    if (!style.classic) append(columns, {process_pid_column(), v6only_column()});
    return columns;
}

void put_unix_type(Text& out, const Row& row) {
    constexpr std::array<std::string_view, 6> names{"#0", "stream", "dgram", "raw", "rdm", "seqpac"};
    const std::size_t type = row.socket.unix_.type;
    if (type < names.size()) {
        put(out, names[type]);
        return;
    }
    out.push_back('#');
    put_number(out, type);
}

/// netstat prints the blank before a name of no length, too.
Cell path_cell(bool darwin_records) {
    return [darwin_records](Text& out, const Row& row) {
        const std::string_view path = row.socket.unix_.path;
        if (darwin_records ? path.data() == nullptr : path.empty()) return;
        out.push_back(' ');
        put_clean(out, path);
    };
}

Columns unix_columns(const Style& style) {
    Columns columns{{"", "Address", -16, 16, hex([](const SocketRecord& s) { return s.pcb; })},
                    {" ", "Type", -6, -6, put_unix_type},
                    {" ", "Recv-Q", -6, 6, decimal([](const SocketRecord& s) { return s.recv_q; })},
                    {" ", "Send-Q", -6, 6, decimal([](const SocketRecord& s) { return s.send_q; })},
                    {" ", "Inode", 16, 16, hex([](const SocketRecord& s) { return s.unix_.vnode; })},
                    {" ", "Conn", 16, 16, hex([](const SocketRecord& s) { return s.unix_.peer; })},
                    {" ", "Refs", 16, 16, hex([](const SocketRecord& s) { return s.unix_.refs; })},
                    {" ", "Nextref", 16, 16, hex([](const SocketRecord& s) { return s.unix_.next_ref; })}};
    if (!style.flags.old) append(columns, counter_columns(style));
    columns.push_back({"", " Addr", 0, 0, path_cell(style.darwin_records)});
    return columns;
}

void put_control_name(Text& out, const Row& row) { put_clean(out, row.socket.control.name); }

Columns registration_columns(const Style& style) {
    const bool addresses = style.flags.addresses;
    Columns columns;
    if (addresses)
        columns.push_back({"", "kctlref", -16, 16, hex([](const SocketRecord& s) { return s.pcb; })});
    columns.push_back(
        {addresses ? " " : "", "id", -8, 8, hex([](const SocketRecord& s) { return s.control.id; })});
    if (addresses)
        columns.push_back(
            {" ", "unit", -8, 8, decimal([](const SocketRecord& s) { return s.control.unit; })});
    append(columns,
           {{" ", "flags", -8, 8, hex([](const SocketRecord& s) { return s.control.flags; })},
            {" ", "pcbcount", -8, 8, decimal([](const SocketRecord& s) { return s.control.pcb_count; })},
            {" ", "rcvbuf", -8, 8, decimal([](const SocketRecord& s) { return s.control.receive_size; })},
            {" ", "sndbuf", -8, 8, decimal([](const SocketRecord& s) { return s.control.send_size; })},
            {" ", "name ", 0, 0, [](Text& out, const Row& row) {
                 put_control_name(out, row);
                 out.push_back(' ');
             }}});
    return columns;
}

Columns system_socket_columns(const Style& style, std::string_view name) {
    Columns columns;
    if (style.flags.addresses)
        columns.push_back({"", "pcb", 16, 16, hex([](const SocketRecord& s) { return s.pcb; })});
    append(columns, {{style.flags.addresses ? " " : "", "Proto", -5, -5,
                      [name](Text& out, const Row&) { put(out, name); }},
                     {" ", "Recv-Q", -6, 6, decimal([](const SocketRecord& s) { return s.recv_q; })},
                     {" ", "Send-Q", -6, 6, decimal([](const SocketRecord& s) { return s.send_q; })}});
    return columns;
}

Columns event_columns(const Style& style) {
    const Flags& flags = style.flags;
    Columns columns = system_socket_columns(style, "kevt");
    append(columns,
           {{" ", "vendor", 6, 6, decimal([](const SocketRecord& s) { return s.control.vendor; })},
            {" ", "class", 6, 6, decimal([](const SocketRecord& s) { return s.control.event_class; })},
            {" ", flags.old ? "subcla" : "subcl", 6, 6,
             decimal([](const SocketRecord& s) { return s.control.subclass; })}});
    if (!flags.old) {
        append(columns, counter_columns(style));
        return columns;
    }
    // 606 puts the blank of these columns behind them.
    Columns counters;
    if (flags.bytes) append(counters, byte_columns(style));
    if (flags.verbose > 0) append(counters, old_buffer_columns());
    if (!counters.empty()) counters.front().gap.clear();
    if (flags.bytes && flags.verbose == 0) counters.push_back({" ", "", 0, 0, [](Text&, const Row&) {}});
    append(columns, std::move(counters));
    return columns;
}

Columns control_columns(const Style& style) {
    const Flags& flags = style.flags;
    Columns columns = system_socket_columns(style, "kctl");
    if (!flags.old) append(columns, counter_columns(style));
    if (flags.old && flags.bytes) append(columns, byte_columns(style));
    if (flags.old && flags.verbose > 0) append(columns, old_buffer_columns());
    append(columns, {{" ", "unit", 6, 6, decimal([](const SocketRecord& s) { return s.control.unit; })},
                     {" ", "id", 6, 6, decimal([](const SocketRecord& s) { return s.control.id; })},
                     {" ", "name", 0, 0, put_control_name}});
    return columns;
}

// ---- sections ----

constexpr InetProtocol tcp{"tcp", Protocol::Tcp, 6}, udp{"udp", Protocol::Udp, 17},
    ip{"ip", Protocol::Raw, 255}, icmp{"icmp", Protocol::Raw, 1}, igmp{"igmp", Protocol::Raw, 2},
    ip6{"ip6", Protocol::Raw, 255}, icmp6{"icmp6", Protocol::Raw, 58};
constexpr InetProtocol multipath{"mptcp", Protocol::Multipath, 0};

/// Every name that -p accepts. Those without a listing print nothing.
constexpr std::array<std::string_view, 24> protocols{
    "tcp",   "udp",   "divert",  "ip",      "icmp",          "igmp",  "ipsec", "arp",
    "mptcp", "ip6",   "icmp6",   "ipsec6",  "rip6",          "pfkey", "reg",   "kevt",
    "kctl",  "nstat", "xbkidle", "net_api", "if_ports_used", "vsock", "tcp6",  "udp6"};

constexpr std::array unlisted{"ipsec", "arp",     "ipsec6",  "rip6",         "pfkey",
                              "nstat", "xbkidle", "net_api", "if_ports_used"};

std::vector<InetProtocol> listed_protocols(const Flags& flags) {
    const std::vector<InetProtocol> all{tcp, udp, ip, icmp, igmp, multipath, ip6, icmp6};
    if (!flags.protocol.empty()) {
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == flags.protocol; });
        return found == all.end() ? std::vector<InetProtocol>{} : std::vector{*found};
    }
    switch (flags.family) {
    case Choice::All:
        return all;
    case Choice::Inet:
        return {tcp, udp, ip, icmp, igmp, multipath};
    case Choice::Inet6:
        return {tcp, udp, ip6, icmp6, multipath};
    default:
        return {};
    }
}

/// CLOSED and LISTEN, and states below them: what is hidden without -a.
bool idle(const SocketRecord& socket) {
    if (socket.state == State::Unknown) return socket.native_state < 0;
    return socket.state == State::Closed || socket.state == State::Bound || socket.state == State::Listen;
}

bool serves_family(Serves serves, Choice family) {
    if (family == Choice::Inet) return serves.ipv4;
    if (family == Choice::Inet6) return serves.ipv6;
    return serves.ipv4 || serves.ipv6;
}

std::function<bool(const SocketRecord&)> inet_selection(const Style& style, const InetProtocol& protocol) {
    return [flags = style.flags, native = style.darwin_records, protocol](const SocketRecord& socket) {
        if (protocol.protocol == Protocol::Raw ? socket.ip_protocol != protocol.number
                                               : native && socket.socket_protocol != protocol.number)
            return false;
        if (!serves_family(socket.serves, flags.family)) return false;
        if (protocol.protocol == Protocol::Tcp && !flags.all && idle(socket)) return false;
        return !flags.queues || (socket.backlog && socket.backlog->limit != 0);
    };
}

bool nothing(const SocketRecord&) { return false; }

Section multipath_section(const Style& style) {
    return {{Protocol::Multipath, true, true},
            nothing,
            {},
            [native = style.darwin_records](Text& out, const TableNotes& notes) {
                if (native && notes.present)
                    put(out,
                        "Active Multipath Internet connections\n"
                        "Proto/ID  Flags      Local Address          Foreign Address        (state)    \n");
                return Section::End{};
            }};
}

Listing inet_listing(const Style& style) {
    const Flags& flags = style.flags;
    Listing listing;
    listing.heading_always = false;
    listing.heading = flags.queues ? "Current listen queue sizes (qlen/incqlen/maxqlen)\n"
                      : flags.all  ? "Active Internet connections (including servers)\n"
                                   : "Active Internet connections\n";
    listing.heading += heading_of(inet_columns(style, tcp)) + "\n";
    for (const InetProtocol& protocol : listed_protocols(flags)) {
        if (protocol.protocol == Protocol::Multipath) {
            if (!flags.queues && !flags.addresses) listing.sections.push_back(multipath_section(style));
            continue;
        }
        listing.sections.push_back({{protocol.protocol, true, true},
                                    inet_selection(style, protocol),
                                    inet_columns(style, protocol),
                                    nullptr});
    }
    return listing;
}

/// Prints the remarks about the table of one socket type (`stream: `), which the decoder left.
std::function<Section::End(Text&, const TableNotes&)> remarks_about(std::string type) {
    return [prefix = std::move(type) + ": "](Text& out, const TableNotes& notes) {
        for (const std::string& remark : notes.remarks) {
            if (!remark.starts_with(prefix)) continue;
            put(out, std::string_view(remark).substr(prefix.size()));
            out.push_back('\n');
        }
        return Section::End{};
    };
}

/// Remarks stand between the types, so each type gets a section of its own where there may be any.
Listing unix_listing(const Style& style) {
    constexpr std::uint16_t datagram = 2; // sys/socket.h: SOCK_DGRAM
    const Columns columns = unix_columns(style);
    Listing listing;
    listing.heading = "Active LOCAL (UNIX) domain sockets\n" + heading_of(columns) + "\n";
    listing.heading_always = false;
    const bool remarks =
        style.classic && style.darwin_records && (style.flags.old || style.flags.verbose > 2);
    if (!remarks) {
        listing.sections = {{{Protocol::Unix}, [](const SocketRecord&) { return true; }, columns, nullptr}};
        return listing;
    }
    listing.sections = {{{Protocol::Unix},
                         [](const SocketRecord& s) { return s.unix_.type != datagram; },
                         columns,
                         remarks_about("stream")},
                        {{Protocol::Unix},
                         [](const SocketRecord& s) { return s.unix_.type == datagram; },
                         columns,
                         remarks_about("dgram")}};
    return listing;
}

Listing system_listing(std::string heading, std::int32_t protocol, Columns columns) {
    heading += heading_of(columns) + "\n";
    return {std::move(heading),
            false,
            {{{Protocol::KernelControl},
              [protocol](const SocketRecord& socket) { return socket.socket_protocol == protocol; },
              std::move(columns),
              nullptr}}};
}

void add_system_listings(const Style& style, Plan& plan) {
    const std::string_view only = style.flags.protocol; // numbers: sys/sys_domain.h, SYSPROTO_*
    if (only.empty() || only == "reg")
        plan.listings.push_back(
            system_listing("Registered kernel control modules\n", 0, registration_columns(style)));
    if (only.empty() || only == "kevt")
        plan.listings.push_back(system_listing("Active kernel event sockets\n", 1, event_columns(style)));
    if (only.empty() || only == "kctl")
        plan.listings.push_back(system_listing("Active kernel control sockets\n", 2, control_columns(style)));
}

Plan plan_of(Flags flags, const Look& look) {
    flags.all = flags.all || look.all;
    flags.old_widths = flags.old && look.classic;
    const Style style{flags, look.classic, look.host == nullptr || look.host->os == Os::Darwin, look.names};
    Plan plan;
    plan.owners = !look.classic || flags.verbose > 0; // -v names processes
    plan.named_address = looked_up;
    const bool one = !flags.protocol.empty();
    plan.listings.push_back(inet_listing(style));
    if (one && flags.verbose > 0 &&
        std::find(unlisted.begin(), unlisted.end(), flags.protocol) != unlisted.end())
        plan.listings.push_back({std::string(flags.protocol) + ": no PCB routine\n", true, {}});
    const bool unix_too = !one && (flags.family == Choice::All || flags.family == Choice::Unix);
    const bool system_too = one || flags.family == Choice::All || flags.family == Choice::System;
    if (unix_too && !flags.queues) plan.listings.push_back(unix_listing(style));
    if (system_too && (one || !flags.queues)) add_system_listings(style, plan);
    std::erase_if(plan.listings,
                  [](const Listing& listing) { return listing.sections.empty() && !listing.heading_always; });
    return plan;
}

// ---- options ----

/// Modes that are no socket listing, in the order in which netstat looks for them; what else there is on
/// Linux.
struct Mode {
    std::string_view letters;
    std::string_view instead;
};

constexpr std::array<Mode, 9> modes{{{"m", ""},
                                     {"B", ""},
                                     {"iIw", "ip -s link"},
                                     {"r", "ip route"},
                                     {"qQ", ""},
                                     {"S", ""},
                                     {"g", "ip maddress"},
                                     {"s", "nstat"},
                                     {"P", ""}}};

constexpr std::array<std::pair<std::string_view, Choice>, 7> families{{{"inet", Choice::Inet},
                                                                       {"inet6", Choice::Inet6},
                                                                       {"unix", Choice::Unix},
                                                                       {"systm", Choice::System},
                                                                       {"pfkey", Choice::Nothing},
                                                                       {"vsock", Choice::Nothing},
                                                                       {"ipx", Choice::Nothing}}};

Say usage(const std::string& program, const std::string& mistake, bool old) {
    constexpr int old_status = 1, usage_status = 64; // sysexits.h: EX_USAGE
    const std::string complaint = mistake.empty() ? std::string() : program + ": " + mistake + "\n";
    return {{}, complaint + std::string(usage_text), old ? old_status : usage_status};
}

/// Names of /etc/protocols that mean one of ours.
std::string_view known_protocol(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> aliases{
        {{"TCP", "tcp"}, {"UDP", "udp"}, {"IP", "ip"}, {"ICMP", "icmp"}, {"IGMP", "igmp"}}};
    for (const auto& [alias, known] : aliases)
        if (alias == name) name = known;
    const auto found = std::find(protocols.begin(), protocols.end(), name);
    return found == protocols.end() ? std::string_view() : *found;
}

std::optional<Choice> known_family(std::string_view name) {
    for (const auto& [known, choice] : families)
        if (known == name) return choice;
    return std::nullopt;
}

struct Reading {
    Flags flags;
    std::string errors;
    std::string modes_given;
    std::optional<Say> end;
};

/// 741 only warns of a protocol, and says nothing of a family, that it does not know.
void read_option(const GivenOption& given, const std::string& program, Reading& reading) {
    Flags& flags = reading.flags;
    switch (given.letter) {
    case 'A':
        flags.addresses = true;
        break;
    case 'a':
        flags.all = true;
        break;
    case 'b':
        flags.bytes = true;
        break;
    case 'd':
        flags.drops = true;
        break;
    case 'l':
        flags.wide = true;
        break;
    case 'L':
        flags.queues = true;
        break;
    case 'n':
        flags.numeric = true;
        break;
    case 'u':
        flags.family = Choice::Unix;
        break;
    case 'v':
        ++flags.verbose;
        break;
    case 'W':
        flags.uncut = true;
        break;
    case 'f':
        if (const auto family = known_family(given.value)) {
            flags.family = *family;
        } else if (flags.old) {
            reading.end = Say{{}, program + ": " + given.value + ": unknown address family\n", 1};
        }
        break;
    case 'p': {
        flags.protocol = known_protocol(given.value);
        const std::string complaint = program + ": " + given.value + ": unknown or uninstrumented protocol";
        if (!flags.protocol.empty()) break;
        if (flags.old) reading.end = Say{{}, complaint + "\n", 1};
        reading.errors += complaint + ": Success\n";
        break;
    }
    default:
        reading.modes_given += given.letter;
        break;
    }
}

/// A number as first operand is an interval, which belongs to the interface listing.
bool interval_given(const Arguments& read) {
    return !read.operands.empty() && !read.operands.front().empty() && read.operands.front()[0] >= '0' &&
           read.operands.front()[0] <= '9';
}

/// The digits that `text` begins with.
std::uint64_t leading_number(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// macOS 12 or earlier (before xnu-8792): network_cmds-606 is its netstat.
bool has_old_netstat(const HostFacts& host) {
    constexpr std::uint64_t first_new_release = 22; // Darwin 22 is macOS 13
    constexpr std::uint64_t first_new_kernel = 8792;
    if (host.os != Os::Darwin) return false;
    if (const std::uint64_t release = leading_number(host.release); release != 0)
        return release < first_new_release;
    constexpr std::string_view prefix = "xnu-";
    const std::size_t at = host.kernel.find(prefix);
    if (at == std::string::npos) return false;
    const std::uint64_t kernel = leading_number(std::string_view(host.kernel).substr(at + prefix.size()));
    return kernel != 0 && kernel < first_new_kernel;
}

std::optional<HandOver> other_mode(const std::string& given) {
    for (const Mode& mode : modes)
        for (const char letter : mode.letters)
            if (given.find(letter) != std::string::npos)
                return HandOver{std::string{'-', letter}, std::string(mode.instead)};
    return std::nullopt;
}

} // namespace

Parsed parse_darwin(std::span<const std::string> arguments, const ParseContext& context) {
    const std::string program = context.classic ? "netstat" : "netstat46";
    Reading reading;
    reading.flags.old = context.host != nullptr && has_old_netstat(*context.host);
    const Arguments read = read_getopt(arguments, "AaBbc:dFf:gI:ikLlmnP:p:qQrRsStuvWw:xz");
    for (const GivenOption& given : read.options) {
        if (given.letter == '?') return usage(program, read.mistake, reading.flags.old);
        read_option(given, program, reading);
        if (reading.end) return *reading.end;
    }
    if (interval_given(read)) {
        if (read.operands.front().find_first_not_of('0') == std::string::npos)
            return usage(program, {}, reading.flags.old);
        reading.modes_given += 'w';
    }
    if (auto mode = other_mode(reading.modes_given)) return *mode;
    Chosen chosen;
    chosen.plan = [flags = reading.flags](const Look& look) { return plan_of(flags, look); };
    chosen.numeric = {reading.flags.numeric, reading.flags.numeric, false};
    chosen.all = reading.flags.all;
    if (reading.flags.addresses) chosen.look_options.push_back("-A");
    if (reading.flags.queues) chosen.look_options.push_back("-L");
    chosen.errors = reading.errors;
    return chosen;
}

} // namespace netstat46
