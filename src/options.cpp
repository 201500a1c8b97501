#include "options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/dialect.hpp"

namespace netstat46 {
namespace {

constexpr std::size_t help_width = 80;

/// One of our options. `take` stores the value and returns what is wrong with it, if anything is.
struct OurOption {
    std::string_view name;
    std::string_view form; ///< of its value, for messages and help; empty: it takes none
    std::string_view help;
    std::string (*take)(Ours&, std::string_view value);
};

std::string take_dialect(Ours& ours, std::string_view value) {
    for (const Dialect& dialect : dialects())
        if (dialect.name == value) {
            ours.dialect = dialect.os;
            return {};
        }
    return "is not linux, darwin or freebsd";
}

template <std::optional<std::string> Ours::*member>
std::string take_text(Ours& ours, std::string_view value) {
    if (value.empty()) return "is empty";
    ours.*member = std::string(value);
    return {};
}

template <bool Ours::*member>
std::string take_flag(Ours& ours, std::string_view /*value*/) {
    ours.*member = true;
    return {};
}

template <std::optional<std::string> PortQuestion::*member>
std::string take_question(Ours& ours, std::string_view value) {
    ours.question.*member = std::string(value);
    return {};
}

constexpr std::string_view port_form = "[PROTO:][ADDR:]PORT", address_form = "[PROTO:]ADDR:PORT",
                           bind_form = "[PROTO:]ADDR:PORT[,...]";

constexpr OurOption our_options[] = {
    {"--classic", {}, "the native bytes, nothing added", take_flag<&Ours::classic>},
    {"--dialect", "linux|darwin|freebsd", "that system's options and look", take_dialect},
    {"--json", {}, "one JSON document instead", take_flag<&Ours::json>},
    {"--quiet", {}, "only exit: 0 if some match, 1 if none", take_flag<&Ours::quiet>},
    {"--explain", port_form, "who holds it, answers, could bind", take_question<&PortQuestion::explain>},
    {"--who-answers", address_form, "which socket gets what is sent there",
     take_question<&PortQuestion::who_answers>},
    {"--can-bind", bind_form, "may that be bound? 0 yes, 1 no, 3 depends",
     take_question<&PortQuestion::can_bind>},
    {"--save", "DIR", "save what the kernel answered, list it", take_text<&Ours::save>},
    {"--replay", "DIR", "list a saved capture, of any system", take_text<&Ours::replay>},
};

template <class Option>
std::string form_of(const Option& option) {
    return option.form.empty() ? std::string(option.name) : fmt::format("{}={}", option.name, option.form);
}

template <class Options>
auto find_option(const Options& options, std::string_view name) {
    const auto found = std::find_if(std::begin(options), std::end(options),
                                    [&](const auto& known) { return known.name == name; });
    return found == std::end(options) ? nullptr : &*found;
}

/// What is wrong with a value that stands there or not, if anything is.
template <class Option>
std::optional<std::string> misplaced_value(const Option& option, bool has_value) {
    if (has_value != option.form.empty()) return std::nullopt;
    return fmt::format("{} {}: write {}", option.name, has_value ? "takes no value" : "needs a value",
                       form_of(option));
}

/// Takes `argument` if it is one of ours; what is wrong with it, if anything is.
std::optional<std::string> take(Ours& ours, std::string_view argument) {
    const std::string_view name = argument.substr(0, argument.find('='));
    const bool has_value = name.size() < argument.size();
    const std::string_view value = has_value ? argument.substr(name.size() + 1) : std::string_view{};
    if (const SelectionOption* option = find_option(selection_options(), name)) {
        ours.selections.emplace_back(option, value);
        return misplaced_value(*option, has_value);
    }
    const OurOption* option = find_option(our_options, name);
    if (option == nullptr) {
        ours.native.emplace_back(argument);
        return std::nullopt;
    }
    if (auto wrong = misplaced_value(*option, has_value)) return wrong;
    const std::string wrong = option->take(ours, value);
    if (wrong.empty()) return std::nullopt;
    return fmt::format("{}: `{}' {}; write {}", option->name, value, wrong, form_of(*option));
}

/// Options of ours that exclude each other.
std::optional<UsageError> conflict(const Ours& ours, bool classic_asked) {
    if (ours.save && ours.replay)
        return UsageError{"--save and --replay exclude each other: name one of them"};
    if (ours.json && ours.quiet) return UsageError{"--json and --quiet exclude each other: name one of them"};
    if (ours.json && (classic_asked || ours.dialect))
        return UsageError{
            fmt::format("--json has no look: leave out {}", classic_asked ? "--classic" : "--dialect")};
    if (ours.question.count() > 1)
        return UsageError{"--explain, --who-answers and --can-bind exclude each other: ask one of them"};
    if (ours.question.count() != 0 && (ours.save || !ours.selections.empty()))
        return UsageError{fmt::format("a question about a port lists nothing: leave out {}",
                                      ours.save ? "--save" : ours.selections.front().first->name)};
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

std::variant<Ours, UsageError> read_ours(std::string_view invoked_as, std::string_view classic_variable,
                                         std::span<const std::string> arguments) {
    Ours ours;
    const std::string_view program = invoked_as.substr(invoked_as.rfind('/') + 1);
    bool ended = false;
    for (const std::string& argument : arguments) {
        ended = ended || argument == "--";
        if (ended) {
            ours.native.push_back(argument);
        } else if (auto wrong = take(ours, argument)) {
            return UsageError{std::move(*wrong)};
        }
    }
    if (auto wrong = conflict(ours, ours.classic)) return *wrong;
    ours.classic = ours.classic || program == "netstat" || !classic_variable.empty();
    return ours;
}

bool asks_about_port(std::span<const std::string> arguments) {
    return std::any_of(arguments.begin(), end_of_options(arguments), is_question);
}

int trouble_status(std::span<char* const> arguments) {
    constexpr int trouble = 2, usual = 1;
    const auto answers = [](std::string_view argument) {
        return argument == "--quiet" || is_question(argument);
    };
    return std::any_of(arguments.begin(), end_of_options(arguments), answers) ? trouble : usual;
}

std::string our_help() {
    std::string text = "usage: netstat46 [native options] [--option=value ...]\n\n"
                       "netstat46 lists sockets as the system's netstat does, and adds the process that\n"
                       "holds each one and V6ONLY: yes, no (dual-stack), - (no IPv6 listener), ?.\n\n";
    std::size_t widest = 0;
    for (const OurOption& option : our_options) widest = std::max(widest, form_of(option).size());
    for (const OurOption& option : our_options)
        text += fmt::format("  {:<{}} {}\n", form_of(option), widest, option.help);
    text += "\nOnly some sockets (LIST: 22,8000-8100,http or 1,4711 or listen,TIME_WAIT):";
    std::size_t line = help_width;
    for (const SelectionOption& option : selection_options()) {
        const std::string form = form_of(option);
        const bool fits = line + 1 + form.size() <= help_width;
        text += fits ? " " : "\n  ";
        text += form;
        line = (fits ? line + 1 : 2) + form.size();
    }
    text += '\n';
    return text + "\nThe native options are those of the system's netstat:\n\n";
}

} // namespace netstat46
