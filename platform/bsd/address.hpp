// Addresses as the BSDs' kernels keep them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "record/socket_record.hpp"

namespace netstat46 {

/// Link-local addresses, and multicast ones of interface or link scope: the kernel keeps the index in bytes 2
/// and 3.
constexpr bool has_embedded_scope(const std::array<std::uint8_t, 16>& bytes) {
    if (bytes[0] == 0xfe) return (bytes[1] & 0xc0) == 0x80;
    return bytes[0] == 0xff && ((bytes[1] & 0x0f) == 1 || (bytes[1] & 0x0f) == 2);
}

constexpr Address inet_address(const std::array<std::uint8_t, 4>& bytes) {
    Address address{Family::Inet, {}, 0};
    for (std::size_t i = 0; i < bytes.size(); ++i) address.bytes[i] = bytes[i];
    return address;
}

/// Its scope stands apart from then on.
constexpr Address inet6_address(const std::array<std::uint8_t, 16>& bytes) {
    Address address{Family::Inet6, bytes, 0};
    if (has_embedded_scope(bytes)) {
        address.scope = std::uint32_t{bytes[2]} << 8 | bytes[3];
        address.bytes[2] = address.bytes[3] = 0;
    }
    return address;
}

} // namespace netstat46
