#include "format/dialect_linux.hpp"

#include <algorithm>
#include <array>

#include <fmt/compile.h>

#include "arguments.hpp"
#include "format/address.hpp"
#include "format/linux_texts.hpp"

namespace netstat46 {
namespace {

// ---- Options

/// Everything net-tools keeps in flags while it reads its arguments.
struct Flags {
    bool tcp = false, sctp = false, udp = false, udplite = false, raw = false, unix_ = false;
    bool inet = false, inet6 = false;
    bool all = false, listening = false, extend = false, programs = false, wide = false, timers = false;
    bool verbose = false, context = false, continuous = false, groups = false;
    bool implied_protocols = false; ///< -4 and -6 alone mean every protocol, and then none is missed
    std::vector<std::string_view> other_families; ///< asked for, and in no kernel of today
    std::vector<HandOver> modes;
    std::string errors; ///< said while reading options
    Numeric numeric;

    [[nodiscard]] bool any_protocol() const { return tcp || sctp || udp || udplite || raw; }
    [[nodiscard]] bool any_table() const { return any_protocol() || unix_ || !other_families.empty(); }
};

constexpr std::string_view short_letters = "A:CFMacdeghilnNoprsStuUvVWw2fx64?Z";
constexpr char family_letter = '\1'; // every family name is one option to getopt_long

constexpr LongOption long_options[] = {
    {"ax25", false, family_letter},
    {"ip", false, family_letter},
    {"ipx", false, family_letter},
    {"appletalk", false, family_letter},
    {"netrom", false, family_letter},
    {"inet", false, family_letter},
    {"inet6", false, family_letter},
    {"ddp", false, family_letter},
    {"unix", false, family_letter},
    {"tcpip", false, family_letter},
    {"rose", false, family_letter},
    {"x25", false, family_letter},
    {"bluetooth", false, family_letter},
    {"version", false, 'V'},
    {"interfaces", false, 'i'},
    {"help", false, 'h'},
    {"route", false, 'r'},
    {"masquerade", false, 'M'},
    {"protocol", true, 'A'},
    {"tcp", false, 't'},
    {"sctp", false, 'S'},
    {"udp", false, 'u'},
    {"udplite", false, 'U'},
    {"raw", false, 'w'},
    {"unix", false, 'x'}, // never meant, but it makes `--un` ambiguous
    {"l2cap", false, '2'},
    {"rfcomm", false, 'f'},
    {"listening", false, 'l'},
    {"all", false, 'a'},
    {"timers", false, 'o'},
    {"continuous", false, 'c'},
    {"extend", false, 'e'},
    {"programs", false, 'p'},
    {"verbose", false, 'v'},
    {"statistics", false, 's'},
    {"wide", false, 'W'},
    {"numeric", false, 'n'},
    {"numeric-hosts", false, '!'},
    {"numeric-ports", false, '@'},
    {"numeric-users", false, '#'},
    {"symbolic", false, 'N'},
    {"cache", false, 'C'},
    {"fib", false, 'F'},
    {"groups", false, 'g'},
    {"context", false, 'Z'},
};

struct FamilyName {
    std::string_view name;
    enum class Means : std::uint8_t { Inet, Inet6, Unix, Nothing, Absent } means;
    std::string_view missing; ///< what net-tools says it has no support for
};

constexpr FamilyName family_names[] = {
    {"inet", FamilyName::Means::Inet, {}},          {"ip", FamilyName::Means::Inet, {}},
    {"inet6", FamilyName::Means::Inet6, {}},        {"ip6", FamilyName::Means::Inet6, {}},
    {"unix", FamilyName::Means::Unix, {}},          {"tcpip", FamilyName::Means::Inet, {}},
    {"ddp", FamilyName::Means::Nothing, {}},        {"appletalk", FamilyName::Means::Nothing, {}},
    {"ash", FamilyName::Means::Nothing, {}},        {"econet", FamilyName::Means::Nothing, {}},
    {"ipx", FamilyName::Means::Absent, "AF IPX"},   {"ax25", FamilyName::Means::Absent, "AF AX25"},
    {"x25", FamilyName::Means::Absent, "AF X25"},   {"netrom", FamilyName::Means::Absent, "AF NETROM"},
    {"rose", FamilyName::Means::Absent, "AF ROSE"}, {"bluetooth", FamilyName::Means::Absent, "AF BLUETOOTH"},
};

constexpr std::string_view no_bluetooth =
    "netstat: feature `AF BLUETOOTH' not supported.\n"
    "Please recompile `net-tools' with newer kernel source or full configuration.\n";

std::string no_support(std::string_view what) {
    if (what == "AF BLUETOOTH") return std::string(no_bluetooth);
    return fmt::format("netstat: no support for `{}' on this system.\n", what);
}

/// A comma separated list of families; the first unknown one is returned.
std::optional<std::string> take_families(Flags& flags, std::string_view list) {
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view name = list.substr(0, comma);
        const auto* const known = std::find_if(std::begin(family_names), std::end(family_names),
                                               [&](const FamilyName& family) { return family.name == name; });
        if (known == std::end(family_names)) return std::string(name);
        switch (known->means) {
        case FamilyName::Means::Inet:
            flags.inet = true;
            break;
        case FamilyName::Means::Inet6:
            flags.inet6 = true;
            break;
        case FamilyName::Means::Unix:
            flags.unix_ = true;
            break;
        case FamilyName::Means::Absent:
            flags.other_families.push_back(known->missing);
            break;
        case FamilyName::Means::Nothing:
            break;
        }
        if (comma == std::string_view::npos) return std::nullopt;
        list.remove_prefix(comma + 1);
    }
}

/// Letters that only raise a flag.
bool raise_flag(Flags& flags, char letter) {
    switch (letter) {
    case 'a':
        flags.all = true;
        break;
    case 'l':
        flags.listening = true;
        break;
    case 'c':
        flags.continuous = true;
        break;
    case 'e':
        flags.extend = true;
        break;
    case 'p':
        flags.programs = true;
        break;
    case 'W':
        flags.wide = true;
        break;
    case 'n':
        flags.numeric = {true, true, true};
        break;
    case '!':
        flags.numeric.hosts = true;
        break;
    case '@':
        flags.numeric.ports = true;
        break;
    case '#':
        flags.numeric.users = true;
        break;
    case 'o':
        flags.timers = true;
        break;
    case 'v':
        flags.verbose = true;
        break;
    case 't':
        flags.tcp = true;
        break;
    case 'S':
        flags.sctp = true;
        break;
    case 'u':
        flags.udp = true;
        break;
    case 'U':
        flags.udplite = true;
        break;
    case 'w':
        flags.raw = true;
        break;
    case '6':
        flags.inet6 = true;
        break;
    case '4':
        flags.inet = true;
        break;
    case 'x':
        flags.unix_ = true;
        break;
    case '2':
    case 'f':
        flags.other_families.push_back("AF BLUETOOTH");
        break;
    case 'g':
        flags.modes.push_back({"-g", "ip maddr"});
        break;
    case 'r':
        flags.modes.push_back({"-r", "ip route"});
        break;
    case 'i':
        flags.modes.push_back({"-i", "ip -s link"});
        break;
    case 's':
        flags.modes.push_back({"-s", "nstat"});
        break;
    case 'M':
        flags.modes.push_back({"-M", "conntrack"});
        break;
    case 'N':
    case 'C':
    case 'F':
    case 'd':
        break; // no effect on sockets
    default:
        return false;
    }
    return true;
}

Say wrong_usage(std::string_view mistake) {
    std::string error = mistake.empty() ? std::string{} : fmt::format("netstat: {}\n", mistake);
    error.append(linux_usage).append(linux_families);
    return {{}, std::move(error), 3, Say::About::Mistake};
}

/// What one option says, if it ends the run.
std::optional<Say> take_option(Flags& flags, const GivenOption& option, const Arguments& arguments,
                               const ParseContext& context) {
    switch (option.letter) {
    case '?':
        return wrong_usage(arguments.mistake);
    case 'h':
        return Say{std::string(linux_usage), std::string(linux_families), 0, Say::About::Help};
    case 'V':
        return Say{std::string(linux_version), {}, 0, Say::About::Version};
    case 'A':
    case family_letter: {
        const std::string_view list =
            option.letter == 'A' ? std::string_view(option.value) : std::string_view(option.name).substr(2);
        if (list == "tcpip" && option.letter == family_letter) { // an old fault of theirs
            flags.errors += "netstat.c: Internal Error `longopts 1 range'.\n";
            return std::nullopt;
        }
        const auto unknown = take_families(flags, list);
        if (!unknown) return std::nullopt;
        return Say{{}, fmt::format("Unknown address family `{}'.\n", *unknown), 1, Say::About::Mistake};
    }
    case 'Z':
        if (context.host == nullptr || !context.host->selinux)
            return Say{{}, "SELinux is not enabled on this machine.\n", 1, Say::About::Mistake};
        flags.programs = flags.context = true;
        return std::nullopt;
    default:
        raise_flag(flags, option.letter);
        return std::nullopt;
    }
}

/// What net-tools makes of its flags before it lists.
void settle(Flags& flags) {
    if ((flags.inet || flags.inet6) && !flags.any_protocol()) {
        flags.tcp = flags.sctp = flags.udp = flags.udplite = flags.raw = true;
        flags.implied_protocols = true;
    }
    if (flags.any_protocol() && !flags.inet && !flags.inet6) flags.inet = flags.inet6 = true;
}

// ---- Cells

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
    switch (state) {
    case State::Established:
        return "ESTABLISHED";
    case State::SynSent:
        return "SYN_SENT";
    case State::SynReceived:
        return "SYN_RECV";
    case State::FinWait1:
        return "FIN_WAIT1";
    case State::FinWait2:
        return "FIN_WAIT2";
    case State::TimeWait:
        return "TIME_WAIT";
    case State::Closed:
    case State::Bound:
        return "CLOSE";
    case State::CloseWait:
        return "CLOSE_WAIT";
    case State::LastAck:
        return "LAST_ACK";
    case State::Listen:
        return "LISTEN";
    case State::Closing:
        return "CLOSING";
    case State::Unknown:
        break;
    }
    return "";
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

/// net-tools takes an IPv4 address for a network's if its first byte is zero (it means the last one, and
/// forgets the byte order).
bool is_network(const Address& address) { return address.family == Family::Inet && address.bytes[0] == 0; }

Address looked_up(const SocketRecord&, const Address& address) {
    return is_network(address) ? Address{} : address;
}

std::string_view host_name(const Address& address, const Names& names) {
    if (!is_network(address)) return names.host(address);
    return names.network ? names.network(address) : std::string_view{};
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
                                      : names.service(port, socket.protocol == Protocol::Tcp    ? "tcp"
                                                            : socket.protocol == Protocol::Sctp ? "sctp"
                                                                                                : "udp");
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

/// Digits need neither a name nor a second buffer: half of a listing's time.
Cell numeric_endpoint_cell(const Endpoint SocketRecord::*end, bool wide) {
    return [=](Text& out, const Row& row) {
        const Endpoint& endpoint = row.socket.*end;
        const std::size_t start = out.size();
        put_address(out, unmapped(endpoint.address));
        const fmt::format_int digits(endpoint.port);
        const std::string_view port =
            endpoint.port == 0 ? "*" : std::string_view(digits.data(), digits.size());
        if (!wide && out.size() - start + port.size() > address_limit)
            out.resize(start + address_limit - port.size());
        out.push_back(':');
        put(out, port);
    };
}

constexpr std::size_t native_program_length = 19;

/// `pid/name`, or `-`.
Cell program_cell(bool whole) {
    return [whole](Text& out, const Row& row) {
        const Process* process = row.owner ? row.side.process(row.owner->pid) : nullptr;
        if (!row.owner) return out.push_back('-');
        const std::size_t start = out.size();
        put_number(out, row.owner->pid);
        out.push_back('/');
        if (process != nullptr) put_clean(out, process->name);
        if (!whole && out.size() - start > native_program_length) out.resize(start + native_program_length);
    };
}

Cell context_cell() {
    return [](Text& out, const Row& row) {
        const Process* process = row.owner ? row.side.process(row.owner->pid) : nullptr;
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
    const double seconds = static_cast<double>(std::max<std::int64_t>(timer.remaining_ms, 0) / 10) / 100;
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

// linux/net.h: SOCK_*, SS_*; include/linux/net.h: __SO_ACCEPTCON and its like.
constexpr std::uint32_t so_acceptcon = 1U << 16, so_waitdata = 1U << 17, so_nospace = 1U << 18;
constexpr std::uint8_t ss_unconnected = 1;

void unix_flags_cell(Text& out, const Row& row) {
    const std::uint32_t flags = row.socket.unix_.flags;
    put(out, "[ ");
    if ((flags & so_acceptcon) != 0) put(out, "ACC ");
    if ((flags & so_waitdata) != 0) put(out, "W ");
    if ((flags & so_nospace) != 0) put(out, "N ");
    put(out, "]");
}

void unix_type_cell(Text& out, const Row& row) {
    constexpr std::array<std::string_view, 6> names{"UNKNOWN", "STREAM", "DGRAM", "RAW", "RDM", "SEQPACKET"};
    const unsigned type = row.socket.unix_.type;
    put(out, names[type < names.size() ? type : 0]);
}

void unix_state_cell(Text& out, const Row& row) {
    constexpr std::array<std::string_view, 5> names{"FREE", "", "CONNECTING", "CONNECTED", "DISCONNECTING"};
    const UnixFacts& facts = row.socket.unix_;
    if (facts.state == ss_unconnected && (facts.flags & so_acceptcon) != 0) return put(out, "LISTENING");
    put(out, facts.state < names.size() ? names[facts.state] : "UNKNOWN");
}

// ---- Columns

struct Shape {
    Flags flags;
    Look look;

    [[nodiscard]] bool programs() const { return flags.programs || !look.classic; }
    [[nodiscard]] bool whole_names() const { return flags.wide && !look.classic; }
};

Column owner_column(const Shape& shape) {
    return {" ", "PID/Program name", -20, -20, program_cell(shape.whole_names())};
}

/// net-tools pads the title, its leading blank included, to 50 and the cells to 51.
Column context_column() {
    return {"", " Security Context", -50, -51, [cell = context_cell()](Text& out, const Row& row) {
                out.push_back(' ');
                cell(out, row);
            }};
}

Column endpoint_column(std::string title, const Endpoint SocketRecord::*end, const Shape& shape) {
    const Numeric& numeric = shape.flags.numeric;
    Cell cell = numeric.hosts && numeric.ports
                    ? numeric_endpoint_cell(end, shape.flags.wide)
                    : endpoint_cell(end, shape.look.names, numeric.hosts, shape.flags.wide);
    return {" ", std::move(title), -23, -23, std::move(cell)};
}

Column timer_column(Protocol protocol, bool last) {
    const int width = last ? 0 : -24; // of a usual timer, so that what follows stands in line
    if (protocol == Protocol::Sctp) return {" ", "Timer", width, width, [](Text&, const Row&) {}};
    return {" ", "Timer", width, width, protocol == Protocol::Tcp ? tcp_timer_cell : udp_timer_cell};
}

std::vector<Column> internet_columns(Protocol protocol, const Shape& shape) {
    std::vector<Column> columns{
        {"", "Proto", -6, -6, [](Text& out, const Row& row) { put(out, protocol_tag(row.socket)); }},
        {"", "Recv-Q", 6, 6, [](Text& out, const Row& row) { put_number(out, row.socket.recv_q); }},
        {" ", "Send-Q", 6, 6, [](Text& out, const Row& row) { put_number(out, row.socket.send_q); }},
        endpoint_column("Local Address", &SocketRecord::local, shape),
        endpoint_column("Foreign Address", &SocketRecord::foreign, shape),
        {" ", "State", -11, -11, state_cell},
    };
    if (shape.flags.extend) {
        columns.push_back({" ", "User", -10, -10, user_cell(shape.look.names)});
        columns.push_back(
            {" ", "Inode", -10, -10, [](Text& out, const Row& row) { put_number(out, row.socket.inode); }});
    }
    if (shape.programs()) columns.push_back(owner_column(shape));
    if (shape.flags.context) columns.push_back(context_column());
    if (shape.flags.timers) columns.push_back(timer_column(protocol, shape.look.classic));
    if (!shape.look.classic) columns.push_back(v6only_column());
    return columns;
}

std::vector<Column> unix_columns(const Shape& shape) {
    std::vector<Column> columns{
        {"", "Proto", -5, -5,
         [](Text& out, const Row& row) { put(out, row.socket.unix_.protocol == 0 ? "unix" : "??"); }},
        {" ", "RefCnt", -6, -6, [](Text& out, const Row& row) { put_number(out, row.socket.unix_.refs); }},
        {" ", "Flags", -11, -11, unix_flags_cell},
        {" ", "Type", -10, -10, unix_type_cell},
        {" ", "State", -13, -13, unix_state_cell},
        {" ", "I-Node", -8, -8, [](Text& out, const Row& row) { put_number(out, row.socket.inode); }},
    };
    if (shape.programs()) columns.push_back(owner_column(shape));
    if (shape.flags.context) columns.push_back(context_column());
    columns.push_back(
        {" ", "Path", 0, 0, [](Text& out, const Row& row) { put_clean(out, row.socket.unix_.path); }});
    return columns;
}

// ---- Plan

/// Which rows -a, -l or neither lets through.
std::function<bool(const SocketRecord&)> selection(Protocol protocol, bool all, bool listening) {
    if (all) return [](const SocketRecord& socket) { return socket.state != State::Bound; };
    switch (protocol) {
    case Protocol::Tcp:
        return [listening](const SocketRecord& socket) {
            return socket.state != State::Bound && (socket.foreign.port == 0) == listening;
        };
    case Protocol::Sctp:
        return [](const SocketRecord&) { return true; };
    case Protocol::Unix:
        return [listening](const SocketRecord& socket) {
            const UnixFacts& facts = socket.unix_;
            return (facts.state == ss_unconnected && (facts.flags & so_acceptcon) != 0) == listening;
        };
    default:
        return [listening](const SocketRecord& socket) {
            return is_unspecified(socket.foreign.address) == listening;
        };
    }
}

/// What of it the kernel may do: of a TCP table only listeners have no foreign port.
std::uint32_t kernel_states(Protocol protocol, bool all, bool listening) {
    constexpr std::uint32_t listen = state_bit(State::Listen), bound = state_bit(State::Bound);
    if (protocol != Protocol::Tcp || all) return 0;
    return listening ? listen : ~(listen | bound);
}

/// net-tools says which table it misses if protocols were named (and then ends) or with -v.
/// Only the IPv4 table counts.
std::function<Section::End(Text&, const TableNotes&)> missing(std::string what, const Flags& flags) {
    const bool named = flags.any_table() && !flags.implied_protocols;
    const bool said = named || (flags.verbose && !flags.implied_protocols);
    return [=](Text&, const TableNotes& notes) {
        Section::End end;
        if (notes.present) return end;
        if (said) end.error = no_support(what);
        if (named) {
            end.status = 1;
            end.stop = true;
        }
        return end;
    };
}

std::string banner(std::string_view what, const Flags& flags, bool all) {
    return fmt::format("Active {} ({})\n", what,
                       all               ? "servers and established"
                       : flags.listening ? "only servers"
                                         : "w/o servers");
}

struct InternetTable {
    Protocol protocol;
    bool Flags::*flag;
    std::string_view missing;
};

constexpr InternetTable internet_tables[] = {
    {Protocol::Tcp, &Flags::tcp, "AF INET (tcp)"}, {Protocol::Sctp, &Flags::sctp, "AF INET (sctp)"},
    {Protocol::Udp, &Flags::udp, "AF INET (udp)"}, {Protocol::UdpLite, &Flags::udplite, "AF INET (udplite)"},
    {Protocol::Raw, &Flags::raw, "AF INET (raw)"},
};

Listing internet_listing(const Shape& shape, bool all, bool everything) {
    const Flags& flags = shape.flags;
    Listing listing;
    listing.heading = banner("Internet connections", flags, all) +
                      heading_of(internet_columns(Protocol::Tcp, shape)) + "\n";
    for (const InternetTable& table : internet_tables) {
        if (!everything && !(flags.*table.flag)) continue;
        Section section;
        section.table = {table.protocol, everything || flags.inet, everything || flags.inet6};
        section.table.states = kernel_states(table.protocol, all, flags.listening);
        section.selects = selection(table.protocol, all, flags.listening);
        section.columns = internet_columns(table.protocol, shape);
        if (section.table.inet) section.finish = missing(std::string(table.missing), flags);
        listing.sections.push_back(std::move(section));
    }
    return listing;
}

Listing unix_listing(const Shape& shape, bool all) {
    Listing listing;
    listing.heading =
        banner("UNIX domain sockets", shape.flags, all) + heading_of(unix_columns(shape)) + "\n";
    Section section;
    section.table = {Protocol::Unix, false, false};
    section.selects = selection(Protocol::Unix, all, shape.flags.listening);
    section.columns = unix_columns(shape);
    section.finish = missing("AF UNIX", shape.flags);
    listing.sections.push_back(std::move(section));
    return listing;
}

/// What is said of families that no kernel of today has: with -v of all, else of the first one asked for,
/// which ends the native program.
std::string absent_families(const Flags& flags, bool everything) {
    std::string said;
    for (const FamilyName& family : family_names) {
        if (family.means != FamilyName::Means::Absent) continue;
        const bool asked = std::find(flags.other_families.begin(), flags.other_families.end(),
                                     family.missing) != flags.other_families.end();
        if (asked) return no_support(family.missing);
        if (everything && flags.verbose && family.missing != "AF BLUETOOTH")
            said += no_support(family.missing);
    }
    return said;
}

Plan make_plan(const Flags& flags, const Look& look) {
    const Shape shape{flags, look};
    const bool everything = !flags.any_table();
    const bool all = flags.all || (look.all && !flags.listening);
    Plan plan;
    if (everything || flags.any_protocol()) plan.listings.push_back(internet_listing(shape, all, everything));
    if (everything || flags.unix_) plan.listings.push_back(unix_listing(shape, all));
    plan.owners = shape.programs();
    plan.contexts = flags.context;
    plan.half_open = flags.extend || flags.timers;
    plan.named_address = looked_up;
    plan.epilogue = absent_families(flags, everything);
    if (!flags.other_families.empty()) plan.status = 1;
    return plan;
}

} // namespace

std::span<const LongOption> linux_long_options() { return long_options; }

Parsed parse_linux(std::span<const std::string> given, const ParseContext& context) {
    const Arguments arguments = read_getopt_long(given, short_letters, long_options);
    Flags flags;
    for (const GivenOption& option : arguments.options)
        if (auto say = take_option(flags, option, arguments, context)) return *say;
    const auto exclusive = std::count_if(flags.modes.begin(), flags.modes.end(),
                                         [](const HandOver& mode) { return mode.mode != "-g"; });
    if (exclusive > 1) return wrong_usage({});
    if (!flags.modes.empty()) return flags.modes.back();
    settle(flags);
    Chosen chosen;
    chosen.plan = [flags](const Look& look) { return make_plan(flags, look); };
    chosen.numeric = flags.numeric;
    chosen.errors = flags.errors;
    chosen.all = flags.all;
    chosen.listening = flags.listening;
    chosen.owners_asked = flags.programs;
    chosen.repeat_seconds = flags.continuous ? 1 : 0;
    if (flags.continuous) chosen.look_options.push_back("-c");
    return chosen;
}

} // namespace netstat46
