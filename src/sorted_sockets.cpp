#include "sorted_sockets.hpp"

namespace netstat46 {

std::span<const std::byte> SortedSockets::keep(const RawBlock& block) {
    for (const Kept& kept : blocks_)
        if (kept.interface == block.interface && kept.offset == block.offset &&
            std::equal(kept.bytes.begin(), kept.bytes.end(), block.bytes.begin(), block.bytes.end()))
            return kept.bytes;
    blocks_.push_back({std::string(block.interface), block.offset, {block.bytes.begin(), block.bytes.end()}});
    return blocks_.back().bytes;
}

void SortedSockets::each_in_order(
    const Sorter& sort, const std::function<void(const SocketRecord&, const Section&)>& visit) const {
    std::vector<const SocketRecord*> order;
    for (const Socket& socket : sockets_) order.push_back(&socket);
    sort(order);
    for (const SocketRecord* socket : order) visit(*socket, *static_cast<const Socket*>(socket)->section);
}

} // namespace netstat46
