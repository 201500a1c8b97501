#include "ports/holders.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "ports/lines.hpp"
#include "system.hpp"

namespace netstat46 {
namespace {

std::string name_of_process(const PortTable& table, std::int32_t pid) {
    const Process* process = table.tables.process(pid);
    return process == nullptr || process->name.empty() ? "a process" : cleaned(process->name);
}

/// `nginx, pid 812`, `nginx, pids 812, 813 and 2 more`.
std::vector<std::string> processes_in_words(const PortTable& table, const std::set<std::int32_t>& pids) {
    constexpr std::size_t enough = 3;
    std::map<std::string, std::vector<std::int32_t>> by_name;
    for (const std::int32_t pid : pids) by_name[name_of_process(table, pid)].push_back(pid);
    std::vector<std::string> words;
    for (auto& [name, ids] : by_name) {
        const std::size_t more = ids.size() > enough ? ids.size() - enough : 0;
        const std::string_view plural = ids.size() > 1 ? "s" : "";
        ids.resize(ids.size() - more);
        words.push_back(fmt::format("{}, pid{} {}{}", name, plural, fmt::join(ids, ", "),
                                    more == 0 ? std::string() : fmt::format(" and {} more", more)));
    }
    return words;
}

std::vector<const BoundSocket*> bound_of(const PortTable& table, std::span<const std::size_t> which) {
    std::vector<const BoundSocket*> bound;
    for (const std::size_t row : which) bound.push_back(&table.bound_sockets[row]);
    return bound;
}

/// Those of `which` that nobody is known to hold, by the reason.
std::map<NoOwner, std::vector<std::size_t>> ownerless_of(const PortTable& table,
                                                         std::span<const std::size_t> which) {
    std::map<NoOwner, std::vector<std::size_t>> reasons;
    for (const std::size_t row : which)
        if (has_no_owner(table, row)) reasons[why_no_owner(table, row)].push_back(row);
    return reasons;
}

std::string with_time_left(const PortTable& table, std::span<const std::size_t> which) {
    const auto seconds = seconds_left(table, which);
    return fmt::format("{}{}", counted(bound_of(table, which)),
                       seconds ? fmt::format(" ({} s more)", *seconds) : std::string());
}

} // namespace

bool has_no_owner(const PortTable& table, std::size_t row) {
    return table.tables.owners_of(table.sockets[row]).empty();
}

std::set<std::int32_t> pids_of(const PortTable& table, std::span<const std::size_t> which) {
    std::set<std::int32_t> pids;
    for (const std::size_t row : which)
        for (const Owner& owner : table.tables.owners_of(table.sockets[row])) pids.insert(owner.pid);
    return pids;
}

std::optional<std::int64_t> seconds_left(const PortTable& table, std::span<const std::size_t> which) {
    std::optional<std::int64_t> most;
    for (const std::size_t row : which) {
        const auto& timer = table.sockets[row].timer;
        // One in FIN_WAIT2 may yet become one in TIME_WAIT.
        if (table.bound_sockets[row].state != State::TimeWait || !timer || timer->kind == 0) continue;
        const std::int64_t seconds = (std::max<std::int64_t>(timer->remaining_ms, 0) + 999) / 1000;
        most = std::max(most.value_or(0), seconds);
    }
    return most;
}

std::string holders_in_words(const PortTable& table, std::span<const std::size_t> which) {
    std::vector<std::size_t> others, connections;
    for (const std::size_t row : which)
        (is_connection(table.bound_sockets[row]) ? connections : others).push_back(row);
    std::vector<std::string> parts = processes_in_words(table, pids_of(table, others));
    for (const auto& [reason, those] : ownerless_of(table, others))
        parts.push_back(fmt::format("{} ({})", counted(bound_of(table, those)), words_of(reason).word));
    if (!connections.empty()) {
        std::string words = with_time_left(table, connections);
        if (parts.empty())
            if (const auto owners = processes_in_words(table, pids_of(table, connections)); !owners.empty())
                words += fmt::format(" of {}", enumerated(owners, " and "));
        parts.push_back(std::move(words));
    }
    return enumerated(parts, ", and ");
}

void put_holders(Text& out, const PortRows& rows, std::span<const std::size_t> which) {
    const PortTable& table = rows.table;
    const std::set<std::int32_t> pids = pids_of(table, which);
    if (pids.empty()) return;
    std::vector<std::vector<std::string>> lines{{"Held by pid", "program", "user", "unit", "command"}};
    constexpr std::size_t user_cell = 2, unit_cell = 3;
    bool commands = false, units = false, users = false;
    for (const std::int32_t pid : pids) {
        const Process* process = table.tables.process(pid);
        std::string user = "?";
        if (process != nullptr && process->uid) {
            const std::string_view name = rows.names.user(*process->uid);
            user = name.empty() ? fmt::to_string(*process->uid) : cleaned(name);
        }
        std::string command = rows.command_line ? cleaned(rows.command_line(pid)) : std::string();
        std::string unit = rows.unit ? cleaned(rows.unit(pid)) : std::string();
        users |= process != nullptr && process->uid;
        commands |= !command.empty();
        units |= !unit.empty();
        lines.push_back({fmt::format("  {}", pid), name_of_process(table, pid), user, std::move(unit),
                         std::move(command)});
    }
    for (auto& line : lines) {
        if (!commands) line.pop_back();
        if (!units) line.erase(line.begin() + unit_cell);
        if (!users) line.erase(line.begin() + user_cell);
    }
    put_cells(out, lines, Overlong::Cut);
}

void put_owner_note(Text& out, std::span<const std::size_t> which, const PortRows& rows) {
    const PortTable& table = rows.table;
    const auto reasons = ownerless_of(table, which);
    for (const auto& [reason, those] : reasons) {
        const std::string of = reasons.size() > 1 ? " of " + counted(bound_of(table, those)) : "";
        put_wrapped(out, fmt::format("Owner `-'{}: {}.", of, words_of(reason).sentence));
    }
}

void put_leftover_note(Text& out, const PortTable& table, std::span<const std::size_t> which) {
    std::vector<std::size_t> those;
    for (const std::size_t row : which)
        if (is_leftover(table.bound_sockets[row])) those.push_back(row);
    if (those.empty()) return;
    const auto seconds = seconds_left(table, those);
    put_wrapped(out, fmt::format("{}: closed, and kept so that late packets do not reach a new connection{}.",
                                 counted(bound_of(table, those)),
                                 seconds ? fmt::format("; {} s more", *seconds) : std::string()));
}

} // namespace netstat46
