// Netlink messages, made field by field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "linux/wire.hpp"

namespace netstat46 {

/// Bytes of a little-endian kernel.
class NetlinkMessage {
public:
    explicit NetlinkMessage(std::size_t size) : bytes_(size) {}

    template <class Integer>
    NetlinkMessage& set(std::size_t at, Integer value) {
        for (std::size_t i = 0; i < sizeof value; ++i)
            bytes_.at(at + i) = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
        return *this;
    }

    NetlinkMessage& attribute(std::uint16_t type, const NetlinkMessage& value) {
        NetlinkMessage header(linux_wire::attr_header);
        header.set<std::uint16_t>(linux_wire::attr_length,
                                  static_cast<std::uint16_t>(linux_wire::attr_header + value.bytes_.size()));
        header.set<std::uint16_t>(linux_wire::attr_type, type);
        add(header);
        add(value);
        bytes_.resize((bytes_.size() + 3) & ~std::size_t{3});
        return *this;
    }

    NetlinkMessage& add(const NetlinkMessage& other) {
        bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
        return *this;
    }

    [[nodiscard]] NetlinkMessage shortened_to(std::size_t size) const {
        NetlinkMessage front = *this;
        front.bytes_.resize(size);
        return front;
    }

    /// The message with a netlink header in front.
    [[nodiscard]] NetlinkMessage sent() const {
        NetlinkMessage header(linux_wire::nl_header);
        header.set<std::uint32_t>(linux_wire::nl_length,
                                  static_cast<std::uint32_t>(linux_wire::nl_header + bytes_.size()));
        header.set<std::uint16_t>(linux_wire::nl_type, linux_wire::sock_diag_by_family);
        return header.add(*this);
    }

    [[nodiscard]] std::vector<std::byte> bytes() const { return bytes_; }

private:
    std::vector<std::byte> bytes_;
};

inline NetlinkMessage text(std::string_view value) {
    NetlinkMessage message(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) message.set<char>(i, value[i]);
    return message;
}

inline NetlinkMessage number(std::uint32_t value) { return NetlinkMessage(4).set(0, value); }

} // namespace netstat46
