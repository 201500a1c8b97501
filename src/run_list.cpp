#include "run_list.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <set>
#include <thread>

#include <unistd.h>

#include <fmt/format.h>

#include "await_names.hpp"
#include "capture/capture_dir.hpp"
#include "capture/host_tables_reader.hpp"
#include "capture/names_by_name.hpp"
#include "format/color.hpp"
#include "format/fit.hpp"
#include "list_json.hpp"
#include "messages.hpp"
#include "plan.hpp"
#include "platform.hpp"
#include "record/select.hpp"

namespace netstat46 {
namespace {

/// net-tools' two sentences if -p was asked for, else one line where somebody reads it.
void explain_hidden_owners(const Listed& listed, const ParsedOptions& chosen, bool classic,
                           Console& console) {
    if (chosen.owners_asked ? !listed.owners_withheld : !listed.owners_hidden) return;
    if (chosen.owners_asked && listed.owners_read) {
        console.error.write("(Not all processes could be identified, non-owned process info\n"
                            " will not be shown, you would have to be root to see it all.)\n");
    } else if (chosen.owners_asked) {
        console.error.write(fmt::format(
            "(No info could be read for \"-p\": geteuid()={} but you should be root.)\n", geteuid()));
    } else if (!classic && console.error_is_terminal) {
        console.complain(messages.hidden_owners);
    }
}

/// Names of processes that hold `part` of one, as far as a line has room.
std::string names_like(std::string_view part, const HostTables& tables) {
    constexpr std::size_t enough = 3;
    std::set<std::string> found;
    for (const auto& [pid, process] : tables.processes)
        if (!part.empty() && process.name.find(part) != std::string::npos) found.insert(process.name);
    std::vector<std::string> names(found.begin(), found.end());
    if (names.size() > enough) names.resize(enough);
    return enumerated(names, " and ");
}

/// Says of a name that nothing was listed for that no process has it.
void explain_unknown_commands(const Listed& listed, const Selection& selection, const HostTables& tables,
                              Console& console) {
    if (listed.sockets != 0) return;
    for (const std::string& pattern : selection.commands) {
        const auto is_it = [&](const auto& each) { return is_command(pattern, each.first, each.second); };
        if (std::any_of(tables.processes.begin(), tables.processes.end(), is_it)) continue;
        const std::string like = names_like(pattern, tables);
        console.complain(listed.owners_withheld ? fmt::format(messages.no_command_seen, pattern)
                                                : fmt::format(messages.no_command, pattern));
        if (!like.empty()) console.complain(fmt::format(messages.commands_like, like, pattern));
    }
}

/// One listing, ready to be made.
struct Task {
    OwnOptions ours;
    Source source;
    ParsedOptions chosen;
    Selection selection;
    Names host_names = live_names(); ///< asked once, however often the listing is repeated
};

Names names_of(const Task& task, const HostTables& tables, const Numeric& numeric) {
    return shown_names(task.source.live ? task.host_names : replayed_names(tables), numeric);
}

/// Where a listing goes as it is.
Streams streams_of(Console& console) {
    return {&console.out, console.problems(), [&](std::string_view text) { console.error.write(text); }};
}

int list_once(const Task& task, Console& console) {
    HostTables tables;
    const Names names = names_of(task, tables, task.chosen.numeric);
    const PlanContext context{task.ours.classic, &names, &task.source.host, !task.selection.empty(),
                              console.out_is_pipe};
    Plan plan = task.chosen.plan(context);
    narrow(plan, task.selection);
    if (console.columns != 0 && !task.ours.classic && !task.chosen.wide) fit_to(plan, console.columns);
    if (colors(task.ours, console.may_color)) color_columns(plan);
    Streams streams = streams_of(console);
    streams.await_names = await_names(names, plan);
    const Listed listed = list(plan, task.source, selector(task.selection, tables, names), tables, streams);
    explain_hidden_owners(listed, task.chosen, task.ours.classic, console);
    explain_unknown_commands(listed, task.selection, tables, console);
    return listed.status;
}

int list_as_json(const Task& task, Console& console) {
    HostTables tables;
    const Names names = names_of(task, tables, json_numeric(task.chosen.numeric));
    const PlanContext context{false, &names, &task.source.host, !task.selection.empty()};
    const Plan plan = json_plan(task.chosen, task.selection, context);
    Streams streams = streams_of(console);
    streams.error = [](std::string_view) {};
    streams.await_names = await_names(names, plan);
    const Listed listed =
        list_json(plan, task.source, selector(task.selection, tables, names), tables, context, streams);
    explain_unknown_commands(listed, task.selection, tables, console);
    return listed.status;
}

int list_quietly(const Task& task, Console& console) {
    HostTables tables;
    const Names names = names_of(task, tables, task.chosen.numeric);
    bool trouble = false;
    Streams streams = streams_of(console);
    streams.problem = [&](const Problem& problem) {
        if (problem.fails) console.complain(problem.text);
        trouble = trouble || problem.fails;
    };
    streams.error = [](std::string_view) {};
    streams.write = [](Text&, const Row&) {};
    const PlanContext context{false, &names, &task.source.host, !task.selection.empty()};
    const Listed listed = list(bare_plan(task.chosen, task.selection, context), task.source,
                               selector(task.selection, tables, names), tables, streams);
    explain_unknown_commands(listed, task.selection, tables, console);
    if (trouble) return in_trouble;
    return listed.sockets > 0 ? matched : nothing_matched;
}

/// The ids of all processes that hold what was selected.
int list_pids(const Task& task, Console& console) {
    HostTables tables;
    const Names names = names_of(task, tables, task.chosen.numeric);
    std::set<std::int32_t> pids;
    bool trouble = false;
    Streams streams = streams_of(console);
    streams.problem = [&](const Problem& problem) {
        if (problem.fails) console.complain(problem.text);
        trouble = trouble || problem.fails;
    };
    streams.error = [](std::string_view) {};
    streams.write = [&](Text&, const Row& row) {
        for (const Owner& owner : tables.owners_of(row.socket)) pids.insert(owner.pid);
    };
    const PlanContext context{false, &names, &task.source.host, !task.selection.empty()};
    Plan plan = each_table_once(task.chosen.plan(context));
    plan.wanted.owners = plan.wanted.all_owners = true;
    narrow(plan, task.selection);
    const Listed listed = list(plan, task.source, selector(task.selection, tables, names), tables, streams);
    explain_unknown_commands(listed, task.selection, tables, console);
    if (listed.owners_hidden) console.complain(messages.hidden_owners);
    Text text;
    for (const std::int32_t pid : pids) fmt::format_to(std::back_inserter(text), "{}\n", pid);
    console.out.write(text);
    if (trouble) return in_trouble;
    return pids.empty() ? nothing_matched : matched;
}

int list_repeatedly(const Task& task, Console& console) {
    while (true) {
        const int status = list_once(task, console);
        if (status != 0 || console.out.failed() || task.chosen.repeat_seconds <= 0) return status;
        std::this_thread::sleep_for(std::chrono::duration<double>(task.chosen.repeat_seconds));
    }
}

/// Names the processes that were asked for and do not exist.
void complain_of_unknown(const std::vector<std::int32_t>& pids, const Task& task, Console& console) {
    if (pids.empty()) return;
    HostTables tables;
    if (!task.source.live)
        read_host_tables(
            task.source, tables, [](const Problem&) {}, true);
    const Names names = task.source.live ? task.host_names : replayed_names(tables);
    for (const std::int32_t pid : pids)
        if (!names.has_process(pid))
            console.complain(task.source.live ? fmt::format(messages.no_process, pid)
                                              : fmt::format(messages.no_process_in_capture, pid));
}

/// Whether names are missing because this process may have no more of something.
bool lacks_names(const Names& names, Console& console) {
    const int error = names.failure();
    if (error != 0) console.complain(fmt::format(messages.no_names, std::strerror(error)));
    return error != 0;
}

/// Saves what the kernel answers, which is then listed; true if the capture lacks a table that this host has.
bool save_first(Task& task, Console& console) {
    bool lacking = false;
    const auto problem = [&](const Problem& what) {
        lacking |= what.fails;
        console.complain(what.text);
    };
    task.source = save_capture(*task.ours.save, task.source, task.host_names, !task.chosen.numeric.hosts,
                               task.source.live ? live_port_facts : nullptr, problem);
    return lacking;
}

/// What the options that select ask for, or what is wrong with one. Names in a replay are the capture's.
std::variant<Selection, UsageError> selection_of(const OwnOptions& ours, const Source& source) {
    Selection selection;
    if (ours.selections.empty()) return selection;
    const Names names = source.live ? live_names() : names_by_name(source);
    for (const auto& [option, value] : ours.selections)
        if (const auto wrong = option->select(selection, value, names))
            return UsageError{
                fmt::format(messages.wrong_selection, option->name, *wrong, option->name, option->form)};
    return selection;
}

/// Native options that cannot go with what is ours.
std::optional<UsageError> conflict(const OwnOptions& ours, const ParsedOptions& chosen) {
    if (ours.json && !chosen.look_options.empty())
        return UsageError{fmt::format(messages.not_combined, "--json", chosen.look_options.front())};
    const std::string_view once = ours.quiet  ? "--quiet"
                                  : ours.pids ? "--pids"
                                  : ours.save ? "--save"
                                              : std::string_view{};
    if (!once.empty() && chosen.repeat_seconds > 0) return UsageError{fmt::format(messages.asks_once, once)};
    return std::nullopt;
}

} // namespace

int run_list(OwnOptions ours, Source source, ParsedOptions chosen, const Dialect& dialect, Console& console) {
    const auto refuse = [&](const UsageError& wrong) {
        console.complain(wrong.text);
        return dialect.usage_status;
    };
    if (const auto wrong = conflict(ours, chosen)) return refuse(*wrong);
    auto selection = selection_of(ours, source);
    if (const UsageError* wrong = std::get_if<UsageError>(&selection)) return refuse(*wrong);
    Task task{std::move(ours), std::move(source), std::move(chosen),
              std::get<Selection>(std::move(selection))};
    console.error.write(task.chosen.errors);
    bool lacking = task.ours.save && save_first(task, console);
    complain_of_unknown(task.selection.pids, task, console);
    if (task.ours.quiet || task.ours.pids) {
        const int status = task.ours.quiet ? list_quietly(task, console) : list_pids(task, console);
        return lacking ? in_trouble : status;
    }
    const int status = task.ours.json ? list_as_json(task, console) : list_repeatedly(task, console);
    lacking |= lacks_names(task.host_names, console);
    return lacking && status == 0 ? 1 : status;
}

} // namespace netstat46
