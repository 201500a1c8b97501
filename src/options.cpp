#include "options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/dialect.hpp"

namespace netstat46 {
namespace {

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

std::string take_classic(Ours& ours, std::string_view /*value*/) {
    ours.classic = true;
    return {};
}

constexpr OurOption our_options[] = {
    {"--classic", {}, "the native program's columns and bytes, nothing added", take_classic},
    {"--dialect", "linux|darwin|freebsd", "that system's options and look", take_dialect},
    {"--port", "LIST", "only these ports, local or foreign: 8888,8000-8100,http", take_text<&Ours::port>},
    {"--save", "DIR", "save what the kernel answered, then list it", take_text<&Ours::save>},
    {"--replay", "DIR", "list a saved capture, of any system", take_text<&Ours::replay>},
};

std::string form_of(const OurOption& option) {
    return option.form.empty() ? std::string(option.name) : fmt::format("{}={}", option.name, option.form);
}

/// Takes `argument` if it is one of ours; what is wrong with it, if anything is.
std::optional<std::string> take(Ours& ours, std::string_view argument) {
    const std::string_view name = argument.substr(0, argument.find('='));
    const auto* const option = std::find_if(std::begin(our_options), std::end(our_options),
                                            [&](const OurOption& known) { return known.name == name; });
    if (option == std::end(our_options)) {
        ours.native.emplace_back(argument);
        return std::nullopt;
    }
    const bool has_value = name.size() < argument.size();
    if (has_value == option->form.empty())
        return fmt::format("{} {}: write {}", option->name, has_value ? "takes no value" : "needs a value",
                           form_of(*option));
    const std::string_view value = has_value ? argument.substr(name.size() + 1) : std::string_view{};
    const std::string wrong = option->take(ours, value);
    if (wrong.empty()) return std::nullopt;
    return fmt::format("{}: `{}' {}; write {}", option->name, value, wrong, form_of(*option));
}

} // namespace

std::variant<Ours, UsageError> read_ours(std::string_view invoked_as, std::string_view classic_variable,
                                         std::span<const std::string> arguments) {
    Ours ours;
    const std::string_view program = invoked_as.substr(invoked_as.rfind('/') + 1);
    ours.classic = program == "netstat" || !classic_variable.empty();
    bool ended = false;
    for (const std::string& argument : arguments) {
        ended = ended || argument == "--";
        if (ended) {
            ours.native.push_back(argument);
        } else if (auto wrong = take(ours, argument)) {
            return UsageError{std::move(*wrong)};
        }
    }
    if (ours.save && ours.replay)
        return UsageError{"--save and --replay exclude each other: name one of them"};
    return ours;
}

std::string our_help() {
    std::string text =
        "usage: netstat46 [native options] [--option=value ...]\n\n"
        "netstat46 lists sockets as the system's netstat does, and adds the process that\n"
        "holds each one and V6ONLY: yes, no (dual-stack), - (no IPv6 listener), ? (unknown).\n\n";
    for (const OurOption& option : our_options)
        text += fmt::format("  {:<32} {}\n", form_of(option), option.help);
    return text + "\nThe native options are those of the system's netstat:\n\n";
}

} // namespace netstat46
