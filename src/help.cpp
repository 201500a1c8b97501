#include "help.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "messages.hpp"
#include "options.hpp"
#include "parse.hpp"

namespace netstat46 {
namespace {

constexpr std::size_t help_width = 79;

constexpr std::string_view short_text =
    R"(netstat46 lists sockets as netstat does, with the process that holds each one
and V6ONLY: yes, no (takes IPv4 too), - (not an IPv6 listener), ? (unknown).

  netstat46 -an                    all sockets, with numbers instead of names
  netstat46 --port=8888            the sockets of one port
  netstat46 --explain=8888         who holds it, who answers, who could bind it
  netstat46 --can-bind=8888        could a program listen there? If not, why
  kill $(netstat46 --pids -l --port=8888)   stop whoever listens there

  -a -l -t -u -4 -6 -n       all, listening, TCP, UDP, IPv4, IPv6, numbers
  --port=22,8000-8100        local or foreign port; a service's name works too
  --address=10.0.0.0/8       local or foreign address, or network
  --state=listen             in this state: time_wait, established, ...
  --pid=812                  held by this process
  --command='nginx*'         held by a process of this name; also --user=www
  --who-answers=[::1]:8888   which socket gets what is sent there
  --json                     one JSON document instead of a table
  --save=DIR                 save what the kernel answered
  --replay=DIR               list what was saved, on any system
  --classic                  exactly the bytes of the system's netstat

all options: --help=all · native ones: --help=native · man netstat46
)";

/// What other tools call what we have, without dashes, and ours for it.
struct OtherName {
    std::string_view theirs, ours;
};

constexpr OtherName other_names[] = {
    {"process", "--pid"},
    {"processes", "--pid"},
    {"proc", "--pid"},
    {"name", "--command"},
    {"comm", "--command"},
    {"cmd", "--command"},
    {"exe", "--command"},
    {"program-name", "--command"},
    {"addr", "--address"},
    {"host", "--address"},
    {"src", "--address"},
    {"source", "--address"},
    {"dst", "--address"},
    {"dest", "--address"},
    {"destination", "--address"},
    {"network", "--address"},
    {"sport", "--local-port"},
    {"lport", "--local-port"},
    {"source-port", "--local-port"},
    {"src-port", "--local-port"},
    {"dport", "--foreign-port"},
    {"rport", "--foreign-port"},
    {"remote-port", "--foreign-port"},
    {"dest-port", "--foreign-port"},
    {"dst-port", "--foreign-port"},
    {"peer-port", "--foreign-port"},
    {"owner", "--user"},
    {"uid", "--user"},
    {"login", "--user"},
    {"status", "--state"},
    {"why", "--explain"},
    {"who", "--who-answers"},
    {"what", "--explain"},
    {"info", "--explain"},
    {"free", "--can-bind"},
    {"bind", "--can-bind"},
    {"available", "--can-bind"},
    {"answers", "--who-answers"},
    {"connect", "--who-answers"},
    {"silent", "--quiet"},
    {"output", "--json"},
    {"format", "--json"},
    {"load", "--replay"},
    {"open", "--replay"},
    {"read", "--replay"},
    {"dump", "--save"},
    {"write", "--save"},
    {"capture", "--save"},
    {"native", "--classic"},
    {"compat", "--classic"},
    {"ipv6only", "--v6only"},
    {"dual", "--v6only"},
    {"os", "--dialect"},
    {"system", "--dialect"},
    {"completions", "--completion"},
    {"ipv4", "-4"},
    {"ipv6", "-6"},
    {"watch", "-c"},
    {"interval", "-c"},
    {"repeat", "-c"},
    {"summary", "-s"},
    {"usage", "--help"},
    {"options", "--help"},
    {"man", "--help"},
    {"no-resolve", "-n"},
    {"no-dns", "-n"},
};

/// Edits that make one word of the other: a letter more, less or another, or two neighbours exchanged.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> edits(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                edits[i][j] = i + j;
                continue;
            }
            const bool same = a[i - 1] == b[j - 1];
            edits[i][j] = std::min({edits[i - 1][j] + 1, edits[i][j - 1] + 1, edits[i - 1][j - 1] + !same});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                edits[i][j] = std::min(edits[i][j], edits[i - 2][j - 2] + 1);
        }
    return edits[a.size()][b.size()];
}

/// `[PROTO:][ADDR:]PORT` without what may be left out: `PORT`.
std::string needed_part(std::string_view form) {
    std::string needed;
    int depth = 0;
    for (const char c : form) {
        depth += c == '[' ? 1 : 0;
        if (depth == 0) needed += c;
        depth -= c == ']' ? 1 : 0;
    }
    return needed;
}

std::string with_form(std::string_view name) {
    for (const OwnOption& option : own_options())
        if (option.name == name && !option.form.empty())
            return fmt::format("{}={}", name, needed_part(option.form));
    return std::string(name);
}

/// Takes the nearest of some names.
class Nearest {
public:
    explicit Nearest(std::string_view typed) : typed_(typed), least_(most(typed) + 1) {}

    void consider(std::string_view name, std::string_view option) {
        const bool begins = typed_.size() > 2 && name.starts_with(typed_);
        const std::size_t far = begins ? 1 : distance(typed_, name);
        if (far >= least_) return;
        least_ = far;
        option_ = option;
    }

    [[nodiscard]] std::string_view option() const { return option_; }

private:
    static std::size_t most(std::string_view typed) {
        return typed.size() < 4 ? 1 : typed.size() < 9 ? 2 : 3;
    }

    std::string_view typed_;
    std::size_t least_;
    std::string_view option_;
};

} // namespace

std::string short_help() { return std::string(short_text); }

std::string all_help() {
    std::string text = "usage: netstat46 [native options] [--option=value ...]\n\n";
    std::size_t widest = 0;
    for (const OwnOption& option : own_options())
        widest = std::max(widest, std::min<std::size_t>(form_of(option).size(), help_width / 3));
    const auto put_options = [&](bool selecting) {
        for (const OwnOption& option : own_options()) {
            if ((option.select != nullptr) != selecting) continue;
            const std::string form = form_of(option);
            const bool fits = form.size() <= widest;
            text += fmt::format("  {:<{}}", form, widest);
            if (!fits) text += fmt::format("\n  {:<{}}", "", widest);
            text += fmt::format("  {}\n", option.help);
        }
    };
    put_options(false);
    text += "\nOnly some sockets; LIST is as in 22,8000-8100,http or 1,4711 or listen,TIME_WAIT:\n";
    put_options(true);
    return text + "\nA value follows behind `=' or as the next argument. man netstat46 has them all.\n";
}

std::optional<HelpAbout> help_about(std::string_view argument) {
    constexpr std::string_view option = "--help=";
    if (!argument.starts_with(option)) return std::nullopt;
    argument.remove_prefix(option.size());
    return argument == "all" ? HelpAbout::All : argument == "native" ? HelpAbout::Native : HelpAbout::Unknown;
}

std::string option_meant(std::string_view typed, std::span<const LongOption> native) {
    if (typed.starts_with("-i:") && typed.size() > 3) // lsof -i:8888
        return fmt::format("--port={}", typed.substr(3));
    std::string_view name = typed.substr(0, typed.find('='));
    if (!name.starts_with("--") || name.size() < 4) return {};
    name.remove_prefix(2);
    for (const OtherName& other : other_names)
        if (other.theirs == name) return with_form(other.ours);
    Nearest nearest(name);
    for (const OwnOption& option : own_options()) nearest.consider(option.name.substr(2), option.name);
    for (const OtherName& other : other_names)
        if (other.theirs.size() > 4) nearest.consider(other.theirs, other.ours);
    std::string native_name;
    for (const LongOption& option : native) {
        const std::string_view before = nearest.option();
        nearest.consider(option.name, option.name);
        if (nearest.option() != before) native_name = fmt::format("--{}", option.name);
    }
    return native_name.empty() ? with_form(nearest.option()) : native_name;
}

std::string operand_meant(std::span<const std::string> operands, bool linux_letters) {
    constexpr OtherName families[] = {{"tcp", "-t"},   {"udp", "-u"},   {"inet", "-4"},
                                      {"inet6", "-6"}, {"unix", "-x"},  {"tcp4", "-4t"},
                                      {"tcp6", "-6t"}, {"udp4", "-4u"}, {"udp6", "-6u"}};
    const std::string& first = operands.front();
    if (linux_letters)
        for (const OtherName& family : families)
            if (family.theirs == first) return std::string(family.ours);
    const std::size_t number = first.find_first_not_of(":*");
    if (number != std::string::npos && is_digits(first.substr(number)))
        return fmt::format("--port={}", first.substr(number));
    for (const OwnOption& option : own_options()) {
        if (option.name.substr(2) != first) continue;
        if (option.form.empty() || operands.size() < 2) return with_form(option.name);
        return fmt::format("{}={}", option.name, operands[1]);
    }
    return {};
}

std::string unknown_option(std::string_view typed, std::span<const LongOption> native) {
    const std::string meant = option_meant(typed, native);
    const std::string_view name = typed.starts_with("--") ? typed.substr(0, typed.find('=')) : typed;
    if (meant.empty()) return fmt::format(messages.unknown_option, name);
    return fmt::format(messages.option_meant, name, meant);
}

} // namespace netstat46
