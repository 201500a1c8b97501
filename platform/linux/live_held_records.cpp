#include "linux/live_held_records.hpp"

#include <cstring>

namespace netstat46 {

void HeldRecords::add(std::span<const std::byte> record) {
    constexpr std::size_t most_kept = sizeof(Changed) + record_size;
    if (too_many_) return;
    if (kept_.empty()) kept_.reserve(most_ + most_kept); // no copies as it grows
    Words words;
    std::memcpy(words.data(), record.data(), record_size);
    std::array<std::byte, most_kept> kept;
    std::size_t size = sizeof(Changed);
    Changed changed = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == last_[i]) continue;
        changed = static_cast<Changed>(changed | 1U << i);
        std::memcpy(&kept[size], &words[i], sizeof words[i]);
        size += sizeof words[i];
    }
    std::memcpy(kept.data(), &changed, sizeof changed);
    kept_.insert(kept_.end(), kept.data(), kept.data() + size);
    last_ = words;
    too_many_ = kept_.size() > most_;
    if (too_many_) kept_ = {};
}

Walk HeldRecords::walk(std::shared_ptr<const HeldRecords> held) {
    return [held = std::move(held), at = std::size_t{0}, words = Words{}](std::span<std::byte> room) mutable {
        std::size_t size = 0;
        for (; at < held->kept_.size() && room.size() - size >= record_size; size += record_size) {
            at = held->restore(at, words);
            std::memcpy(&room[size], words.data(), record_size);
        }
        return static_cast<ssize_t>(size);
    };
}

std::size_t HeldRecords::restore(std::size_t at, Words& words) const {
    Changed changed = 0;
    std::memcpy(&changed, &kept_[at], sizeof changed);
    at += sizeof changed;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if ((changed >> i & 1U) == 0) continue;
        std::memcpy(&words[i], &kept_[at], sizeof words[i]);
        at += sizeof words[i];
    }
    return at;
}

} // namespace netstat46
