#include <fmt/format.h>

#include "completion/shells.hpp"
#include "format/dialect.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

constexpr std::string_view helpers = R"sh(#compdef netstat46

# Ports that some socket of this host has as its local one.
_netstat46_add_ports() {
    local -a ports
    ports=(${(f)"$($words[1] --classic --dialect=linux -antu 2>/dev/null |
        sed -n 's/^[tu][cd]p6* *[0-9]* *[0-9]* [^ ]*:\([0-9]*\) .*/\1/p' | sort -nu)"})
    compadd "$@" -a ports
}

_netstat46_ports() {
    compset -P '*,'
    _netstat46_add_ports -q -S ,
}

_netstat46_target() {
    compset -P '*:' || compadd -S '' tcp: udp:
    _netstat46_add_ports
}

_netstat46() {
    local dialect= word
)sh";

/// What completes the value, for a specification of _arguments: `:LABEL:ACTION`.
std::string action(const OwnOption& option) {
    switch (option.completes) {
    case Completes::Words:
        return takes_list(option) ? fmt::format(":value:_values -s , value {}", option.words())
                                  : fmt::format(":value:({})", option.words());
    case Completes::Directory:
        return ":directory:_files -/";
    case Completes::Ports:
        return ":ports:_netstat46_ports";
    case Completes::Target:
        return ":address and port:_netstat46_target";
    case Completes::User:
        return ":user:_users";
    case Completes::Pid:
        return ":process id:_pids";
    case Completes::Command:
        return ":name:_process_names -a";
    case Completes::Nothing:
        break;
    }
    return ":value:";
}

/// `text` in single quotes.
std::string in_quotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string action(const NativeOption& option) {
    if (option.value.empty()) return {};
    if (option.list) return fmt::format(":{}:_values -s , value {}", option.value, option.words);
    if (!option.words.empty()) return fmt::format(":{}:({})", option.value, option.words);
    return fmt::format(":{}:{}", option.value, option.value == "file" ? "_files" : "");
}

std::string native_specifications(const System& system) {
    std::string text;
    for (const NativeOption& option : system.dialect->options) {
        const std::string rest = in_quotes(fmt::format("[{}]{}", option.help, action(option)));
        if (option.letter != 0) text += fmt::format("            '*-{}'{}\n", option.letter, rest);
        if (!option.long_name.empty())
            text += fmt::format("            '--{}{}'{}\n", option.long_name, option.value.empty() ? "" : "=",
                                rest);
    }
    return text;
}

} // namespace

std::string zsh_completion() {
    std::string text{helpers}, names;
    for (const System* system : systems()) {
        names += fmt::format("{}{}", names.empty() ? "" : "|", system->name);
        text += fmt::format("    [[ $OSTYPE == {}* ]] && dialect={}\n", system->name, system->name);
    }
    text += fmt::format("    for word in $words; do\n        case $word in\n"
                        "        --dialect=({})) dialect=${{word#*=}} ;;\n        esac\n    done\n\n"
                        "    local -a ours native\n    ours=(\n",
                        names);
    for (const OwnOption& option : own_options())
        text += fmt::format("        {}\n",
                            in_quotes(option.form.empty() ? fmt::format("{}[{}]", option.name, option.help)
                                                          : fmt::format("{}=-[{}]{}", option.name,
                                                                        option.help, action(option))));
    text += "        '--help[print a summary]'\n        '--version[print the version]'\n    )\n    case "
            "$dialect in\n";
    for (const System* system : systems())
        text += fmt::format("    {})\n        native=(\n{}        )\n        ;;\n", system->name,
                            native_specifications(*system));
    return text + "    esac\n    _arguments -s $ours $native\n}\n\n_netstat46 \"$@\"\n";
}

} // namespace netstat46
