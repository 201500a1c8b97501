// The values of the options that select.
#include <fmt/format.h>

#include "messages.hpp"
#include "parse.hpp"
#include "record/address.hpp"
#include "record/select_options.hpp"

namespace netstat46 {
namespace {

/// Calls `take` with each item of a comma separated list; the first item that it refuses.
template <class Take>
std::optional<std::string_view> each_item(std::string_view list, Take take) {
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view item = list.substr(0, comma);
        if (!take(item)) return item;
        if (comma == std::string_view::npos) return std::nullopt;
        list.remove_prefix(comma + 1);
    }
}

/// `80`, `8000-8100`, `http`.
std::vector<PortRange> parse_bare_port_item(std::string_view item, const Names& names) {
    if (const auto port = parse_number<std::uint16_t>(item)) return {{*port, *port}};
    if (const std::size_t dash = item.find('-'); dash != std::string_view::npos) {
        const auto first = parse_number<std::uint16_t>(item.substr(0, dash));
        const auto last = parse_number<std::uint16_t>(item.substr(dash + 1));
        if (first && last)
            return *first <= *last ? std::vector<PortRange>{{*first, *last}} : std::vector<PortRange>{};
    }
    if (item.empty() || is_digits(item)) return {};
    std::vector<PortRange> ranges;
    for (const std::uint16_t port : names.ports(item)) ranges.push_back({port, port});
    return ranges;
}

/// Takes any-address off the front: `:80`, `*:80`, `any:80`, and `*.80` as BSD has it.
void take_any_address(std::string_view& item) {
    for (const std::string_view any : {":", "*:", "any:", "*.", "any."})
        if (item.starts_with(any)) return item.remove_prefix(any.size());
}

/// Takes `udp:` off the front or `/udp` off the end.
std::optional<Protocol> take_protocol(std::string_view& item) {
    constexpr std::pair<std::string_view, Protocol> known[] = {
        {"tcp", Protocol::Tcp}, {"udp", Protocol::Udp}, {"sctp", Protocol::Sctp}};
    for (const auto& [name, protocol] : known) {
        if (item.size() <= name.size()) continue;
        if (item.starts_with(name) && item[name.size()] == ':') {
            item.remove_prefix(name.size() + 1);
            return protocol;
        }
        if (item.ends_with(name) && item[item.size() - name.size() - 1] == '/') {
            item.remove_suffix(name.size() + 1);
            return protocol;
        }
    }
    return std::nullopt;
}

/// One item of a port list, in any form that names no address.
std::vector<PortRange> parse_port_item(std::string_view item, const Names& names) {
    const auto protocol = take_protocol(item);
    take_any_address(item);
    std::vector<PortRange> ranges = parse_bare_port_item(item, names);
    for (PortRange& range : ranges) range.protocol = protocol;
    return ranges;
}

/// What to write instead of an item that holds an address too, or nothing.
std::string with_address_apart(std::string_view item, const Names& names) {
    const std::string_view whole = item;
    take_protocol(item);
    for (const char between : {':', '.'}) {
        const std::size_t at = item.rfind(between);
        if (at == std::string_view::npos || parse_bare_port_item(item.substr(at + 1), names).empty())
            continue;
        std::string_view host = item.substr(0, at);
        if (host.size() > 2 && host.front() == '[' && host.back() == ']')
            host = host.substr(1, host.size() - 2);
        if (parse_address_range(host)) return fmt::format(messages.port_with_address, whole, host);
    }
    return {};
}

// ---- States

/// Every spelling, without `_` and `-` and in lower case, and our word for it.
struct Spelling {
    std::string_view spelling, word;
};

constexpr Spelling spellings[] = {
    {"closed", "closed"},
    {"close", "closed"},
    {"bound", "bound"},
    {"listen", "listen"},
    {"listening", "listen"},
    {"synsent", "syn_sent"},
    {"synreceived", "syn_received"},
    {"synrecv", "syn_received"},
    {"synrcvd", "syn_received"},
    {"established", "established"},
    {"estab", "established"},
    {"connected", "established"},
    {"closewait", "close_wait"},
    {"finwait1", "fin_wait_1"},
    {"closing", "closing"},
    {"lastack", "last_ack"},
    {"finwait2", "fin_wait_2"},
    {"timewait", "time_wait"},
    {"unconnected", "unconnected"},
    {"unconn", "unconnected"},
    {"connecting", "connecting"},
    {"disconnecting", "disconnecting"},
};

std::optional<std::string_view> state_of_spelling(std::string_view text) {
    std::string plain;
    for (const char c : text)
        if (c != '_' && c != '-') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (const Spelling& known : spellings)
        if (known.spelling == plain) return known.word;
    return std::nullopt;
}

} // namespace

std::string state_words() {
    std::string words;
    for (const Spelling& known : spellings)
        if (words.find(known.word) == std::string::npos)
            words += (words.empty() ? "" : " ") + std::string(known.word);
    return words;
}

// ---- The options' values

template <std::vector<PortRange> Selection::*member>
Wrong select_ports(Selection& selection, std::string_view value, const Names& names) {
    auto ports = parse_ports(value, names);
    if (const std::string* item = std::get_if<std::string>(&ports)) {
        const std::string apart = with_address_apart(*item, names);
        if (!apart.empty()) return apart;
        return fmt::format(messages.not_ports, *item);
    }
    for (const PortRange& range : std::get<0>(ports)) (selection.*member).push_back(range);
    return std::nullopt;
}

bool is_interface(const std::string& scope, const Names& names) {
    return is_digits(scope) || names.interface_index(scope);
}

Wrong select_address(Selection& selection, std::string_view value, const Names& names) {
    if (value == "*" || value == "any") {
        for (const Family family : {Family::Inet, Family::Inet6})
            selection.addresses.push_back({{family, {}, 0}, family == Family::Inet ? 32U : 128U, {}});
        return std::nullopt;
    }
    auto range = parse_address_range(value);
    if (!range && value.find_first_of(":/[]% ") == std::string_view::npos) {
        const std::vector<Address> found = names.addresses(value);
        for (const Address& address : found)
            selection.addresses.push_back({address, address.family == Family::Inet ? 32U : 128U, {}});
        if (!found.empty()) return std::nullopt;
    }
    if (!range) return fmt::format(messages.not_address, value);
    if (!range->scope.empty() && !is_interface(range->scope, names))
        return fmt::format(messages.not_interface, range->scope);
    selection.addresses.push_back(std::move(*range));
    return std::nullopt;
}

Wrong select_pids(Selection& selection, std::string_view value, const Names& /*names*/) {
    const auto refused = each_item(value, [&](std::string_view item) {
        const auto pid = is_digits(item) ? parse_number<std::int32_t>(item) : std::nullopt;
        if (pid) selection.pids.push_back(*pid);
        return pid.has_value();
    });
    if (refused) return fmt::format(messages.not_pid, *refused);
    return std::nullopt;
}

Wrong select_command(Selection& selection, std::string_view value, const Names& /*names*/) {
    if (value.empty()) return std::string(messages.not_name);
    selection.commands.emplace_back(value);
    return std::nullopt;
}

Wrong select_user(Selection& selection, std::string_view value, const Names& names) {
    auto uid = value.empty() ? std::nullopt : names.uid(value);
    if (!uid && is_digits(value)) uid = parse_number<std::uint32_t>(value);
    if (!uid) return fmt::format(messages.not_user, value);
    selection.users.push_back(*uid);
    return std::nullopt;
}

Wrong select_states(Selection& selection, std::string_view value, const Names& /*names*/) {
    const auto refused = each_item(value, [&](std::string_view item) {
        const auto word = state_of_spelling(item);
        if (word) selection.states.push_back(*word);
        return word.has_value();
    });
    if (refused) return fmt::format(messages.not_state, *refused);
    return std::nullopt;
}

Wrong select_v6only(Selection& selection, std::string_view value, const Names& /*names*/) {
    if (value != "yes" && value != "no") return fmt::format(messages.not_yes_or_no, value);
    selection.v6only = value == "yes";
    return std::nullopt;
}

template Wrong select_ports<&Selection::ports>(Selection&, std::string_view, const Names&);
template Wrong select_ports<&Selection::local_ports>(Selection&, std::string_view, const Names&);
template Wrong select_ports<&Selection::foreign_ports>(Selection&, std::string_view, const Names&);

std::variant<std::vector<PortRange>, std::string> parse_ports(std::string_view list, const Names& names) {
    std::vector<PortRange> ranges;
    const auto refused = each_item(list, [&](std::string_view item) {
        const std::vector<PortRange> found = parse_port_item(item, names);
        ranges.insert(ranges.end(), found.begin(), found.end());
        return !found.empty();
    });
    if (refused) return std::string(*refused);
    return ranges;
}

std::optional<AddressRange> parse_address_range(std::string_view text) {
    AddressRange range;
    const std::size_t slash = text.find('/');
    std::string_view host = text.substr(0, slash);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (const std::size_t percent = host.find('%'); percent != std::string_view::npos) {
        range.scope = host.substr(percent + 1);
        if (range.scope.empty()) return std::nullopt;
        host = host.substr(0, percent);
    }
    const auto address = parse_address(host);
    if (!address || (address->family == Family::Inet && !range.scope.empty())) return std::nullopt;
    const unsigned most = address->family == Family::Inet ? 32 : 128;
    range.address = *address;
    range.length = most;
    if (slash != std::string_view::npos) {
        const auto length = parse_number<unsigned>(text.substr(slash + 1));
        if (!length || *length > most) return std::nullopt;
        range.length = *length;
    }
    if (is_v4_mapped(range.address) && range.length >= 96) {
        range.address = unmapped(range.address);
        range.length -= 96;
    }
    return range;
}

} // namespace netstat46
