// argv to exit status.
#include <chrono>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "capture/capture_dir.hpp"
#include "format/dialect.hpp"
#include "format/output.hpp"
#include "hand_over.hpp"
#include "list.hpp"
#include "options.hpp"
#include "record/select.hpp"

namespace netstat46 {
namespace {

void complain(std::string_view line) { Output(STDERR_FILENO).write(fmt::format("netstat46: {}\n", line)); }

void complain_of(const Problem& problem) { complain(problem.text); }

int say(const Say& what, const Ours& ours, Output& out) {
    if (!ours.classic && what.about == Say::About::Help) out.write(our_help());
    if (!ours.classic && what.about == Say::About::Version) out.write("netstat46 " NETSTAT46_VERSION "\n");
    out.write(what.out);
    Output(STDERR_FILENO).write(what.error);
    return what.status;
}

/// Kinds that were asked to stay numbers have no names.
Names shown_names(Names names, const Numeric& numeric) {
    if (numeric.hosts) names.host = [](const Address&) { return std::string_view{}; };
    if (numeric.ports) {
        names.service = [](std::uint16_t, std::string_view) { return std::string_view{}; };
        names.ip_protocol = [](std::uint8_t) { return std::string_view{}; };
    }
    if (numeric.users) names.user = [](std::uint32_t) { return std::string_view{}; };
    return names;
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
    std::function<bool(const SocketRecord&)> selects;
    bool selected = false;
};

int list_once(const Task& task, Output& out) {
    SideTables side;
    const Names names =
        shown_names(task.source.live ? live_names() : replayed_names(side), task.chosen.numeric);
    const Look look{task.ours.classic, &names, &task.source.host, task.selected};
    const Streams streams{out, complain_of, [](std::string_view text) { Output(STDERR_FILENO).write(text); }};
    const Listed listed = list(task.chosen.plan(look), task.source, task.selects, side, streams);
    say_owners_hidden(listed, task.chosen, task.ours.classic);
    return listed.status;
}

int list_repeatedly(const Task& task, Output& out) {
    while (true) {
        const int status = list_once(task, out);
        if (status != 0 || out.failed() || task.chosen.repeat_seconds <= 0) return status;
        std::this_thread::sleep_for(std::chrono::duration<double>(task.chosen.repeat_seconds));
    }
}

/// Service names of a replay come from the capture, so they are known only once its side tables are read.
std::variant<std::vector<PortRange>, std::string> ports_of(const std::string& list, const Source& source) {
    if (source.live) return parse_ports(list, live_names());
    SideTables side;
    read_side_tables(source, side, [](const Problem&) {});
    return parse_ports(list, replayed_names(side));
}

int mistake(std::string_view line, const Dialect& dialect) {
    complain(line);
    return dialect.usage_status;
}

int list_sockets(Ours ours, Source source, Chosen chosen, const Dialect& dialect, Output& out) {
    Task task{std::move(ours), std::move(source), std::move(chosen), {}, false};
    Selection selection;
    if (task.ours.port) {
        auto ports = ports_of(*task.ours.port, task.source);
        if (const std::string* wrong = std::get_if<std::string>(&ports))
            return mistake(
                fmt::format("--port: `{}' is no port, range or service; write --port=8888,8000-8100,http",
                            *wrong),
                dialect);
        selection.ports = std::get<std::vector<PortRange>>(std::move(ports));
    }
    Output(STDERR_FILENO).write(task.chosen.errors);
    task.selects = selector(selection);
    task.selected = !selection.empty();
    if (task.ours.save) {
        save_capture(*task.ours.save, task.source, live_names(), !task.chosen.numeric.hosts, complain_of);
        task.source = open_capture(*task.ours.save);
    }
    return list_repeatedly(task, out);
}

int run(const std::vector<std::string>& arguments, std::string_view invoked_as, Output& out) {
    const char* classic = std::getenv("NETSTAT46_CLASSIC");
    auto read = read_ours(invoked_as, classic == nullptr ? "" : classic, arguments);
    if (const UsageError* error = std::get_if<UsageError>(&read))
        return mistake(error->text, dialect_of(live_host().os));
    Ours ours = std::get<Ours>(std::move(read));
    Source source = ours.replay ? open_capture(*ours.replay) : Source{live_host(), true, live_blocks};
    const Dialect& dialect = dialect_of(ours.dialect.value_or(source.host.os));
    Parsed parsed = dialect.parse(ours.native, {ours.classic, &source.host});
    if (const Say* what = std::get_if<Say>(&parsed)) return say(*what, ours, out);
    if (const HandOver* mode = std::get_if<HandOver>(&parsed)) {
        complain(ours.replay ? fmt::format("{} is no socket list: a capture cannot answer it", mode->mode)
                             : hand_over(*mode, ours.native));
        return 1;
    }
    return list_sockets(std::move(ours), std::move(source), std::get<Chosen>(std::move(parsed)), dialect,
                        out);
}

int guarded(int argc, char** argv) {
    if (!is_open(STDOUT_FILENO)) {
        complain("standard output is closed");
        return 1;
    }
    Output out(STDOUT_FILENO);
    int status = 1;
    try {
        status = run({argv + std::min(argc, 1), argv + argc}, argc > 0 ? argv[0] : "netstat46", out);
    } catch (const std::exception& error) {
        complain(error.what());
    }
    if (!out.failed()) return status;
    if (const std::string why = out.failure(); !why.empty())
        complain(fmt::format("standard output: {}", why));
    return status == 0 ? 1 : status;
}

} // namespace
} // namespace netstat46

int main(int argc, char** argv) { return netstat46::guarded(argc, argv); }
