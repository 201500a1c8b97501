#include "run.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>

#include <unistd.h>

#include <fmt/format.h>

#include "capture/capture_dir.hpp"
#include "completion/completion.hpp"
#include "given_rights.hpp"
#include "hand_over.hpp"
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

int say(const Message& what, const OwnOptions& ours, Console& console) {
    if (!ours.classic && what.about == Message::About::Help) console.out.write(own_help());
    if (!ours.classic && what.about == Message::About::Version)
        console.out.write("netstat46 " NETSTAT46_VERSION "\n");
    console.out.write(what.out);
    console.error.write(what.error);
    return what.status;
}

/// Native options are checked and then make no difference.
int ask(const OwnOptions& ours, const Source& source, const Dialect& dialect, Console& console) {
    bool damaged = false;
    const auto problem = [&](const Problem& what) {
        damaged |= what.fails;
        console.complain(what.text);
    };
    const PortAsker asker{source, dialect, ours.classic, ours.json};
    const auto reply = answer_port_question(ours.question, asker, problem);
    if (const UsageError* error = std::get_if<UsageError>(&reply)) {
        console.complain(error->text);
        return port_usage_status;
    }
    const PortReply& told = std::get<PortReply>(reply);
    if (!ours.quiet) console.out.write(told.text);
    return damaged ? in_trouble : told.status;
}

/// --help and --version where the native grammar has neither.
std::optional<Message> said_everywhere(const OwnOptions& ours, const Dialect& dialect,
                                       const ParseContext& context) {
    if (ours.classic || !dialect.long_options.empty() || ours.native.empty()) return std::nullopt;
    if (ours.native.front() == "--version") return Message{{}, {}, 0, Message::About::Version};
    if (ours.native.front() != "--help") return std::nullopt;
    Message usage = std::get<Message>(
        dialect.parse(ours.native, context)); // that there is no such option, then the usage
    return Message{usage.error.substr(usage.error.find('\n') + 1), {}, 0, Message::About::Help};
}

/// A mode that is not a socket list: the system's own netstat takes the place of this process.
int hand_over_mode(const NativeMode& mode, const OwnOptions& ours, const Dialect& dialect, Console& console) {
    const std::string_view ours_given = ours.json                  ? "--json"
                                        : ours.quiet               ? "--quiet"
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

int run_ours(OwnOptions ours, const Environment& environment, Console& console) {
    if (ours.completion) {
        console.out.write(completion(*ours.completion));
        return 0;
    }
    refuse_with_given_rights(ours);
    if (ours.replay || ours.save) std::signal(SIGBUS, end_at_cut_file);
    Source source =
        ours.replay ? open_capture(*ours.replay, systems()) : Source{live_host(), true, live_blocks};
    const Dialect& dialect = *(ours.dialect != nullptr ? ours.dialect : source.host.system)->dialect;
    const ParseContext context{ours.classic, &source.host, environment.posixly_correct};
    if (const auto what = said_everywhere(ours, dialect, context)) return say(*what, ours, console);
    Parsed parsed = dialect.parse(ours.native, context);
    const bool question = ours.question.count() != 0;
    if (const Message* what = std::get_if<Message>(&parsed)) {
        const int status = say(*what, ours, console);
        return question && what->about == Message::About::Mistake ? port_usage_status : status;
    }
    const NativeMode* mode = std::get_if<NativeMode>(&parsed);
    if (question && mode != nullptr) {
        console.complain(messages.question_in_other_mode);
        return port_usage_status;
    }
    if (question) return ask(ours, source, dialect, console);
    if (mode != nullptr) return hand_over_mode(*mode, ours, dialect, console);
    return run_list(std::move(ours), std::move(source), std::get<ParsedOptions>(std::move(parsed)), dialect,
                    console);
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
        quiet = ours.quiet;
        return run_ours(std::move(ours), environment, console);
    } catch (const std::exception& error) {
        console.complain(words_for(error));
        return quiet || about_port ? in_trouble : 1; // 1 would be an answer
    }
}

} // namespace netstat46
