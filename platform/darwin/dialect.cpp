#include "darwin/dialect.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "arguments.hpp"
#include "darwin/look.hpp"
#include "darwin/native_options.hpp"
#include "darwin/row.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace netstat46 {
namespace {

using namespace darwin_look;

constexpr std::string_view usage_text = "Usage:\tnetstat [-AaLlnW] [-f address_family | -p protocol]\n"
                                        "\tnetstat [-gilns] [-f address_family]\n"
                                        "\tnetstat -i | -I interface [-w wait] [-abdgRtS]\n"
                                        "\tnetstat -s [-s] [-f address_family | -p protocol] [-w wait]\n"
                                        "\tnetstat -i | -I interface -s [-f address_family | -p protocol]\n"
                                        "\tnetstat -m [-m]\n"
                                        "\tnetstat -r [-Aaln] [-f address_family]\n"
                                        "\tnetstat -rs [-s]\n\n";

/// Every name that -p accepts. Those without a listing print nothing.
constexpr std::array<std::string_view, 24> protocols{
    "tcp",   "udp",   "divert",  "ip",      "icmp",          "igmp",  "ipsec", "arp",
    "mptcp", "ip6",   "icmp6",   "ipsec6",  "rip6",          "pfkey", "reg",   "kevt",
    "kctl",  "nstat", "xbkidle", "net_api", "if_ports_used", "vsock", "tcp6",  "udp6"};

/// Modes that are not socket listings, in the order in which netstat looks for them; what else there is on
/// Linux.
struct Mode {
    std::string_view letters;
    std::string_view instead;
};

constexpr std::array<Mode, 9> modes{{{"m", ""},
                                     {"B", ""},
                                     {"iIw", "ip -s link"},
                                     {"r", "ip route"},
                                     {"qQ", ""},
                                     {"S", ""},
                                     {"g", "ip maddress"},
                                     {"s", "nstat"},
                                     {"P", ""}}};

constexpr std::array<std::pair<std::string_view, Choice>, 7> families{{{"inet", Choice::Inet},
                                                                       {"inet6", Choice::Inet6},
                                                                       {"unix", Choice::Unix},
                                                                       {"systm", Choice::System},
                                                                       {"pfkey", Choice::Nothing},
                                                                       {"vsock", Choice::Nothing},
                                                                       {"ipx", Choice::Nothing}}};

Message usage(const std::string& program, const std::string& mistake, bool old) {
    constexpr int old_status = 1, usage_status = 64; // sysexits.h: EX_USAGE
    const std::string complaint = mistake.empty() ? std::string() : program + ": " + mistake + "\n";
    return {{}, complaint + std::string(usage_text), old ? old_status : usage_status};
}

/// Names of /etc/protocols that mean one of ours.
std::string_view known_protocol(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> aliases{
        {{"TCP", "tcp"}, {"UDP", "udp"}, {"IP", "ip"}, {"ICMP", "icmp"}, {"IGMP", "igmp"}}};
    for (const auto& [alias, known] : aliases)
        if (alias == name) name = known;
    const auto found = std::find(protocols.begin(), protocols.end(), name);
    return found == protocols.end() ? std::string_view() : *found;
}

std::optional<Choice> known_family(std::string_view name) {
    for (const auto& [known, choice] : families)
        if (known == name) return choice;
    return std::nullopt;
}

struct Reading {
    Flags flags;
    std::string errors;
    std::string modes_given;
    std::optional<Message> end;
};

constexpr Switch<Flags> switches[] = {
    {'A', &Flags::addresses}, {'a', &Flags::all},    {'b', &Flags::bytes},   {'d', &Flags::drops},
    {'l', &Flags::wide},      {'L', &Flags::queues}, {'n', &Flags::numeric}, {'W', &Flags::uncut},
};

/// 741 only warns of a protocol, and says nothing of a family, that it does not know.
void read_option(const GivenOption& given, const std::string& program, Reading& reading) {
    Flags& flags = reading.flags;
    if (raise_flag(flags, switches, given.letter)) return;
    switch (given.letter) {
    case 'u':
        flags.family = Choice::Unix;
        break;
    case 'v':
        ++flags.verbose;
        break;
    case 'f':
        if (const auto family = known_family(given.value)) {
            flags.family = *family;
        } else if (flags.old) {
            reading.end =
                Message{{}, program + ": " + cleaned(given.value) + ": unknown address family\n", 1};
        }
        break;
    case 'p': {
        flags.protocol = known_protocol(given.value);
        const std::string complaint =
            program + ": " + cleaned(given.value) + ": unknown or uninstrumented protocol";
        if (!flags.protocol.empty()) break;
        if (flags.old) reading.end = Message{{}, complaint + "\n", 1};
        reading.errors += complaint + ": Success\n";
        break;
    }
    default:
        reading.modes_given += given.letter;
        break;
    }
}

/// A number as first operand is an interval, which belongs to the interface listing.
bool interval_given(const Arguments& read) {
    return !read.operands.empty() && !read.operands.front().empty() && read.operands.front()[0] >= '0' &&
           read.operands.front()[0] <= '9';
}

/// macOS 12 or earlier (before xnu-8792): network_cmds-606 is its netstat.
bool has_old_netstat(const HostFacts& host) {
    constexpr std::uint64_t first_new_release = 22; // Darwin 22 is macOS 13
    constexpr std::uint64_t first_new_kernel = 8792;
    if (host.system != &darwin_system) return false;
    if (const std::uint64_t release = leading_number<std::uint64_t>(host.release); release != 0)
        return release < first_new_release;
    constexpr std::string_view prefix = "xnu-";
    const std::size_t at = host.kernel.find(prefix);
    if (at == std::string::npos) return false;
    const std::uint64_t kernel =
        leading_number<std::uint64_t>(std::string_view(host.kernel).substr(at + prefix.size()));
    return kernel != 0 && kernel < first_new_kernel;
}

std::optional<NativeMode> other_mode(const std::string& given) {
    for (const Mode& mode : modes)
        for (const char letter : mode.letters)
            if (given.find(letter) != std::string::npos)
                return NativeMode{std::string{'-', letter}, std::string(mode.instead)};
    return std::nullopt;
}

/// Before any option.
Flags flags_of(const HostFacts* host) {
    Flags flags;
    flags.old = host != nullptr && has_old_netstat(*host);
    return flags;
}

std::vector<Column> internet_columns(Protocol protocol, const PlanContext& context) {
    return usual_columns(flags_of(context.host), protocol, context);
}

Parsed parse_darwin(std::span<const std::string> arguments, const ParseContext& context) {
    const std::string program = context.classic ? "netstat" : "netstat46";
    Reading reading;
    reading.flags = flags_of(context.host);
    const Arguments read = read_getopt(arguments, "AaBbc:dFf:gI:ikLlmnP:p:qQrRsStuvWw:xz");
    for (const GivenOption& given : read.options) {
        if (given.letter == '?') return as_mistake(usage(program, read.mistake, reading.flags.old), read);
        read_option(given, program, reading);
        if (reading.end) return *reading.end;
    }
    if (interval_given(read)) {
        if (read.operands.front().find_first_not_of('0') == std::string::npos)
            return usage(program, {}, reading.flags.old);
        reading.modes_given += 'w';
    }
    if (auto mode = other_mode(reading.modes_given)) return *mode;
    ParsedOptions chosen;
    chosen.plan = [flags = reading.flags](const PlanContext& context) { return plan_of(flags, context); };
    chosen.numeric = {reading.flags.numeric, reading.flags.numeric, false};
    chosen.all = reading.flags.all;
    if (reading.flags.addresses) chosen.look_options.push_back("-A");
    if (reading.flags.queues) chosen.look_options.push_back("-L");
    chosen.errors = reading.errors;
    chosen.operands = read.operands;
    return chosen;
}

} // namespace

const Dialect darwin_dialect{parse_darwin, internet_columns, 64, {}, darwin_native_options};

} // namespace netstat46
