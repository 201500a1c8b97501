#include <fmt/format.h>

#include "completion/shells.hpp"
#include "format/dialect.hpp"
#include "systems.hpp"

namespace netstat46 {
namespace {

constexpr std::string_view helpers = R"sh(# fish completion for netstat46

function __netstat46_dialect
    set -l dialect (string lower (uname))
    for word in (commandline -opc)
        string match -q -r '^--dialect=(?<given>\w+)$' -- $word; and set dialect $given
    end
    test $dialect = $argv[1]
end

function __netstat46_ports
    netstat46 --classic --dialect=linux -antu 2>/dev/null |
        string replace -f -r '^(?:tcp|udp)6? +\d+ +\d+ \S+:(\d+) .*' '$1' | sort -nu
end

# Behind an address, any of these ports may follow.
function __netstat46_targets
    set -l before (string match -r '^--[^=]*=(.*:)' -- (commandline -ct))[2]
    test -z "$before"; and printf '%s\n' tcp: udp:
    printf '%s\n' "$before"(__netstat46_ports)
end

complete -c netstat46 -f
)sh";

/// `text` in single quotes.
std::string in_quotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
    return out + "'";
}

/// `-x -a CANDIDATES`, where there are any.
std::string candidates(const OwnOption& option) {
    switch (option.completes) {
    case Completes::Words:
        return fmt::format(" -a {}",
                           in_quotes(takes_list(option) ? fmt::format("(__fish_append , {})", option.words())
                                                        : option.words()));
    case Completes::Directory:
        return " -a '(__fish_complete_directories)'";
    case Completes::Ports:
        return " -a '(__fish_append , (__netstat46_ports))'";
    case Completes::Target:
        return " -a '(__netstat46_targets)'";
    case Completes::User:
        return " -a '(__fish_complete_users)'";
    case Completes::Pid:
        return " -a '(__fish_complete_pids)'";
    case Completes::Command:
        return " -a '(ps -A -o comm=)'";
    case Completes::Nothing:
        break;
    }
    return {};
}

std::string native_line(std::string_view system, const NativeOption& option) {
    std::string text = fmt::format("complete -c netstat46 -n '__netstat46_dialect {}'", system);
    if (option.letter != 0) text += fmt::format(" -s {}", option.letter);
    if (!option.long_name.empty()) text += fmt::format(" -l {}", option.long_name);
    if (!option.words.empty())
        text +=
            fmt::format(" -x -a {}", in_quotes(option.list ? fmt::format("(__fish_append , {})", option.words)
                                                           : std::string(option.words)));
    return text + fmt::format(" -d {}\n", in_quotes(option.help));
}

} // namespace

std::string fish_completion() {
    std::string text{helpers};
    for (const OwnOption& option : own_options())
        text += fmt::format("complete -c netstat46 -l {}{}{} -d {}\n", option.name.substr(2),
                            option.form.empty() ? "" : " -x", candidates(option), in_quotes(option.help));
    text += "complete -c netstat46 -l help -d 'print a summary'\n"
            "complete -c netstat46 -l version -d 'print the version'\n";
    for (const System* system : systems())
        for (const NativeOption& option : system->dialect->options) text += native_line(system->name, option);
    return text;
}

} // namespace netstat46
