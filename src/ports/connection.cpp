#include "ports/connection.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "format/field.hpp"
#include "format/json.hpp"
#include "list.hpp"
#include "ports/holders.hpp"
#include "ports/lines.hpp"
#include "record/address.hpp"
#include "record/select.hpp"
#include "system.hpp"

namespace netstat46 {
namespace {

bool is_end(const Endpoint& socket, const Endpoint& asked) {
    return socket.port == asked.port && same_address(unmapped(socket.address), unmapped(asked.address));
}

bool is_of(const SocketRecord& socket, const ConnectionTarget& target) {
    return (is_end(socket.local, target.one) && is_end(socket.foreign, target.other)) ||
           (is_end(socket.local, target.other) && is_end(socket.foreign, target.one));
}

/// The ends that are here, first the one that was named first.
PortTable ends_of(const Asked& asked, const ConnectionTarget& target) {
    const Source& source = asked.asker.source;
    Plan plan;
    plan.wanted.owners = plan.wanted.all_owners = plan.wanted.owner_details = plan.wanted.tcp_info =
        plan.wanted.half_open = true;
    plan.filter.ports = {{target.one.port, target.one.port}, {target.other.port, target.other.port}};
    Listing listing;
    listing.heading_always = false;
    for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp}) {
        if (target.protocol.value_or(protocol) != protocol) continue;
        Section section;
        section.table = {protocol, true, true};
        section.selects = [](const SocketRecord&) { return true; };
        listing.sections.push_back(std::move(section));
    }
    plan.listings.push_back(std::move(listing));
    PortTable table;
    table.host = source.host;
    const Streams streams{nullptr, asked.problem, [](std::string_view) {},
                          [&](Text&, const Row& row) { table.sockets.push_back(row.socket); }};
    list(
        plan, source, [&](const SocketRecord& socket) { return is_of(socket, target); }, table.tables,
        streams);
    std::stable_partition(table.sockets.begin(), table.sockets.end(),
                          [&](const SocketRecord& socket) { return is_end(socket.local, target.one); });
    for (std::size_t row = 0; row < table.sockets.size(); ++row)
        table.bound_sockets.push_back(bound_socket(table.sockets[row], *source.host.system, row));
    return table;
}

/// What a field of JSON is called for people.
struct Label {
    std::string_view field, words;
};

constexpr Label labels[] = {
    {"timer.kind", "timer"},
    {"timer.remaining_ms", "time left of it"},
    {"timer.retransmits", "sent again without answer"},
    {"timer.probes", "probes without answer"},
    {"tcp.congestion", "congestion control"},
    {"tcp.rtt_us", "round trip time"},
    {"tcp.rttvar_us", "and its mean deviation"},
    {"tcp.rto_us", "sends again after"},
    {"tcp.snd_mss", "largest segment sent"},
    {"tcp.rcv_mss", "largest segment received"},
    {"tcp.pmtu", "MTU of the path"},
    {"tcp.cwnd", "congestion window"},
    {"tcp.cwnd_bytes", "congestion window"},
    {"tcp.ssthresh", "slow start threshold"},
    {"tcp.ssthresh_bytes", "slow start threshold"},
    {"tcp.retransmitted", "sent again"},
    {"tcp.out_of_order", "received out of order"},
    {"tcp.bytes_sent", "sent"},
    {"tcp.bytes_acked", "acknowledged"},
    {"tcp.bytes_received", "received"},
    {"tcp.bytes_retransmitted", "sent again"},
    {"tcp.last_sent_ms", "sent last, ago"},
    {"tcp.last_received_ms", "received last, ago"},
};

/// `0.052 ms` of 52 us.
std::string with_unit(std::string_view value, std::string_view unit) {
    if (unit == "us" && value.size() < 12) {
        const std::size_t whole = value.size() > 3 ? value.size() - 3 : 0;
        const std::string_view left = whole == 0 ? std::string_view("0") : value.substr(0, whole);
        return fmt::format("{}.{:0>3} ms", left, value.substr(whole));
    }
    return unit.empty() ? std::string(value) : fmt::format("{} {}", value, unit);
}

/// What the kernel knows of one end, a line each.
void put_details(Text& out, const PortRows& rows, std::size_t row) {
    const PortTable& table = rows.table;
    const SocketRecord& socket = table.sockets[row];
    const FieldContext context{&table.host, &rows.names};
    const Row whole = with_owner(socket, table.tables);
    std::vector<std::vector<std::string>> lines;
    lines.push_back({"  state", std::string(state_word(socket))});
    lines.push_back({"  not read yet", fmt::format("{} bytes", socket.recv_q)});
    lines.push_back({"  not acknowledged yet", fmt::format("{} bytes", socket.send_q)});
    for (const Field& field : fields_of({&table.host.system, 1}))
        for (const Label& label : labels) {
            Text value;
            if (field.name != label.field || !field.put(value, {whole, context})) continue;
            lines.push_back({fmt::format("  {}", label.words),
                             with_unit(cleaned({value.data(), value.size()}), field.unit)});
        }
    put(out,
        fmt::format("\nAt {}\n", written(unmapped(socket.local.address), socket.local.port, rows.names)));
    put_cells(out, lines);
}

std::string name_of(const ConnectionTarget& target) {
    return fmt::format("{}-{}", written(target.one.address, target.one.port),
                       written(target.other.address, target.other.port));
}

} // namespace

std::optional<ConnectionTarget> parse_connection(std::string_view text, const Names& names) {
    for (std::size_t dash = text.find('-'); dash != std::string_view::npos; dash = text.find('-', dash + 1)) {
        const auto one = parse_ports_asked(text.substr(0, dash), names);
        if (one.size() != 1 || !one.front().address) continue;
        const auto other = parse_ports_asked(text.substr(dash + 1), names);
        if (other.size() != 1 || !other.front().address) continue;
        const auto protocol = one.front().protocol ? one.front().protocol : other.front().protocol;
        return ConnectionTarget{
            protocol, {*one.front().address, one.front().port}, {*other.front().address, other.front().port}};
    }
    return std::nullopt;
}

Part explain_connection(const Asked& asked, const ConnectionTarget& target) {
    const PortTable table = ends_of(asked, target);
    const Source& source = asked.asker.source;
    const Names all_names = source.live ? live_names() : replayed_names(table.tables);
    const Names names = shown_names(all_names, {true, true, false});
    Part part;
    part.status = table.sockets.empty() ? answer_no : answer_ok;
    if (asked.asker.json) {
        const JsonSockets sockets(table.host, names);
        put(part.text, "{\"ends\":[");
        for (std::size_t row = 0; row < table.sockets.size(); ++row) {
            if (row != 0) part.text.push_back(',');
            sockets.put(part.text, with_owner(table.sockets[row], table.tables));
        }
        put(part.text, "]}\n");
        return part;
    }
    const std::size_t ends = table.sockets.size();
    const std::string_view here = ends == 0   ? "no socket of this host has it"
                                  : ends == 1 ? "one end is here"
                                              : "both ends are here";
    put(part.text, fmt::format("Connection {}: {}\n", name_of(target), here));
    if (ends == 0) return part;
    const Protocol protocol = table.sockets.front().protocol;
    const PlanContext context{asked.asker.classic, &names, &table.host, true};
    const PortRows rows{table, asked.asker.dialect.internet_columns(protocol, context), names,
                        asked.facts.command_line, asked.facts.unit};
    std::vector<std::size_t> which;
    for (std::size_t row = 0; row < ends; ++row) which.push_back(row);
    part.text.push_back('\n');
    put_fitted_rows(part.text, rows, which);
    part.text.push_back('\n');
    put_holders(part.text, rows, which);
    put_leftover_note(part.text, table, which);
    put_owner_note(part.text, which, rows);
    for (const std::size_t row : which) put_details(part.text, rows, row);
    return part;
}

// ---- Unix sockets

namespace {

/// A unix socket that outlives its block.
struct UnixEnd {
    std::uint64_t id = 0, peer = 0; ///< Linux: inodes; elsewhere addresses
    std::string path, state;
    std::string holders;
};

/// An abstract name as it is typed: each NUL is an `@`.
std::string typed_path(std::string_view path) {
    std::string typed(path);
    std::replace(typed.begin(), typed.end(), '\0', '@');
    return typed;
}

std::string holders_of(const SocketRecord& socket, const HostTables& tables) {
    std::vector<std::string> words;
    for (const Owner& owner : tables.owners_of(socket)) {
        const Process* process = tables.process(owner.pid);
        std::string one =
            fmt::format("{}, pid {}", process == nullptr ? "?" : cleaned(process->name), owner.pid);
        if (std::find(words.begin(), words.end(), one) == words.end()) words.push_back(std::move(one));
    }
    return words.empty() ? "not known" : enumerated(words, " and ");
}

/// `also`: called with each while the kernel's answer is there.
std::vector<UnixEnd> unix_ends(const Asked& asked, HostTables& tables,
                               const std::function<void(const Row&, const UnixEnd&)>& also) {
    Section section;
    section.table = {Protocol::Unix, false, false};
    section.selects = [](const SocketRecord&) { return true; };
    Plan plan;
    plan.wanted.owners = plan.wanted.all_owners = plan.wanted.owner_details = true;
    plan.listings.push_back({{}, false, {section}});
    std::vector<UnixEnd> ends;
    const Streams streams{nullptr, asked.problem, [](std::string_view) {},
                          [&](Text&, const Row& row) {
                              const UnixFacts& facts = unix_facts(row.socket);
                              const SocketRecord& socket = row.socket;
                              ends.push_back({socket.inode != 0 ? socket.inode : socket.owner_key, facts.peer,
                                              typed_path(facts.path), std::string(state_word(socket)),
                                              holders_of(socket, tables)});
                              also(row, ends.back());
                          }};
    list(
        plan, asked.asker.source, [](const SocketRecord&) { return true; }, tables, streams);
    return ends;
}

} // namespace

std::optional<std::string_view> unix_path_in(std::string_view text) {
    constexpr std::string_view prefix = "unix:";
    if (!text.starts_with(prefix) || text.size() == prefix.size()) return std::nullopt;
    return text.substr(prefix.size());
}

Part explain_unix(const Asked& asked, std::string_view path) {
    const Source& source = asked.asker.source;
    HostTables tables;
    const Names names = source.live ? live_names() : replayed_names(tables);
    const JsonSockets documents(source.host, names);
    Text json;
    const std::vector<UnixEnd> ends = unix_ends(asked, tables, [&](const Row& row, const UnixEnd& end) {
        if (!asked.asker.json || end.path != path) return;
        if (json.size() != 0) json.push_back(',');
        documents.put(json, row);
    });
    const std::string shown = cleaned(path);
    std::vector<std::vector<std::string>> lines{{"State", "held by"}};
    std::size_t sockets = 0;
    bool listens = false;
    for (const UnixEnd& end : ends) {
        if (end.path != path) continue;
        const auto peer = std::find_if(ends.begin(), ends.end(), [&](const UnixEnd& other) {
            return end.peer != 0 && other.id == end.peer;
        });
        listens |= end.state == "listen";
        ++sockets;
        lines.push_back({end.state, end.holders});
        if (end.peer != 0)
            lines.push_back(
                {"", "connected to " + (peer != ends.end() ? peer->holders : "a socket that is not known")});
    }
    Part part;
    part.status = sockets == 0 ? answer_no : answer_ok;
    if (asked.asker.json) {
        put(part.text, "{\"sockets\":[");
        put(part.text, std::string_view(json.data(), json.size()));
        put(part.text, "]}\n");
        return part;
    }
    if (sockets == 0) {
        put(part.text, fmt::format("Unix path {} is free: no socket is bound to it\n", shown));
        return part;
    }
    put(part.text, fmt::format("Unix path {} is held by {} socket{}{}\n\n", shown, sockets,
                               sockets == 1 ? "" : "s", listens ? "" : "; none of them listens"));
    put_cells(part.text, lines);
    return part;
}

} // namespace netstat46
