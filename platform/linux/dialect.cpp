#include "linux/dialect.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "arguments.hpp"
#include "linux/look.hpp"
#include "linux/native_options.hpp"
#include "linux/texts.hpp"
#include "text.hpp"

namespace netstat46 {
namespace {

using linux_look::family_names;
using linux_look::FamilyName;
using linux_look::Flags;

constexpr std::string_view short_letters = "A:CFMacdeghilnNoprsStuUvVWw2fx64?ZT";
constexpr std::size_t of_other_builds = 1; // of these, and of long_options: Debian's build refuses the last
constexpr char family_letter = '\1';       // every family name is one option to getopt_long

constexpr LongOption long_options[] = {
    {"ax25", false, family_letter},
    {"ip", false, family_letter},
    {"ipx", false, family_letter},
    {"appletalk", false, family_letter},
    {"netrom", false, family_letter},
    {"inet", false, family_letter},
    {"inet6", false, family_letter},
    {"ddp", false, family_letter},
    {"unix", false, family_letter},
    {"tcpip", false, family_letter},
    {"rose", false, family_letter},
    {"x25", false, family_letter},
    {"bluetooth", false, family_letter},
    {"version", false, 'V'},
    {"interfaces", false, 'i'},
    {"help", false, 'h'},
    {"route", false, 'r'},
    {"masquerade", false, 'M'},
    {"protocol", true, 'A'},
    {"tcp", false, 't'},
    {"sctp", false, 'S'},
    {"udp", false, 'u'},
    {"udplite", false, 'U'},
    {"raw", false, 'w'},
    {"unix", false, 'x'}, // never meant, but it makes `--un` ambiguous
    {"l2cap", false, '2'},
    {"rfcomm", false, 'f'},
    {"listening", false, 'l'},
    {"all", false, 'a'},
    {"timers", false, 'o'},
    {"continuous", false, 'c'},
    {"extend", false, 'e'},
    {"programs", false, 'p'},
    {"verbose", false, 'v'},
    {"statistics", false, 's'},
    {"wide", false, 'W'},
    {"numeric", false, 'n'},
    {"numeric-hosts", false, '!'},
    {"numeric-ports", false, '@'},
    {"numeric-users", false, '#'},
    {"symbolic", false, 'N'},
    {"cache", false, 'C'},
    {"fib", false, 'F'},
    {"groups", false, 'g'},
    {"context", false, 'Z'},
    {"notrim", false, 'T', true},
};

/// A comma separated list of families; the first unknown one is returned.
std::optional<std::string> take_families(Flags& flags, std::string_view list) {
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view name = list.substr(0, comma);
        const auto* const known = std::find_if(std::begin(family_names), std::end(family_names),
                                               [&](const FamilyName& family) { return family.name == name; });
        if (known == std::end(family_names)) return std::string(name);
        switch (known->means) {
        case FamilyName::Means::Inet:
            flags.inet = true;
            break;
        case FamilyName::Means::Inet6:
            flags.inet6 = true;
            break;
        case FamilyName::Means::Unix:
            flags.unix_ = true;
            break;
        case FamilyName::Means::Absent:
            flags.other_families.push_back(known->missing);
            break;
        case FamilyName::Means::Nothing:
            break;
        }
        if (comma == std::string_view::npos) return std::nullopt;
        list.remove_prefix(comma + 1);
    }
}

constexpr Switch<Flags> switches[] = {
    {'a', &Flags::all},      {'l', &Flags::listening}, {'c', &Flags::continuous}, {'e', &Flags::extend},
    {'p', &Flags::programs}, {'T', &Flags::wide},      {'W', &Flags::wide},       {'o', &Flags::timers},
    {'v', &Flags::verbose},  {'t', &Flags::tcp},       {'S', &Flags::sctp},       {'u', &Flags::udp},
    {'U', &Flags::udplite},  {'w', &Flags::raw},       {'6', &Flags::inet6},      {'4', &Flags::inet},
    {'x', &Flags::unix_},
};

constexpr Switch<Numeric> numeric_switches[] = {
    {'!', &Numeric::hosts}, {'@', &Numeric::ports}, {'#', &Numeric::users}};

/// Modes that are not socket listings; what else there is on this system.
struct Mode {
    char letter;
    std::string_view instead;
};

constexpr Mode modes[] = {
    {'g', "ip maddr"}, {'r', "ip route"}, {'i', "ip -s link"}, {'s', "nstat"}, {'M', "conntrack"}};

Message wrong_usage(std::string_view mistake) {
    std::string error = mistake.empty() ? std::string{} : fmt::format("netstat: {}\n", mistake);
    error.append(linux_usage).append(linux_families);
    return {{}, std::move(error), 3, Message::About::Mistake};
}

/// What one option says, if it ends the run.
std::optional<Message> take_option(Flags& flags, const GivenOption& option, const Arguments& arguments,
                                   const ParseContext& context) {
    switch (option.letter) {
    case '?':
        return as_mistake(wrong_usage(arguments.mistake), arguments);
    case 'h':
        return Message{std::string(linux_usage), std::string(linux_families), 0, Message::About::Help};
    case 'V':
        return Message{std::string(linux_version), {}, 0, Message::About::Version};
    case 'A':
    case family_letter: {
        const std::string_view list =
            option.letter == 'A' ? std::string_view(option.value) : std::string_view(option.name).substr(2);
        if (list == "tcpip" && option.letter == family_letter) { // an old fault of theirs
            flags.errors += "netstat.c: Internal Error `longopts 1 range'.\n";
            return std::nullopt;
        }
        const auto unknown = take_families(flags, list);
        if (!unknown) return std::nullopt;
        return Message{
            {}, fmt::format("Unknown address family `{}'.\n", cleaned(*unknown)), 1, Message::About::Mistake};
    }
    case 'Z':
        if (context.host == nullptr || !context.host->selinux)
            return Message{{}, "SELinux is not enabled on this machine.\n", 1, Message::About::Mistake};
        flags.programs = flags.context = true;
        return std::nullopt;
    case 'n':
        flags.numeric = {true, true, true};
        return std::nullopt;
    case '2':
    case 'f':
        flags.other_families.push_back("AF BLUETOOTH");
        return std::nullopt;
    default:
        break;
    }
    for (const Mode& mode : modes)
        if (mode.letter == option.letter)
            flags.modes.push_back({{'-', mode.letter}, std::string(mode.instead)});
    if (!raise_flag(flags, switches, option.letter))
        raise_flag(flags.numeric, numeric_switches, option.letter);
    return std::nullopt; // the rest changes nothing about sockets
}

/// What net-tools makes of its flags before it lists.
void settle(Flags& flags) {
    if ((flags.inet || flags.inet6) && !flags.any_protocol()) {
        flags.tcp = flags.sctp = flags.udp = flags.udplite = flags.raw = true;
        flags.implied_protocols = true;
    }
    if (flags.any_protocol() && !flags.inet && !flags.inet6) flags.inet = flags.inet6 = true;
}

Parsed parse_linux(std::span<const std::string> given, const ParseContext& context) {
    const std::size_t refused = context.classic ? of_other_builds : 0;
    const Arguments arguments = read_getopt_long(
        given, short_letters.substr(0, short_letters.size() - refused),
        std::span(long_options).first(std::size(long_options) - refused), context.posixly_correct);
    Flags flags;
    for (const GivenOption& option : arguments.options)
        if (auto say = take_option(flags, option, arguments, context)) return *say;
    const auto exclusive = std::count_if(flags.modes.begin(), flags.modes.end(),
                                         [](const NativeMode& mode) { return mode.mode != "-g"; });
    if (exclusive > 1) return wrong_usage({});
    if (!flags.modes.empty()) return flags.modes.back();
    settle(flags);
    ParsedOptions chosen;
    chosen.plan = [flags](const PlanContext& context) { return linux_look::make_plan(flags, context); };
    chosen.numeric = flags.numeric;
    chosen.errors = flags.errors;
    chosen.all = flags.all;
    chosen.listening = flags.listening;
    chosen.owners_asked = flags.programs;
    chosen.wide = flags.wide;
    chosen.repeat_seconds = flags.continuous ? 1 : 0;
    chosen.operands = arguments.operands;
    if (flags.continuous) chosen.look_options.push_back("-c");
    return chosen;
}

} // namespace

const Dialect linux_dialect{parse_linux, linux_look::usual_columns, 3, long_options, linux_native_options};

} // namespace netstat46
