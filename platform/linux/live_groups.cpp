// Text that net/ipv4/igmp.c and net/ipv6/mcast.c of the kernel write.
#include "linux/live_groups.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "parse.hpp"

namespace netstat46 {
namespace {

using Groups = std::vector<JoinedGroup>;

std::optional<std::string> text_of(const char* path) {
    std::ifstream file(path);
    if (!file) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> words_of(std::string_view line) {
    std::istringstream in{std::string(line)};
    return {std::istream_iterator<std::string>(in), {}};
}

/// `%08X` of a number whose bytes in memory are the address.
std::optional<Address> inet_in_memory(std::string_view hex) {
    const auto number = parse_number<std::uint32_t>(hex, 16);
    if (!number || hex.size() != 8) return std::nullopt;
    Address address{Family::Inet, {}, 0};
    std::memcpy(address.bytes.data(), &*number, sizeof *number);
    return address;
}

/// `%pi6`: 32 digits.
std::optional<Address> inet6_of(std::string_view hex) {
    Address address{Family::Inet6, {}, 0};
    if (hex.size() != 2 * address.bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < address.bytes.size(); ++i)
        if (!read_number(hex.substr(2 * i, 2), address.bytes[i], 16)) return std::nullopt;
    return address;
}

/// `0x%08x` of the address as a number.
std::optional<Address> inet_as_number(std::string_view hex) {
    const auto number = hex.starts_with("0x") ? parse_number<std::uint32_t>(hex.substr(2), 16) : std::nullopt;
    if (!number) return std::nullopt;
    Address address{Family::Inet, {}, 0};
    for (std::size_t i = 0; i < 4; ++i) address.bytes[i] = static_cast<std::uint8_t>(*number >> (24 - 8 * i));
    return address;
}

/// `1 lo : 1 V3`, and under it a line that begins with blanks for each group. False: not understood.
bool read_igmp(std::string_view text, Groups& groups) {
    std::uint32_t interface = 0;
    for (take_line(text); !text.empty();) {
        const std::string_view line = take_line(text);
        const std::vector<std::string> words = words_of(line);
        if (words.empty()) continue;
        if (line.front() != '\t' && line.front() != ' ') {
            interface = parse_number<std::uint32_t>(words.front()).value_or(0);
            continue;
        }
        const auto group = inet_in_memory(words.front());
        if (!group || interface == 0) return false;
        groups.push_back({*group, interface, false});
    }
    return true;
}

/// `1 lo ff02...01 1 0000000C 0`.
bool read_igmp6(std::string_view text, Groups& groups) {
    while (!text.empty()) {
        const std::vector<std::string> words = words_of(take_line(text));
        const auto interface = words.size() < 3 ? std::nullopt : parse_number<std::uint32_t>(words[0]);
        const auto group = words.size() < 3 ? std::nullopt : inet6_of(words[2]);
        if (!interface || !group) return false;
        groups.push_back({*group, *interface, false});
    }
    return true;
}

/// A heading, then `1 lo GROUP SENDER INCLUDED EXCLUDED`.
template <class AddressOf>
void read_filters(std::string_view text, AddressOf address_of, Groups& groups) {
    for (take_line(text); !text.empty();) {
        const std::vector<std::string> words = words_of(take_line(text));
        if (words.size() < 3) continue;
        const auto interface = parse_number<std::uint32_t>(words[0]);
        const auto group = address_of(words[2]);
        for (JoinedGroup& joined : groups)
            if (interface == joined.interface && group == joined.group) joined.filtered = true;
    }
}

} // namespace

std::optional<Groups> joined_groups() {
    const auto igmp = text_of("/proc/net/igmp");
    if (!igmp) return std::nullopt;
    Groups groups;
    if (!read_igmp(*igmp, groups) || !read_igmp6(text_of("/proc/net/igmp6").value_or(""), groups))
        return std::nullopt;
    read_filters(text_of("/proc/net/mcfilter").value_or(""), inet_as_number, groups);
    read_filters(text_of("/proc/net/mcfilter6").value_or(""), inet6_of, groups);
    return groups;
}

} // namespace netstat46
