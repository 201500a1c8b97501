// Blocks that are kept, readers one after the other, and blocks that are read before they are wanted.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "capture/raw_block.hpp"

namespace netstat46 {

/// Copies of blocks, first in first out.
class HeldBlocks {
public:
    void push(const RawBlock& block);

    /// The oldest, whose bytes live until the next pop; nothing if there is none.
    std::optional<RawBlock> pop();

    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    /// Calls `visit` with each, oldest first.
    void for_each(const std::function<void(const RawBlock&)>& visit) const;

private:
    struct Held {
        std::string interface;
        std::vector<std::byte> bytes;
        std::size_t table = no_table, offset = 0;

        [[nodiscard]] RawBlock block() const { return {interface, bytes, table, offset}; }
    };

    std::deque<Held> blocks_;
    Held popped_;
    std::size_t bytes_ = 0;
};

/// One reader after the other, each made when it is its turn; null ones are passed over.
BlockReader in_turn(std::deque<std::function<BlockReader()>> makers);

/// The same blocks, all of them read before the first is given: then `reader` keeps no descriptor.
BlockReader all_at_once(BlockReader reader);

/// The same blocks, read by a thread of its own that stays at most `limit` bytes ahead; where the system
/// allows no thread, read as they are asked for.
BlockReader read_ahead(BlockReader reader, std::size_t limit);

} // namespace netstat46
