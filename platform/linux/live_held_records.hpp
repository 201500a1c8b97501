// Records of IPv6 sockets that wait until those of IPv4 were walked to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "linux/live_bpf.hpp"
#include "linux/wire.hpp"

namespace netstat46 {

/// Of each record only those words are kept that are others than in the one before, after 16 bits that say
/// which: 12 to 30 bytes instead of 60.
class HeldRecords {
public:
    static constexpr std::size_t record_size = linux_wire::walked_inet6_size;

    /// As many as take `most` bytes; if there are more, all are let go.
    explicit HeldRecords(std::size_t most) : most_(most) {}

    /// `record`: record_size bytes.
    void add(std::span<const std::byte> record);
    /// That some were not walked to.
    void note_lack() { lacks_some_ = true; }
    [[nodiscard]] bool lacks_some() const { return lacks_some_; }
    [[nodiscard]] bool are_all() const { return !too_many_ && !lacks_some_; }

    /// What is held, as if it were walked to; whole records, so `room` is of record_size at least.
    static Walk walk(std::shared_ptr<const HeldRecords> held);

private:
    using Words = std::array<std::uint32_t, record_size / 4>;
    using Changed = std::uint16_t; ///< the lowest bit: the first word
    static_assert(record_size % 4 == 0 && record_size / 4 <= 16);

    /// Makes of the one before the one that is kept at `at`; says where the next is.
    std::size_t restore(std::size_t at, Words& words) const;

    std::size_t most_;
    std::vector<std::byte> kept_;
    Words last_{};
    bool too_many_ = false, lacks_some_ = false;
};

} // namespace netstat46
