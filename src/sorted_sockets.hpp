// All sockets of a listing that sorts them, with the bytes that they view.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "capture/raw_block.hpp"
#include "format/dialect.hpp"

namespace netstat46 {

class SortedSockets {
public:
    /// A copy of the block's bytes that lives as long as this. A block that comes again is kept once.
    std::span<const std::byte> keep(const RawBlock& block);

    void add(const SocketRecord& socket, const Section& section) { sockets_.push_back({socket, &section}); }

    /// Calls `visit` with each socket that `sort` leaves, in its order, and with its section.
    void each_in_order(const Sorter& sort,
                       const std::function<void(const SocketRecord&, const Section&)>& visit) const;

private:
    struct Kept {
        std::string interface;
        std::size_t offset;
        std::vector<std::byte> bytes;
    };
    struct Socket : SocketRecord {
        const Section* section;
    };

    std::deque<Kept> blocks_;
    std::deque<Socket> sockets_;
};

} // namespace netstat46
