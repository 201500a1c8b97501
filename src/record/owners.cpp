#include "record/owners.hpp"

#include <algorithm>

namespace netstat46 {
namespace {

/// fmix64 of MurmurHash3: inodes are dense and kernel addresses share their low bits.
std::uint64_t mixed(std::uint64_t key) {
    key = (key ^ (key >> 33)) * 0xff51afd7ed558ccdULL;
    key = (key ^ (key >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return key ^ (key >> 33);
}

constexpr std::uint32_t fd_not_told = 0x7fffffff;

} // namespace

std::size_t Owners::find(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = mixed(key) & mask;
    while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & mask;
    return at;
}

void Owners::grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
        if (slot.key != 0) slots_[find(slot.key)] = slot;
}

void Owners::add(std::uint64_t key, Holder holder) {
    if (key == 0) return;
    if ((used_ + 1) * 4 > slots_.size() * 3) grow();
    Slot& slot = slots_[find(key)];
    const std::uint32_t fd =
        holder.fd < 0 ? fd_not_told : static_cast<std::uint32_t>(holder.fd) & fd_not_told;
    if (slot.key == 0) {
        slot.key = key;
        slot.pid = holder.pid;
        slot.fd = fd;
        slot.shared = 0;
        ++used_;
    } else if (slot.pid != holder.pid || slot.fd != fd) {
        const auto [from, to] = more_.equal_range(key);
        if (std::none_of(from, to, [&](const auto& entry) { return entry.second == holder; }))
            more_.emplace(key, holder);
        slot.shared = 1;
    }
}

std::optional<Holder> Owners::lowest(std::uint64_t key) const {
    if (key == 0 || slots_.empty()) return std::nullopt;
    const Slot& slot = slots_[find(key)];
    if (slot.key == 0) return std::nullopt;
    if (slot.shared != 0) return all(key).front();
    return Holder{slot.pid, slot.fd == fd_not_told ? -1 : static_cast<std::int32_t>(slot.fd)};
}

std::vector<Holder> Owners::all(std::uint64_t key) const {
    if (key == 0 || slots_.empty()) return {};
    const Slot& slot = slots_[find(key)];
    if (slot.key == 0) return {};
    std::vector<Holder> holders{{slot.pid, slot.fd == fd_not_told ? -1 : static_cast<std::int32_t>(slot.fd)}};
    const auto [from, to] = more_.equal_range(key);
    for (auto entry = from; entry != to; ++entry) holders.push_back(entry->second);
    std::sort(holders.begin(), holders.end());
    return holders;
}

} // namespace netstat46
