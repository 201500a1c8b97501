// Host names without the host's own domain.
#pragma once

#include <string>
#include <string_view>

namespace netstat46 {

/// `name` up to its first dot, if exactly `domain` follows it.
constexpr std::string_view without_domain(std::string_view name, std::string_view domain) {
    const std::size_t dot = name.find('.');
    return dot != name.npos && name.substr(dot + 1) == domain ? name.substr(0, dot) : name;
}

/// Of a host of that name, without the leading dot.
inline std::string domain_of(const std::string& hostname) {
    const std::size_t dot = hostname.find('.');
    return dot == hostname.npos ? std::string{} : hostname.substr(dot + 1);
}

} // namespace netstat46
