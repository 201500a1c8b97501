#include "run.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <exception>
#include <thread>

#include <unistd.h>

#include <fmt/format.h>

#include "capture/capture_dir.hpp"
#include "completion/completion.hpp"
#include "format/color.hpp"
#include "given_rights.hpp"
#include "hand_over.hpp"
#include "help.hpp"
#include "last_words.hpp"
#include "messages.hpp"
#include "options.hpp"
#include "platform.hpp"
#include "ports/ask.hpp"
#include "run_list.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

constexpr int port_usage_status = 2; // of --explain, --who-answers and --can-bind in every dialect

int misused(std::string_view line, const Dialect& dialect, Console& console) {
    console.complain(line);
    return dialect.usage_status;
}

/// The first native argument that begins as `option` does: BSD's getopt knows only the first letter.
std::string_view as_typed(const std::string& option, const OwnOptions& ours) {
    const auto typed = std::find_if(ours.native.begin(), ours.native.end(), [&](const std::string& argument) {
        return argument.starts_with(option) || argument.starts_with("-i:");
    });
    return typed == ours.native.end() ? std::string_view(option) : *typed;
}

/// Ours is short where the native program prints its usage.
int say(const Message& what, const OwnOptions& ours, const Dialect& dialect, Console& console) {
    if (ours.classic) {
        console.out.write(what.out);
        console.error.write(what.error);
    } else if (what.about == Message::About::Help) {
        console.out.write(short_help());
    } else if (!what.option.empty()) {
        console.complain(unknown_option(as_typed(what.option, ours), dialect.long_options));
    } else if (!what.sentence.empty()) {
        console.complain(fmt::format(messages.native_mistake, what.sentence));
    } else {
        if (what.about == Message::About::Version) console.out.write("netstat46 " NETSTAT46_VERSION "\n");
        console.out.write(what.out);
        console.error.write(what.error);
    }
    return what.status;
}

/// The native program's own text. Where it has no --help, that follows the message that there is none.
std::string native_help(const Dialect& dialect, const ParseContext& context) {
    const std::vector<std::string> arguments{"--help"};
    const Message said = std::get<Message>(dialect.parse(arguments, context));
    if (said.about == Message::About::Help) return said.out + said.error;
    return said.error.substr(said.error.find('\n') + 1);
}

/// `--help=all` and `--help=native`, which the native grammar does not have; nothing if neither was given.
std::optional<int> help_in_full(const OwnOptions& ours, const Dialect& dialect, const ParseContext& context,
                                Console& console) {
    if (ours.classic) return std::nullopt;
    for (const std::string& argument : ours.native) {
        const auto about = help_about(argument);
        if (argument == "--") break;
        if (!about) continue;
        if (*about == HelpAbout::Unknown) {
            console.complain(fmt::format(messages.not_help, argument));
            return dialect.usage_status;
        }
        console.out.write(*about == HelpAbout::All ? all_help() : native_help(dialect, context));
        return 0;
    }
    return std::nullopt;
}

/// What the native program ignores and was perhaps meant for something, where somebody reads along.
void hint_at_operands(const std::vector<std::string>& operands, const OwnOptions& ours,
                      const Dialect& dialect, Console& console) {
    if (operands.empty() || ours.classic || !console.out_is_terminal) return;
    const std::string meant = operand_meant(operands, !dialect.long_options.empty());
    if (meant.empty())
        console.complain(fmt::format(messages.ignored, operands.front()));
    else
        console.complain(fmt::format(messages.ignored_meant, operands.front(), meant));
}

int ask(const OwnOptions& ours, const Source& source, const ParsedOptions& chosen, const Dialect& dialect,
        Console& console) {
    bool damaged = false;
    const auto problem = [&](const Problem& what) {
        damaged |= what.fails;
        console.complain(what.text);
    };
    const Names no_names;
    const Plan plan = chosen.plan({ours.classic, &no_names, &source.host, true});
    const PortAsker asker{source, dialect, ours.classic, ours.json, narrowing_of(plan)};
    const auto reply = answer_port_question(ours.question, asker, problem);
    if (const UsageError* error = std::get_if<UsageError>(&reply)) {
        console.complain(error->text);
        return port_usage_status;
    }
    const PortReply& told = std::get<PortReply>(reply);
    const bool colored = colors(ours, console.may_color);
    if (!ours.quiet) console.out.write(std::string_view(colored ? with_color(told.text) : told.text));
    return damaged ? in_trouble : told.status;
}

int ask_repeatedly(const OwnOptions& ours, const Source& source, const ParsedOptions& chosen,
                   const Dialect& dialect, Console& console) {
    if (chosen.repeat_seconds > 0 && (ours.json || ours.quiet)) {
        console.complain(fmt::format(messages.asks_once, ours.json ? "--json" : "--quiet"));
        return port_usage_status;
    }
    while (true) {
        const int status = ask(ours, source, chosen, dialect, console);
        if (chosen.repeat_seconds <= 0 || status == in_trouble || console.out.failed()) return status;
        console.out.write("\n");
        std::this_thread::sleep_for(std::chrono::duration<double>(chosen.repeat_seconds));
    }
}

/// --help and --version where the native grammar has neither.
std::optional<Message> said_everywhere(const OwnOptions& ours, const Dialect& dialect,
                                       const ParseContext& context) {
    if (ours.classic || !dialect.long_options.empty() || ours.native.empty()) return std::nullopt;
    if (ours.native.front() == "--version") return Message{{}, {}, 0, Message::About::Version};
    if (ours.native.front() != "--help") return std::nullopt;
    return Message{native_help(dialect, context), {}, 0, Message::About::Help};
}

/// A mode that is not a socket list: the system's own netstat takes the place of this process.
int hand_over_mode(const NativeMode& mode, const OwnOptions& ours, const Dialect& dialect, Console& console) {
    const std::string_view ours_given = ours.json                  ? "--json"
                                        : ours.quiet               ? "--quiet"
                                        : ours.pids                ? "--pids"
                                        : ours.save                ? "--save"
                                        : !ours.selections.empty() ? ours.selections.front().first->name
                                                                   : std::string_view{};
    if (!ours_given.empty())
        return misused(fmt::format(messages.no_list, mode.mode, ours_given), dialect, console);
    refuse_with_given_rights(mode.mode);
    console.complain(ours.replay ? fmt::format(messages.no_list_in_capture, mode.mode)
                                 : hand_over(mode, ours.native));
    return 1;
}

/// Of SIGBUS, with async-signal-safe calls only: the files of a capture are mapped.
void end_at_cut_file(int /*signal*/) {
    constexpr std::string_view name = "netstat46: ", why = messages.capture_cut;
    constexpr auto line = [&] {
        std::array<char, name.size() + why.size() + 1> whole{};
        *std::copy(why.begin(), why.end(), std::copy(name.begin(), name.end(), whole.begin())) = '\n';
        return whole;
    }();
    [[maybe_unused]] const ssize_t wrote = write(STDERR_FILENO, line.data(), line.size());
    _exit(in_trouble);
}

Source live_source(bool no_bpf) {
    return {live_host(), true, [no_bpf](Request request, ProblemSink problem) {
                request.no_bpf = no_bpf;
                return live_blocks(request, std::move(problem));
            }};
}

int run_ours(OwnOptions ours, const Environment& environment, Console& console) {
    if (ours.completion) {
        console.out.write(completion(*ours.completion));
        return 0;
    }
    refuse_with_given_rights(ours);
    if (ours.replay || ours.save) std::signal(SIGBUS, end_at_cut_file);
    Source source =
        ours.replay ? open_capture(*ours.replay, systems()) : live_source(ours.no_bpf || environment.no_bpf);
    const Dialect& dialect = *(ours.dialect != nullptr ? ours.dialect : source.host.system)->dialect;
    const ParseContext context{ours.classic, &source.host, environment.posixly_correct};
    if (const auto status = help_in_full(ours, dialect, context, console)) return *status;
    if (const auto what = said_everywhere(ours, dialect, context)) return say(*what, ours, dialect, console);
    Parsed parsed = dialect.parse(ours.native, context);
    const bool question = ours.question.count() != 0;
    if (const Message* what = std::get_if<Message>(&parsed)) {
        const int status = say(*what, ours, dialect, console);
        return question && what->about == Message::About::Mistake ? port_usage_status : status;
    }
    const NativeMode* mode = std::get_if<NativeMode>(&parsed);
    if (question && mode != nullptr) {
        console.complain(messages.question_in_other_mode);
        return port_usage_status;
    }
    if (mode != nullptr) return hand_over_mode(*mode, ours, dialect, console);
    ParsedOptions& chosen = std::get<ParsedOptions>(parsed);
    hint_at_operands(chosen.operands, ours, dialect, console);
    if (question) return ask_repeatedly(ours, source, chosen, dialect, console);
    return run_list(std::move(ours), std::move(source), std::move(chosen), dialect, console);
}

} // namespace

int run(std::span<const std::string> arguments, const Environment& environment, Console& console) {
    const bool about_port = asks_about_port(arguments);
    bool quiet = false;
    try {
        auto read = read_own_options(environment.invoked_as, environment.classic, arguments);
        if (const UsageError* error = std::get_if<UsageError>(&read)) {
            const int status = misused(error->text, *live_host().system->dialect, console);
            return about_port ? port_usage_status : status;
        }
        OwnOptions ours = std::get<OwnOptions>(std::move(read));
        quiet = ours.quiet || ours.pids;
        return run_ours(std::move(ours), environment, console);
    } catch (const std::exception& error) {
        console.complain(words_for(error));
        return quiet || about_port ? in_trouble : 1; // 1 would be an answer
    }
}

} // namespace netstat46
