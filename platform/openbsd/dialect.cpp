#include "openbsd/dialect.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "arguments.hpp"
#include "openbsd/look.hpp"
#include "openbsd/native_options.hpp"
#include "openbsd/row.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace netstat46 {
namespace {

using namespace openbsd_look;

constexpr std::string_view usage =
    "usage: netstat [-AaBln] [-M core] [-N system] [-p protocol] [-T rtable]\n"
    "       netstat -W interface\n"
    "       netstat -m\n"
    "       netstat -I interface | -i [-bdehnq]\n"
    "       netstat -w wait [-bdehnq] [-c count] [-I interface]\n"
    "       netstat -s [-gru] [-f address_family] [-p protocol]\n"
    "       netstat -g [-lnu] [-f address_family]\n"
    "       netstat -R\n"
    "       netstat -r [-AFu] [-f address_family] [-M core] [-N system] [-T rtable]\n"
    "       netstat -P pcbaddr [-v] [-M core] [-N system]\n";

/// getopt(3) letters of 7.3 and later. `L` is one of them and leads to the usage.
constexpr std::string_view letters = "AaBbc:deFf:ghI:iLlM:mN:np:P:qRrsT:uvW:w:";

constexpr std::array<std::pair<std::string_view, Choice>, 5> families{{
    {"inet", Choice::Inet},
    {"inet6", Choice::Inet6},
    {"unix", Choice::Unix},
    {"local", Choice::Unix},
    {"mpls", Choice::Nothing},
}};

/// Names that -p knows; without a protocol there is no list of their sockets.
struct KnownProtocol {
    std::string_view name;
    std::optional<OnlyProtocol> lists = {};
};

constexpr KnownProtocol protocols[] = {
    {"ip", OnlyProtocol::Raw},
    {"icmp"},
    {"igmp"},
    {"ipencap"},
    {"tcp", OnlyProtocol::Tcp},
    {"udp", OnlyProtocol::Udp},
    {"ipsec"},
    {"esp"},
    {"ah"},
    {"etherip"},
    {"ipcomp"},
    {"carp"},
    {"pfsync"},
    {"divert", OnlyProtocol::Divert},
    {"pflow"},
    {"ip6", OnlyProtocol::Raw6},
    {"divert6", OnlyProtocol::Divert},
    {"icmp6"},
    {"rip6"},
};

/// Other names of these in protocols(5).
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> aliases{{
    {"IP", "ip"},
    {"ICMP", "icmp"},
    {"IGMP", "igmp"},
    {"IP-ENCAP", "ipencap"},
    {"TCP", "tcp"},
    {"UDP", "udp"},
    {"ESP", "esp"},
    {"IPSEC-ESP", "esp"},
    {"AH", "ah"},
    {"IPSEC-AH", "ah"},
    {"ETHERIP", "etherip"},
    {"IPCOMP", "ipcomp"},
    {"CARP", "carp"},
    {"PFSYNC", "pfsync"},
}};

constexpr Switch<Flags> switches[] = {
    {'A', &Flags::addresses}, {'a', &Flags::all},     {'B', &Flags::windows},
    {'l', &Flags::listening}, {'n', &Flags::numeric}, {'v', &Flags::wide},
};

/// Options that make it another program, in the order in which netstat looks at them.
struct Other {
    char letter;
    std::string_view mode, instead;
};

constexpr std::array others{
    Other{'W', "-W", ""},           Other{'m', "-m", ""},           Other{'i', "-i", "ip -s link"},
    Other{'I', "-I", "ip -s link"}, Other{'w', "-w", "ip -s link"},
};
constexpr std::array later_others{
    Other{'s', "-s", "nstat"},    Other{'g', "-g", "ip maddr"}, Other{'R', "-R", ""},
    Other{'r', "-r", "ip route"}, Other{'M', "-M", ""},         Other{'N', "-N", ""},
    Other{'P', "-P", ""},
};

/// strtonum(3): the number, or what is wrong with it.
std::variant<long long, std::string_view> number_of(std::string_view text, long long least, long long most) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0)
        text.remove_prefix(1);
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text.empty() || !is_digits(text)) return std::string_view("invalid");
    const auto magnitude = parse_number<long long>(text).value_or(std::numeric_limits<long long>::max());
    const long long value = negative ? -magnitude : magnitude;
    if (value < least) return std::string_view("too small");
    if (value > most) return std::string_view("too large");
    return value;
}

/// strtoul(3) in base 16 takes all of it.
bool is_kernel_address(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0)
        text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) text.remove_prefix(2);
    return parse_number<unsigned long>(text, 16).has_value();
}

const KnownProtocol* protocol_named(std::string_view name) {
    for (const auto& [alias, real] : aliases)
        if (name == alias) name = real;
    const auto* const found = std::find_if(std::begin(protocols), std::end(protocols),
                                           [&](const KnownProtocol& each) { return each.name == name; });
    return found == std::end(protocols) ? nullptr : found;
}

/// Whether the host has that routing table: 0 always is there.
bool has_routing_table(const HostFacts* host, std::uint32_t table) {
    if (table == 0) return true;
    if (host == nullptr) return false;
    const auto told = host->particulars.find("rtables");
    std::string_view rest = told == host->particulars.end() ? std::string_view{} : told->second;
    while (!rest.empty()) {
        const std::size_t blank = std::min(rest.find(' '), rest.size());
        if (parse_number<std::uint32_t>(rest.substr(0, blank)) == table) return true;
        rest.remove_prefix(std::min(blank + 1, rest.size()));
    }
    return false;
}

/// The asker's own.
std::uint32_t own_routing_table(const HostFacts* host) {
    if (host == nullptr) return 0;
    const auto told = host->particulars.find("rtable");
    return told == host->particulars.end() ? 0 : parse_number<std::uint32_t>(told->second).value_or(0);
}

/// Reads the options one after the other; the first that is wrong ends it.
class Reader {
public:
    explicit Reader(const ParseContext& context)
        : host_(context.host), program_(context.classic ? "netstat" : "netstat46") {
        flags.routing_table = own_routing_table(host_);
    }

    std::optional<Message> apply(const GivenOption& option) {
        if (raise_flag(flags, switches, option.letter)) return std::nullopt;
        switch (option.letter) {
        case 'c':
            return check_number(option.value, 1, "count is ");
        case 'w':
            return check_interval(option.value);
        case 'f':
            return choose_family(option.value);
        case 'u':
            flags.wanted = Choice::Unix;
            return std::nullopt;
        case 'p':
            return choose_protocol(option.value);
        case 'P':
            if (is_kernel_address(option.value)) return std::nullopt;
            return refused(fmt::format("{}: invalid PCB address", cleaned(option.value)));
        case 'T':
            return choose_routing_table(option.value);
        case 'L':
            return Message{{}, std::string(usage), 1};
        default:
            return std::nullopt;
        }
    }

    [[nodiscard]] std::optional<Message> check_interval(std::string_view value) const {
        return check_number(value, 1, "interval is ");
    }

    [[nodiscard]] Message usage_error(std::string_view sentence) const {
        return {{}, fmt::format("{}: {}\n{}", program_, sentence, usage), 1};
    }

    /// -p with a protocol that has no list.
    [[nodiscard]] std::optional<Message> unlisted() const {
        if (protocol_ == nullptr || protocol_->lists) return std::nullopt;
        return refused(fmt::format("no protocol handler for protocol {}", protocol_->name));
    }

    Flags flags;

private:
    [[nodiscard]] Message refused(std::string_view sentence) const {
        return {{}, fmt::format("{}: {}\n", program_, sentence), 1};
    }

    [[nodiscard]] std::optional<Message> check_number(std::string_view value, long long least,
                                                      std::string_view what) const {
        const auto number = number_of(value, least, std::numeric_limits<int>::max());
        const auto* const wrong = std::get_if<std::string_view>(&number);
        if (wrong == nullptr) return std::nullopt;
        return refused(fmt::format("{}{}", what, *wrong));
    }

    std::optional<Message> choose_family(std::string_view name) {
        const auto* const family = std::find_if(families.begin(), families.end(),
                                                [&](const auto& each) { return each.first == name; });
        if (family == families.end())
            return refused(fmt::format("{}: unknown address family", cleaned(name)));
        flags.wanted = family->second;
        return std::nullopt;
    }

    std::optional<Message> choose_protocol(std::string_view name) {
        protocol_ = protocol_named(name);
        if (protocol_ == nullptr) return refused(fmt::format("{}: unknown protocol", cleaned(name)));
        if (protocol_->lists) flags.protocol = *protocol_->lists;
        return std::nullopt;
    }

    std::optional<Message> choose_routing_table(std::string_view value) {
        constexpr long long most = 255; // sys/socket.h, RT_TABLEID_MAX
        const auto number = number_of(value, 0, most);
        if (const auto* const wrong = std::get_if<std::string_view>(&number))
            return refused(fmt::format("invalid table id: {}", *wrong));
        flags.routing_table = static_cast<std::uint32_t>(std::get<long long>(number));
        if (has_routing_table(host_, flags.routing_table)) return std::nullopt;
        return refused(fmt::format("routing table {}: No such file or directory", flags.routing_table));
    }

    const HostFacts* host_;
    std::string_view program_;
    const KnownProtocol* protocol_ = nullptr;
};

template <std::size_t count>
std::optional<NativeMode> mode_among(const std::array<Other, count>& modes, const Arguments& arguments) {
    for (const Other& other : modes)
        for (const GivenOption& option : arguments.options)
            if (option.letter == other.letter)
                return NativeMode{std::string(other.mode), std::string(other.instead)};
    return std::nullopt;
}

std::optional<NativeMode> other_program(const Arguments& arguments) {
    if (auto mode = mode_among(others, arguments)) return mode;
    if (!arguments.operands.empty()) return NativeMode{arguments.operands.front(), "ip -s link"};
    return mode_among(later_others, arguments);
}

Parsed parse_openbsd(std::span<const std::string> words, const ParseContext& context) {
    const Arguments arguments = read_getopt(words, letters, "unknown option");
    Reader reader(context);
    ParsedOptions chosen;
    for (const GivenOption& option : arguments.options) {
        if (option.letter == '?') return as_mistake(reader.usage_error(arguments.mistake), arguments);
        if (auto refusal = reader.apply(option)) return std::move(*refusal);
        if (option.letter == 'A' || option.letter == 'B') chosen.look_options.push_back({'-', option.letter});
    }
    if (!arguments.operands.empty()) {
        if (auto refusal = reader.check_interval(arguments.operands.front())) return std::move(*refusal);
        if (arguments.operands.size() > 1) return Message{{}, std::string(usage), 1};
    }
    if (auto other = other_program(arguments)) return std::move(*other);
    if (auto refusal = reader.unlisted()) return std::move(*refusal);
    chosen.numeric = {reader.flags.numeric, reader.flags.numeric, false};
    chosen.all = reader.flags.all;
    chosen.listening = reader.flags.listening;
    chosen.plan = [flags = reader.flags](const PlanContext& context) { return plan_of(flags, context); };
    return chosen;
}

} // namespace

const Dialect openbsd_dialect{parse_openbsd, openbsd_look::usual_columns, 1, {}, openbsd_native_options};

} // namespace netstat46
