#include "options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "messages.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

std::string take_dialect(OwnOptions& ours, std::string_view value) {
    ours.dialect = system_named(value);
    return ours.dialect != nullptr ? "" : fmt::format(messages.not_one_of, system_names());
}

template <std::optional<std::string> OwnOptions::*member>
std::string take_text(OwnOptions& ours, std::string_view value) {
    if (value.empty()) return std::string(messages.empty);
    ours.*member = std::string(value);
    return {};
}

template <bool OwnOptions::*member>
std::string take_flag(OwnOptions& ours, std::string_view /*value*/) {
    ours.*member = true;
    return {};
}

constexpr std::string_view color_words[] = {"auto", "always", "never"}; // as Color has them

std::string take_color(OwnOptions& ours, std::string_view value) {
    const auto* const found = std::find(std::begin(color_words), std::end(color_words), value);
    if (found == std::end(color_words)) return std::string(messages.not_a_color);
    ours.color = static_cast<Color>(found - std::begin(color_words));
    return {};
}

std::string all_color_words() { return "auto always never"; }

std::string take_shell(OwnOptions& ours, std::string_view value) {
    ours.completion = std::string(value);
    return value == "bash" || value == "zsh" || value == "fish" ? "" : std::string(messages.not_a_shell);
}

template <std::optional<std::string> PortQuestion::*member>
std::string take_question(OwnOptions& ours, std::string_view value) {
    ours.question.*member = std::string(value);
    return {};
}

constexpr std::string_view port_form = "[PROTO:][ADDR:]PORT", bind_form = "[PROTO:][ADDR:]PORT[,...]";

std::string yes_no() { return "yes no"; }
std::string system_words() {
    std::string words;
    for (const System* system : systems()) words.append(words.empty() ? "" : " ").append(system->name);
    return words;
}
constexpr std::string_view shells = "bash zsh fish";
std::string shell_words() { return std::string(shells); }

/// What a question about a port cannot be combined with.
constexpr std::string_view not_with_questions =
    "--explain --who-answers --can-bind --save --port --local-port --foreign-port --address --pid --command "
    "--user --state --v6only";

constexpr OwnOption options[] = {
    {"--classic", {}, "the native bytes, nothing added", {}, {}, {}, take_flag<&OwnOptions::classic>},
    {"--dialect", "NAME", "that system's options and look", Completes::Words, system_words, {}, take_dialect},
    {"--json",
     {},
     "one JSON document instead",
     {},
     {},
     "--quiet --classic --dialect",
     take_flag<&OwnOptions::json>},
    {"--quiet", {}, "only exit: 0 if some match, 1 if none", {}, {}, {}, take_flag<&OwnOptions::quiet>},
    {"--pids",
     {},
     "only the pids of all holders, for kill; 1 if none",
     {},
     {},
     "--quiet --json --classic --explain --who-answers --can-bind",
     take_flag<&OwnOptions::pids>},
    {"--explain",
     port_form,
     "who holds it, answers, could bind",
     Completes::Target,
     {},
     not_with_questions,
     take_question<&PortQuestion::explain>},
    {"--who-answers",
     port_form,
     "which socket gets what is sent there",
     Completes::Target,
     {},
     not_with_questions,
     take_question<&PortQuestion::who_answers>},
    {"--can-bind",
     bind_form,
     "may that be bound? 0 yes, 1 no, 3 depends",
     Completes::Target,
     {},
     not_with_questions,
     take_question<&PortQuestion::can_bind>},
    {"--save",
     "DIR",
     "save what the kernel answered, list it",
     Completes::Directory,
     {},
     "--replay",
     take_text<&OwnOptions::save>},
    {"--replay",
     "DIR",
     "list a saved capture, of any system",
     Completes::Directory,
     {},
     {},
     take_text<&OwnOptions::replay>},
    {"--color",
     "auto|always|never",
     "states and verdicts in colour",
     Completes::Words,
     all_color_words,
     {},
     take_color},
    {"--no-bpf", {}, "Linux: load no program into the kernel", {}, {}, {}, take_flag<&OwnOptions::no_bpf>},
    {"--completion",
     "SHELL",
     "functions for bash, zsh or fish",
     Completes::Words,
     shell_words,
     {},
     take_shell},
    {"--port",
     "LIST",
     "local or foreign port",
     Completes::Ports,
     {},
     {},
     {},
     select_ports<&Selection::ports>},
    {"--local-port",
     "LIST",
     "local port",
     Completes::Ports,
     {},
     {},
     {},
     select_ports<&Selection::local_ports>},
    {"--foreign-port",
     "LIST",
     "foreign port",
     Completes::Ports,
     {},
     {},
     {},
     select_ports<&Selection::foreign_ports>},
    {"--address", "ADDR[/LEN]", "local or foreign address", {}, {}, {}, {}, select_address},
    {"--pid", "LIST", "held by these processes", Completes::Pid, {}, {}, {}, select_pids},
    {"--command",
     "PATTERN",
     "held by a process of that name, as nginx or 'py*'",
     Completes::Command,
     {},
     {},
     {},
     select_command},
    {"--user", "NAME|UID", "that user's", Completes::User, {}, {}, {}, select_user},
    {"--state", "LIST", "in these states", Completes::Words, state_words, {}, {}, select_states},
    {"--v6only", "yes|no", "V6ONLY has this value", Completes::Words, yes_no, {}, {}, select_v6only},
};

const OwnOption* find_option(std::string_view name) {
    const auto* const found = std::find_if(std::begin(options), std::end(options),
                                           [&](const OwnOption& known) { return known.name == name; });
    return found == std::end(options) ? nullptr : found;
}

/// Whether a blank stands before and after `word` in `words`, or an end of it.
bool has_word(std::string_view words, std::string_view word) {
    for (std::size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
        const bool begins = at == 0 || words[at - 1] == ' ';
        const std::size_t end = at + word.size();
        if (begins && (end == words.size() || words[end] == ' ')) return true;
    }
    return false;
}

/// One of ours as it was given.
struct GivenOwn {
    const OwnOption* option;
    std::optional<std::string_view> value;
};

/// The option of ours that `arguments` begins with, if one does; a value of its own is taken off the front
/// too.
std::optional<GivenOwn> take_own(std::span<const std::string>& arguments) {
    const std::string_view argument = arguments.front();
    const std::size_t equals = argument.find('=');
    GivenOwn given{find_option(argument.substr(0, equals)), std::nullopt};
    if (given.option == nullptr) return std::nullopt;
    arguments = arguments.subspan(1);
    if (equals != std::string_view::npos) {
        given.value = argument.substr(equals + 1);
    } else if (!given.option->form.empty() && !arguments.empty()) {
        given.value = arguments.front();
        arguments = arguments.subspan(1);
    }
    return given;
}

/// What is wrong with it, if anything is.
std::optional<std::string> apply(OwnOptions& ours, const GivenOwn& given) {
    const OwnOption& option = *given.option;
    if (given.value.has_value() == option.form.empty())
        return given.value ? fmt::format(messages.takes_no_value, option.name, form_of(option))
                           : fmt::format(messages.needs_value, option.name, form_of(option));
    const std::string_view value = given.value.value_or(std::string_view{});
    if (option.select != nullptr) {
        ours.selections.emplace_back(&option, value);
        return std::nullopt;
    }
    const std::string wrong = option.take(ours, value);
    if (wrong.empty()) return std::nullopt;
    return fmt::format(messages.wrong_value, option.name, value, wrong, form_of(option));
}

/// Two that exclude each other.
std::optional<UsageError> conflict(const std::vector<const OwnOption*>& given) {
    for (const OwnOption* one : given)
        for (const OwnOption* other : given)
            if (one != other && has_word(one->excludes, other->name))
                return UsageError{fmt::format(messages.not_combined, one->name, other->name)};
    return std::nullopt;
}

bool is_question(std::string_view argument) {
    constexpr std::string_view questions[] = {"--explain", "--who-answers", "--can-bind"};
    const std::string_view name = argument.substr(0, argument.find('='));
    return std::find(std::begin(questions), std::end(questions), name) != std::end(questions);
}

template <class Arguments>
auto end_of_options(const Arguments& arguments) {
    return std::find(arguments.begin(), arguments.end(), std::string_view("--"));
}

} // namespace

std::span<const OwnOption> own_options() { return options; }

bool colors(const OwnOptions& ours, bool may) {
    if (ours.classic || ours.json) return false;
    return ours.color == Color::Always || (ours.color == Color::Auto && may);
}

std::string form_of(const OwnOption& option) {
    return option.form.empty() ? std::string(option.name) : fmt::format("{}={}", option.name, option.form);
}

std::variant<OwnOptions, UsageError> read_own_options(std::string_view invoked_as,
                                                      std::string_view classic_variable,
                                                      std::span<const std::string> arguments) {
    OwnOptions ours;
    const std::string_view program = invoked_as.substr(invoked_as.rfind('/') + 1);
    std::vector<const OwnOption*> all_given;
    while (!arguments.empty() && arguments.front() != "--") {
        const auto given = take_own(arguments);
        if (!given) {
            ours.native.push_back(arguments.front());
            arguments = arguments.subspan(1);
            continue;
        }
        if (auto wrong = apply(ours, *given)) return UsageError{std::move(*wrong)};
        all_given.push_back(given->option);
    }
    ours.native.insert(ours.native.end(), arguments.begin(), arguments.end());
    if (auto wrong = conflict(all_given)) return *wrong;
    ours.classic = ours.classic || program == "netstat" || !classic_variable.empty();
    return ours;
}

bool asks_about_port(std::span<const std::string> arguments) {
    while (!arguments.empty() && arguments.front() != "--") {
        const auto given = take_own(arguments);
        if (given && is_question(given->option->name)) return true;
        if (!given) arguments = arguments.subspan(1);
    }
    return false;
}

int trouble_status(std::span<char* const> arguments) {
    constexpr int trouble = 2, usual = 1;
    const auto answers = [](std::string_view argument) {
        return argument == "--quiet" || argument == "--pids" || is_question(argument);
    };
    return std::any_of(arguments.begin(), end_of_options(arguments), answers) ? trouble : usual;
}

} // namespace netstat46
