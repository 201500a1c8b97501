#include "freebsd/dialect.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "arguments.hpp"
#include "freebsd/look.hpp"
#include "freebsd/native_options.hpp"
#include "freebsd/row.hpp"
#include "text.hpp"

namespace netstat46 {
namespace {

using namespace freebsd_look;

constexpr std::string_view usage = "usage: netstat [-46AaCcLnPRSTWx] [-f protocol_family | -p protocol]\n"
                                   "               [-M core] [-N system]\n"
                                   "       netstat -i | -I interface [-46abdhnW] [-f address_family]\n"
                                   "               [-M core] [-N system]\n"
                                   "       netstat -w wait [-I interface] [-46d] [-M core] [-N system]\n"
                                   "               [-q howmany]\n"
                                   "       netstat -s [-46sz] [-f protocol_family | -p protocol]\n"
                                   "               [-M core] [-N system]\n"
                                   "       netstat -i | -I interface -s [-46s]\n"
                                   "               [-f protocol_family | -p protocol] [-M core] [-N system]\n"
                                   "       netstat -m [-M core] [-N system]\n"
                                   "       netstat -B [-z] [-I interface]\n"
                                   "       netstat -r [-46AnW] [-F fibnum] [-f address_family]\n"
                                   "               [-M core] [-N system]\n"
                                   "       netstat -rs [-s] [-M core] [-N system]\n"
                                   "       netstat -g [-46W] [-f address_family] [-M core] [-N system]\n"
                                   "       netstat -gs [-46s] [-f address_family] [-M core] [-N system]\n"
                                   "       netstat -Q\n";

constexpr Edition edition_13{5, 3, true, true, true, false, 1, 1};
constexpr Edition edition_14_0{5, 3, true, false, false, false, 1, 1};
constexpr Edition edition_14_4{9, 7, false, false, true, true, 65, 1};

/// `14.2-RELEASE-p3`: by its two numbers. Whatever is not FreeBSD gets the newest.
const Edition& edition_of(const HostFacts* host) {
    if (host == nullptr || host->system != &freebsd_system) return edition_14_4;
    const char* end = host->release.data() + host->release.size();
    int major = 0;
    int minor = 0;
    const auto [dot, error] = std::from_chars(host->release.data(), end, major);
    if (error != std::errc{}) return edition_14_4;
    if (dot != end && *dot == '.') std::from_chars(dot + 1, end, minor);
    if (major < 14) return edition_13;
    return major == 14 && minor < 4 ? edition_14_0 : edition_14_4;
}

/// Names that -p knows without having sockets to list: those that say so, and those of kernels without the
/// protocol.
constexpr std::array names_without_pcbs{"ipsec", "ah",  "esp",    "ipcomp", "carp", "pfsync",
                                        "pflow", "arp", "ipsec6", "rip6",   "pfkey"};
constexpr std::array names_not_listed{"sctp", "sdp", "divert", "ctrl", "data"};

/// /etc/protocols' other names.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> aliases{{
    {"TCP", "tcp"},
    {"UDP", "udp"},
    {"UDPLite", "udplite"},
    {"IP", "ip"},
    {"ICMP", "icmp"},
    {"IGMP", "igmp"},
    {"PIM", "pim"},
    {"SCTP", "sctp"},
}};

/// getopt(3) letters of 13 to 15.
constexpr std::string_view letters = "46AaBbCcdF:f:ghI:ij:LlM:mN:nOoPp:Qq:RrSTsuWw:xz";

constexpr std::array<std::pair<std::string_view, Choice>, 8> families{{
    {"inet", Choice::Inet},
    {"inet6", Choice::Inet6},
    {"unix", Choice::Unix},
    {"local", Choice::Unix},
    {"pfkey", Choice::Nothing},
    {"ng", Choice::Nothing},
    {"netgraph", Choice::Nothing},
    {"link", Choice::Nothing},
}};

constexpr Switch<Flags> switches[] = {
    {'A', &Flags::addresses}, {'a', &Flags::all},           {'C', &Flags::congestion}, {'c', &Flags::stack},
    {'L', &Flags::queues},    {'l', &Flags::wide},          {'n', &Flags::numeric},    {'P', &Flags::log_id},
    {'R', &Flags::flows},     {'S', &Flags::numeric_hosts}, {'T', &Flags::tcp_info},   {'W', &Flags::wide},
    {'x', &Flags::extra},
};

/// Options that make it another program, in the order in which netstat looks at them.
struct Other {
    char letter;
    std::string_view mode, instead;
};

constexpr std::array others{
    Other{'B', "-B", ""},           Other{'m', "-m", ""},           Other{'Q', "-Q", ""},
    Other{'i', "-i", "ip -s link"}, Other{'I', "-I", "ip -s link"}, Other{'w', "-w", "ip -s link"},
    Other{'r', "-r", "ip route"},   Other{'o', "-o", ""},           Other{'O', "-O", ""},
    Other{'g', "-g", "ip maddr"},   Other{'s', "-s", "nstat"},      Other{'M', "-M", ""},
    Other{'N', "-N", ""},           Other{'j', "-j", ""},
};

/// How the program ends over a wrong option.
class Refusals {
public:
    Refusals(std::string_view program, const Edition& edition) : program_(program), edition_(edition) {}

    [[nodiscard]] Message usage_error(std::string_view sentence, std::string_view then = {}) const {
        return {{}, fmt::format("{}: {}\n{}", program_, sentence, then), edition_.usage_status};
    }
    [[nodiscard]] Message bad_name(std::string_view name, std::string_view what) const {
        return {{}, fmt::format("{}: {}: {}\n", program_, cleaned(name), what), edition_.bad_name_status};
    }

private:
    std::string_view program_;
    const Edition& edition_;
};

/// The name -p means, or nothing.
std::optional<std::string_view> protocol_named(std::string_view name, const Edition& edition) {
    for (const auto& [alias, real] : aliases)
        if (name == alias) name = real;
    for (const InetProtocol& protocol : shown_protocols)
        if (protocol.name == name && (protocol.protocol != Protocol::UdpLite || edition.udplite))
            return protocol.name;
    for (const std::string_view known : names_without_pcbs)
        if (known == name) return known;
    for (const std::string_view known : names_not_listed)
        if (known == name) return known;
    return std::nullopt;
}

/// Applies one option; a refusal where its value is wrong.
std::optional<Message> apply(const GivenOption& option, const Edition& edition, const Refusals& refusals,
                             Flags& flags) {
    if (raise_flag(flags, switches, option.letter)) return std::nullopt;
    switch (option.letter) {
    case '4':
        flags.wanted = Choice::Inet;
        break;
    case '6':
        flags.wanted = Choice::Inet6;
        break;
    case 'u':
        flags.wanted = Choice::Unix;
        break;
    case 'f': {
        const auto* family = std::find_if(families.begin(), families.end(),
                                          [&](const auto& each) { return each.first == option.value; });
        if (family == families.end()) return refusals.bad_name(option.value, "unknown address family");
        flags.wanted = family->second;
        break;
    }
    case 'p': {
        const auto name = protocol_named(option.value, edition);
        if (!name) return refusals.bad_name(option.value, "unknown or uninstrumented protocol");
        flags.protocol = *name;
        break;
    }
    default:
        break;
    }
    return std::nullopt;
}

std::optional<NativeMode> other_program(const Arguments& arguments) {
    for (const Other& other : others)
        for (const GivenOption& option : arguments.options)
            if (option.letter == other.letter)
                return NativeMode{std::string(other.mode), std::string(other.instead)};
    if (arguments.operands.empty()) return std::nullopt;
    return NativeMode{arguments.operands.front(), "ip -s link"};
}

std::vector<Column> internet_columns(Protocol protocol, const PlanContext& context) {
    return usual_columns(edition_of(context.host), protocol, context);
}

Parsed parse_freebsd(std::span<const std::string> words, const ParseContext& context) {
    const Edition& edition = edition_of(context.host);
    const Refusals refusals(context.classic ? "netstat" : "netstat46", edition);
    const Arguments arguments = read_getopt(words, letters);
    Flags flags;
    ParsedOptions chosen;
    for (const GivenOption& option : arguments.options) {
        if (option.letter == '?')
            return as_mistake(refusals.usage_error(arguments.mistake, usage), arguments);
        if (auto refusal = apply(option, edition, refusals, flags)) return std::move(*refusal);
        if (std::string_view("AcCLPRTx").find(option.letter) != std::string_view::npos)
            chosen.look_options.push_back({'-', option.letter});
    }
    if (flags.extra && flags.tcp_info) return refusals.usage_error("-x and -T are incompatible, pick one.");
    if (auto other = other_program(arguments)) return std::move(*other);
    if (std::count(names_without_pcbs.begin(), names_without_pcbs.end(), flags.protocol) != 0)
        return Message{fmt::format("{}: no PCB routine\n", flags.protocol), {}, 0};
    chosen.numeric = {flags.numeric || flags.numeric_hosts, flags.numeric, false};
    chosen.all = flags.all;
    chosen.plan = [flags, edition](const PlanContext& context) { return plan_of(flags, edition, context); };
    return chosen;
}

} // namespace

const Dialect freebsd_dialect{parse_freebsd, internet_columns, 1, {}, freebsd_native_options};

} // namespace netstat46
