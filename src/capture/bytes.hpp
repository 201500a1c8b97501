// Checked loads from untrusted bytes.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "capture/raw_block.hpp"

namespace netstat46 {

/// A view of one record or one whole answer. Every load is checked: outside the span it gives 0 (or an empty
/// view), so a decoder first compares `size()` with what it needs and may then load without further tests.
class Bytes {
public:
    Bytes() = default;
    explicit Bytes(std::span<const std::byte> span, ByteOrder order = ByteOrder::Little,
                   std::size_t offset = 0)
        : span_(span), offset_(offset), order_(order) {}

    [[nodiscard]] std::size_t size() const { return span_.size(); }
    [[nodiscard]] bool empty() const { return span_.empty(); }
    /// The offset of the first byte within the interface's whole answer, for messages.
    [[nodiscard]] std::size_t offset() const { return offset_; }

    /// Unsigned integers in the capture's byte order.
    [[nodiscard]] std::uint8_t u8(std::size_t at) const { return load<std::uint8_t>(at, order_); }
    [[nodiscard]] std::uint16_t u16(std::size_t at) const { return load<std::uint16_t>(at, order_); }
    [[nodiscard]] std::uint32_t u32(std::size_t at) const { return load<std::uint32_t>(at, order_); }
    [[nodiscard]] std::uint64_t u64(std::size_t at) const { return load<std::uint64_t>(at, order_); }
    [[nodiscard]] std::int16_t i16(std::size_t at) const { return static_cast<std::int16_t>(u16(at)); }
    [[nodiscard]] std::int32_t i32(std::size_t at) const { return static_cast<std::int32_t>(u32(at)); }

    /// Ports: network order, whatever the host's.
    [[nodiscard]] std::uint16_t be16(std::size_t at) const { return load<std::uint16_t>(at, ByteOrder::Big); }

    /// `count` bytes as they are (addresses); zeros where there are none.
    template <std::size_t count>
    [[nodiscard]] std::array<std::uint8_t, count> octets(std::size_t at) const {
        std::array<std::uint8_t, count> out{};
        if (has(at, count)) std::memcpy(out.data(), span_.data() + at, count);
        return out;
    }

    /// The `length` bytes at `at`, shortened to what is there.
    [[nodiscard]] Bytes sub(std::size_t at, std::size_t length = static_cast<std::size_t>(-1)) const {
        if (at > span_.size()) at = span_.size();
        const std::size_t there = span_.size() - at;
        return Bytes(span_.subspan(at, length < there ? length : there), order_, offset_ + at);
    }

    /// Drops `count` bytes from the front (all of them if there are fewer).
    void skip(std::size_t count) { *this = sub(count); }

    [[nodiscard]] std::string_view text() const {
        return {reinterpret_cast<const char*>(span_.data()), span_.size()};
    }

    /// Up to the first NUL.
    [[nodiscard]] std::string_view c_string() const { return text().substr(0, text().find('\0')); }

    [[nodiscard]] ByteOrder order() const { return order_; }

private:
    [[nodiscard]] bool has(std::size_t at, std::size_t width) const {
        return width <= span_.size() && at <= span_.size() - width;
    }

    template <class Unsigned>
    [[nodiscard]] Unsigned load(std::size_t at, ByteOrder order) const {
        if (!has(at, sizeof(Unsigned))) return 0;
        Unsigned value = 0;
        std::memcpy(&value, span_.data() + at, sizeof value);
        return order == native_order ? value : swapped(value);
    }

    template <class Unsigned>
    static Unsigned swapped(Unsigned value) {
        Unsigned out = 0;
        for (std::size_t i = 0; i < sizeof value; ++i)
            out = static_cast<Unsigned>((out << 8) | ((value >> (8 * i)) & 0xff));
        return out;
    }

    std::span<const std::byte> span_;
    std::size_t offset_ = 0;
    ByteOrder order_ = ByteOrder::Little;
};

} // namespace netstat46
