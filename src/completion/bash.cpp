#include <fmt/format.h>

#include "completion/shells.hpp"
#include "format/dialect.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

constexpr std::string_view helpers = R"sh(# bash completion for netstat46

# Known ports: what sockets of this host have as their local one.
_netstat46_ports() {
    "$1" --classic --dialect=linux -antu 2>/dev/null | sed -n 's/^[tu][cd]p6* *[0-9]* *[0-9]* [^ ]*:\([0-9]*\) .*/\1/p' | sort -nu
}

# Words for the item after the last comma of a list.
_netstat46_list() {
    local before=
    [[ $2 == *,* ]] && before=${2%,*},
    compgen -P "$before" -W "$1" -- "${2##*,}"
}

_netstat46() {
    local line=${COMP_LINE:0:COMP_POINT}
    local word=${line##*[[:space:]]} dialect= options previous
    previous=${line%"$word"}
    previous=${previous%"${previous##*[![:space:]]}"}
    previous=${previous##*[[:space:]]}
)sh";

constexpr std::string_view values = R"sh(
    local value=${word#*=} words=
    case $word in
)sh";

constexpr std::string_view target_case = R"sh(        if [[ $value == *:* ]]; then
            words=$(compgen -P "${value%:*}:" -W "$(_netstat46_ports "$1")" -- "${value##*:}")
        else
            words=$(compgen -W "tcp: udp: $(_netstat46_ports "$1")" -- "$value")
        fi
        compopt -o nospace 2>/dev/null
)sh";

constexpr std::string_view port_case =
    R"sh(        words=$(_netstat46_list "$(_netstat46_ports "$1")" "$value")
        [[ ${value##*,} == [a-z]* ]] && words=$(_netstat46_list "$(compgen -A service)" "$value")
)sh";

constexpr std::string_view directory_case = R"sh(        words=$(compgen -d -S / -- "$value")
        compopt -o nospace 2>/dev/null
)sh";

constexpr std::string_view ending =
    R"sh(        *) [[ $word == -* ]] && words=$(compgen -W "$ours $options" -- "$word") ;;
        esac
        [[ $words == *= ]] && compopt -o nospace 2>/dev/null
        ;;
    esac
    # Lists and values have bash's own word breaks in them: what stands before the last one stays.
    [[ $words && $word == --*=* ]] && words=$(printf '%s\n' "$words" | sed "s|^|${word%%=*}=|")
    local breaks=${COMP_WORDBREAKS//[^=:]/} before=
    [[ $breaks && $word == *[$breaks]* ]] && before=${word%"${word##*[$breaks]}"}
    local IFS=$'\n' candidate
    COMPREPLY=()
    for candidate in $words; do
        [[ $candidate == "$word"* ]] && COMPREPLY+=("${candidate#"$before"}")
    done
}

complete -F _netstat46 netstat46
)sh";

/// `    --save=* | --replay=*)`, or nothing if no option is completed in that way.
std::string pattern(Completes way) {
    std::vector<std::string> parts;
    for (const std::string_view name : options_completed(way)) parts.push_back(fmt::format("{}=*", name));
    return parts.empty() ? std::string{} : fmt::format("    {})\n", fmt::join(parts, " | "));
}

std::string own_cases() {
    std::string text;
    const auto add = [&](Completes way, std::string_view body) {
        if (const std::string head = pattern(way); !head.empty())
            text += fmt::format("{}{}        ;;\n", head, body);
    };
    for (const OwnOption& option : own_options()) {
        if (option.completes != Completes::Words) continue;
        const bool list = takes_list(option);
        text += fmt::format("    {}=*) words=$({} '{}' {}\"$value\") ;;\n", option.name,
                            list ? "_netstat46_list" : "compgen -W", option.words(), list ? "" : "-- ");
    }
    add(Completes::Directory, directory_case);
    add(Completes::Target, target_case);
    add(Completes::Ports, port_case);
    add(Completes::User, "        words=$(compgen -u -- \"$value\")\n");
    add(Completes::Pid, "        words=$(_netstat46_list \"$(ps -A -o pid=)\" \"$value\")\n");
    add(Completes::Command,
        "        words=$(compgen -W \"$(ps -A -o comm= | tr ' ' '\\n')\" -- \"$value\")\n");
    return text;
}

/// Which system's options are meant, and what they are.
std::string dialects() {
    std::string names, text;
    for (const System* system : systems()) {
        names += fmt::format("{}{}", names.empty() ? "" : "|", system->name);
        text += fmt::format("    [[ $OSTYPE == {}* ]] && dialect={}\n", system->name, system->name);
    }
    text += fmt::format("    [[ $line =~ --dialect[=\\ ]({})[[:space:]] ]] && dialect=${{BASH_REMATCH[1]}}\n",
                        names);
    text += "    case $dialect in\n";
    for (const System* system : systems()) {
        text += fmt::format("    {}) options='", system->name);
        for (const NativeOption& option : system->dialect->options) {
            if (option.letter != 0) text += fmt::format("-{} ", option.letter);
            if (!option.long_name.empty())
                text += fmt::format("--{}{} ", option.long_name, option.value.empty() ? "" : "=");
        }
        text += "' ;;\n";
    }
    return text + "    esac\n";
}

/// Values of native options: the word after the letter, or what follows `=`.
std::string native_cases() {
    std::string behind_equals, behind_letter;
    for (const System* system : systems())
        for (const NativeOption& option : system->dialect->options) {
            if (option.words.empty()) continue;
            const auto words = [&](std::string_view of) {
                return option.list ? fmt::format("_netstat46_list '{}' \"${}\"", option.words, of)
                                   : fmt::format("compgen -W '{}' -- \"${}\"", option.words, of);
            };
            behind_letter +=
                fmt::format("        {}-{}) words=$({}) ;;\n", system->name, option.letter, words("word"));
            if (!option.long_name.empty())
                behind_equals +=
                    fmt::format("    --{}=*) words=$({}) ;;\n", option.long_name, words("value"));
        }
    return behind_equals + "    *)\n        case $dialect$previous in\n" + behind_letter;
}

} // namespace

std::string bash_completion() {
    std::string ours = "    local ours='";
    for (const OwnOption& option : own_options())
        ours += fmt::format("{}{} ", option.name, option.form.empty() ? "" : "=");
    return fmt::format("{}{}{}--help --version'\n{}{}{}{}", helpers, dialects(), ours, values, own_cases(),
                       native_cases(), ending);
}

} // namespace netstat46
