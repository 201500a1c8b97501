// Addresses as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "record/names.hpp"
#include "record/socket_record.hpp"
#include "text.hpp"

namespace netstat46 {

[[nodiscard]] bool is_unspecified(const Address& address);
[[nodiscard]] bool is_v4_mapped(const Address& address); ///< ::ffff:a.b.c.d

/// The IPv4 address inside a v4-mapped one; others unchanged.
[[nodiscard]] Address unmapped(const Address& address);

[[nodiscard]] bool is_multicast(const Address& address);  ///< 224.0.0.0/4, ff00::/8
[[nodiscard]] bool is_link_local(const Address& address); ///< fe80::/10

/// They are of one family, and their first `length` bits are equal.
[[nodiscard]] bool same_leading_bits(const Address& one, const Address& other, unsigned length);

/// The bytes that write_address() may write to: the longest address has 45.
inline constexpr std::size_t address_room = 46;

/// As put_address(), into `address_room` bytes at `at`; returns the end of what it is.
char* write_address(char* at, const Address& address);

/// As inet_ntop(3) writes it, without scope: `0.0.0.0`, `::1`, `::ffff:10.0.0.1`.
void put_address(Text& out, const Address& address);

/// And with its scope's name, or number.
void put_scoped(Text& out, const Address& address, const Names& names);

/// As put_address().
[[nodiscard]] std::string address_text(const Address& address);

/// `1.2.3.4`, `::1`, `fe80::1%3` (a numeric scope). Nothing if it is not an address.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

} // namespace netstat46
