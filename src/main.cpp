// argv to exit status.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "await_names.hpp"
#include "capture/capture_dir.hpp"
#include "format/dialect.hpp"
#include "format/output.hpp"
#include "hand_over.hpp"
#include "last_words.hpp"
#include "list_json.hpp"
#include "options.hpp"
#include "ports/ask.hpp"
#include "record/select.hpp"

namespace netstat46 {
namespace {

constexpr int port_usage_status = 2; // of --explain, --who-answers and --can-bind in every dialect

void complain(std::string_view line) {
    Text text;
    put(text, "netstat46: ");
    put_clean(text, line);
    text.push_back('\n');
    Output(STDERR_FILENO).write(text);
}

void complain_of(const Problem& problem) { complain(problem.text); }

int say(const Say& what, const Ours& ours, Output& out) {
    if (!ours.classic && what.about == Say::About::Help) out.write(our_help());
    if (!ours.classic && what.about == Say::About::Version) out.write("netstat46 " NETSTAT46_VERSION "\n");
    out.write(what.out);
    Output(STDERR_FILENO).write(what.error);
    return what.status;
}

/// net-tools' two sentences if -p was asked for, else one line where somebody reads it.
void say_owners_hidden(const Listed& listed, const Chosen& chosen, bool classic) {
    if (!listed.owners_withheld) return;
    if (chosen.owners_asked) {
        Output(STDERR_FILENO)
            .write(listed.owners_read
                       ? std::string("(Not all processes could be identified, non-owned process info\n"
                                     " will not be shown, you would have to be root to see it all.)\n")
                       : fmt::format(
                             "(No info could be read for \"-p\": geteuid()={} but you should be root.)\n",
                             geteuid()));
    } else if (!classic && is_terminal(STDERR_FILENO)) {
        complain("some owners are hidden (`-'): only root sees every process's sockets");
    }
}

struct Task {
    Ours ours;
    Source source;
    Chosen chosen;
    Selection selection;
    Names host_names = live_names(); ///< asked once, however often the listing is repeated
};

Names names_of(const Task& task, const SideTables& side, const Numeric& numeric) {
    return shown_names(task.source.live ? task.host_names : replayed_names(side), numeric);
}

int list_once(const Task& task, Output& out) {
    SideTables side;
    const Names names = names_of(task, side, task.chosen.numeric);
    const Look look{task.ours.classic, &names, &task.source.host, !task.selection.empty()};
    Plan plan = task.chosen.plan(look);
    narrow(plan, task.selection);
    const Streams streams{out,
                          complain_of,
                          [](std::string_view text) { Output(STDERR_FILENO).write(text); },
                          {},
                          await_names(names, plan)};
    const Listed listed = list(plan, task.source, selector(task.selection, side, names), side, streams);
    say_owners_hidden(listed, task.chosen, task.ours.classic);
    return listed.status;
}

int list_as_json(const Task& task, Output& out) {
    SideTables side;
    const Names names = names_of(task, side, json_numeric(task.chosen.numeric));
    const Look look{false, &names, &task.source.host, !task.selection.empty()};
    const Plan plan = json_plan(task.chosen, task.selection, look);
    const Streams streams{out, complain_of, [](std::string_view) {}, nullptr, await_names(names, plan)};
    return list_json(plan, task.source, selector(task.selection, side, names), side, look, streams).status;
}

// What --quiet exits with.
constexpr int matched = 0, nothing_matched = 1, in_trouble = 2;

int list_quietly(const Task& task, Output& out) {
    SideTables side;
    const Names names = names_of(task, side, task.chosen.numeric);
    bool trouble = false;
    const auto hear = [&](const Problem& problem) {
        if (problem.fails) complain_of(problem);
        trouble = trouble || problem.fails;
    };
    const Streams streams{out, hear, [](std::string_view) {}, [](Text&, const Row&) {}};
    const Look look{false, &names, &task.source.host, !task.selection.empty()};
    const Listed listed = list(bare_plan(task.chosen, task.selection, look), task.source,
                               selector(task.selection, side, names), side, streams);
    if (trouble) return in_trouble;
    return listed.sockets > 0 ? matched : nothing_matched;
}

int list_repeatedly(const Task& task, Output& out) {
    while (true) {
        const int status = list_once(task, out);
        if (status != 0 || out.failed() || task.chosen.repeat_seconds <= 0) return status;
        std::this_thread::sleep_for(std::chrono::duration<double>(task.chosen.repeat_seconds));
    }
}

/// What the options that select ask for, or what is wrong with one. Names in a replay are the capture's, so
/// they are known only once its side tables are read.
std::variant<Selection, UsageError> selection_of(const Ours& ours, const Source& source) {
    Selection selection;
    if (ours.selections.empty()) return selection;
    SideTables side;
    if (!source.live) read_side_tables(source, side, [](const Problem&) {});
    const Names names = source.live ? live_names() : replayed_names(side);
    for (const auto& [option, value] : ours.selections)
        if (const auto wrong = option->take(selection, value, names))
            return UsageError{
                fmt::format("{}: {}; write {}={}", option->name, *wrong, option->name, option->form)};
    return selection;
}

/// Names the processes that were asked for and do not exist.
void complain_of_unknown(const std::vector<std::int32_t>& pids, const Task& task) {
    if (pids.empty()) return;
    SideTables side;
    if (!task.source.live)
        read_side_tables(
            task.source, side, [](const Problem&) {}, true);
    const Names names = task.source.live ? task.host_names : replayed_names(side);
    for (const std::int32_t pid : pids)
        if (!names.has_process(pid))
            complain(task.source.live ? fmt::format("--pid: there is no process {}", pid)
                                      : fmt::format("--pid: the capture names no process {}", pid));
}

/// Whether names are missing because this process may have no more of something.
bool lacks_names(const Names& names) {
    const int error = names.failure ? names.failure() : 0;
    if (error != 0) complain(fmt::format("names: {}; numbers stand in their place", std::strerror(error)));
    return error != 0;
}

/// Native options that cannot go with what is ours.
std::optional<UsageError> conflict(const Ours& ours, const Chosen& chosen) {
    if (ours.json && !chosen.look_options.empty())
        return UsageError{fmt::format("--json has no look: leave out {}", chosen.look_options.front())};
    if (ours.quiet && chosen.repeat_seconds > 0)
        return UsageError{"--quiet asks once: leave out the option that repeats"};
    if (ours.save && chosen.repeat_seconds > 0)
        return UsageError{"--save asks once: leave out the option that repeats"};
    return std::nullopt;
}

int mistake(std::string_view line, const Dialect& dialect) {
    complain(line);
    return dialect.usage_status;
}

int list_sockets(Ours ours, Source source, Chosen chosen, const Dialect& dialect, Output& out) {
    if (const auto wrong = conflict(ours, chosen)) return mistake(wrong->text, dialect);
    auto selection = selection_of(ours, source);
    if (const UsageError* wrong = std::get_if<UsageError>(&selection)) return mistake(wrong->text, dialect);
    Task task{std::move(ours), std::move(source), std::move(chosen),
              std::get<Selection>(std::move(selection))};
    Output(STDERR_FILENO).write(task.chosen.errors);
    bool lacking = false; // the capture, of a table that this host has
    if (task.ours.save) {
        const auto problem = [&](const Problem& what) {
            lacking |= what.fails;
            complain_of(what);
        };
        save_capture(*task.ours.save, task.source, task.host_names, !task.chosen.numeric.hosts, problem);
        task.source = open_capture(*task.ours.save);
    }
    complain_of_unknown(task.selection.pids, task);
    if (task.ours.quiet) {
        const int status = list_quietly(task, out);
        return lacking ? in_trouble : status;
    }
    const int status = task.ours.json ? list_as_json(task, out) : list_repeatedly(task, out);
    lacking |= lacks_names(task.host_names);
    return lacking && status == 0 ? 1 : status;
}

/// Native options are checked and then make no difference.
int ask(const Ours& ours, const Source& source, const Dialect& dialect, Output& out) {
    bool damaged = false;
    const auto problem = [&](const Problem& what) {
        damaged |= what.fails;
        complain_of(what);
    };
    const PortAsker asker{source, dialect, ours.classic, ours.json};
    const auto reply = answer_port_question(ours.question, asker, problem);
    if (const UsageError* error = std::get_if<UsageError>(&reply)) {
        complain(error->text);
        return port_usage_status;
    }
    const PortReply& told = std::get<PortReply>(reply);
    if (!ours.quiet) out.write(told.text);
    return damaged ? in_trouble : told.status;
}

/// --help and --version where the native grammar has neither.
std::optional<Say> said_everywhere(const Ours& ours, const Dialect& dialect, const ParseContext& context) {
    if (ours.classic || dialect.os == Os::Linux || ours.native.empty()) return std::nullopt;
    if (ours.native.front() == "--version") return Say{{}, {}, 0, Say::About::Version};
    if (ours.native.front() != "--help") return std::nullopt;
    Say usage =
        std::get<Say>(dialect.parse(ours.native, context)); // that there is no such option, then the usage
    return Say{usage.error.substr(usage.error.find('\n') + 1), {}, 0, Say::About::Help};
}

/// Of SIGBUS, with async-signal-safe calls only: the files of a capture are mapped.
void end_at_cut_file(int /*signal*/) {
    constexpr std::string_view line = "netstat46: a file of the capture became shorter while it was read\n";
    [[maybe_unused]] const ssize_t wrote = write(STDERR_FILENO, line.data(), line.size());
    _exit(in_trouble);
}

int run_ours(Ours ours, Output& out) {
    if (ours.replay || ours.save) std::signal(SIGBUS, end_at_cut_file);
    Source source = ours.replay ? open_capture(*ours.replay) : Source{live_host(), true, live_blocks};
    const Dialect& dialect = dialect_of(ours.dialect.value_or(source.host.os));
    const ParseContext context{ours.classic, &source.host, std::getenv("POSIXLY_CORRECT") != nullptr};
    if (const auto what = said_everywhere(ours, dialect, context)) return say(*what, ours, out);
    Parsed parsed = dialect.parse(ours.native, context);
    const bool question = ours.question.count() != 0;
    if (const Say* what = std::get_if<Say>(&parsed)) {
        const int status = say(*what, ours, out);
        return question && what->about == Say::About::Mistake ? port_usage_status : status;
    }
    if (question && std::holds_alternative<HandOver>(parsed)) {
        complain("a question about a port goes only with options of the socket list");
        return port_usage_status;
    }
    if (question) return ask(ours, source, dialect, out);
    if (const HandOver* mode = std::get_if<HandOver>(&parsed)) {
        if (ours.json || ours.quiet || ours.save || !ours.selections.empty())
            return mistake(fmt::format("{} is no socket list: leave out {}", mode->mode,
                                       ours.json    ? "--json"
                                       : ours.quiet ? "--quiet"
                                       : ours.save  ? "--save"
                                                    : ours.selections.front().first->name),
                           dialect);
        complain(ours.replay ? fmt::format("{} is no socket list: a capture cannot answer it", mode->mode)
                             : hand_over(*mode, ours.native));
        return 1;
    }
    return list_sockets(std::move(ours), std::move(source), std::get<Chosen>(std::move(parsed)), dialect,
                        out);
}

int run(const std::vector<std::string>& arguments, std::string_view invoked_as, Output& out) {
    const char* classic = std::getenv("NETSTAT46_CLASSIC");
    auto read = read_ours(invoked_as, classic == nullptr ? "" : classic, arguments);
    const bool about_port = asks_about_port(arguments);
    if (const UsageError* error = std::get_if<UsageError>(&read)) {
        const int status = mistake(error->text, dialect_of(live_host().os));
        return about_port ? port_usage_status : status;
    }
    return run_ours(std::get<Ours>(std::move(read)), out);
}

int guarded(std::span<char* const> arguments, std::string_view invoked_as) {
    const int trouble = trouble_status(arguments);
    end_in_words(trouble);
    std::signal(SIGXFSZ, SIG_IGN); // then a write beyond RLIMIT_FSIZE fails instead
    const bool has_output = is_open(STDOUT_FILENO);
    if (!open_standard_descriptors()) {
        complain("a standard descriptor is closed, and none can be opened in its place");
        return trouble;
    }
    Output out(STDOUT_FILENO);
    int status = trouble;
    try {
        status = run({arguments.begin(), arguments.end()}, invoked_as, out);
    } catch (const std::exception& error) {
        complain(words_for(error));
    }
    if (!out.failed()) return status;
    if (!has_output) {
        complain("standard output is closed");
    } else if (const std::string_view why = out.failure(); !why.empty()) {
        complain(fmt::format("standard output: {}", why));
    }
    return status == 0 ? trouble : status;
}

} // namespace
} // namespace netstat46

int main(int argc, char** argv) {
    const int named = argc > 0 ? 1 : 0;
    return netstat46::guarded({argv + named, argv + argc}, named != 0 ? argv[0] : "netstat46");
}
