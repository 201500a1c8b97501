#include "record/owners.hpp"

#include <algorithm>
#include <limits>

namespace netstat46 {
namespace {

/// Keys that follow each other stay together: a process's sockets mostly have inodes in sequence, and a cache
/// line holds four slots. This saves a tenth of the run at a million sockets.
constexpr std::uint64_t neighbours = 8;

/// fmix64 of MurmurHash3: inodes are dense and kernel addresses share their low bits.
std::uint64_t mixed(std::uint64_t key) {
    key = (key ^ (key >> 33)) * 0xff51afd7ed558ccdULL;
    key = (key ^ (key >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return key ^ (key >> 33);
}

constexpr std::uint32_t fd_not_told = 0x7fffffff;
constexpr unsigned part_bits = 8;

/// Not behind any other.
constexpr Owner least{std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::min()};

std::size_t part_of(std::uint64_t hash) { return hash >> (64 - part_bits); }

} // namespace

std::size_t Owners::Part::first(std::uint64_t hash, std::uint64_t key) const {
    const std::size_t at = (((hash & 0xffffffff) * slots.size()) >> 32) + key % neighbours;
    return at >= slots.size() ? at - slots.size() : at;
}

std::size_t Owners::Part::find(std::uint64_t hash, std::uint64_t key) const {
    std::size_t at = first(hash, key);
    while (slots[at].key != 0 && slots[at].key != key) at = at + 1 < slots.size() ? at + 1 : 0;
    return at;
}

void Owners::Part::grow() {
    std::vector<Slot> old(slots.size() + slots.size() / 2 + 8);
    old.swap(slots);
    for (const Slot& slot : old)
        if (slot.key != 0) slots[find(mixed(slot.key / neighbours), slot.key)] = slot;
}

const Owners::Slot* Owners::find(std::uint64_t key) const {
    if (key == 0 || parts_.empty()) return nullptr;
    const std::uint64_t hash = mixed(key / neighbours);
    const Part& part = parts_[part_of(hash)];
    if (part.slots.empty()) return nullptr;
    const Slot& slot = part.slots[part.find(hash, key)];
    return slot.key == 0 ? nullptr : &slot;
}

void Owners::add(std::uint64_t key, Owner owner) {
    if (key == 0) return;
    if (parts_.empty()) parts_.resize(std::size_t{1} << part_bits);
    const std::uint64_t hash = mixed(key / neighbours);
    Part& part = parts_[part_of(hash)];
    if ((part.used + 1) * 5 > part.slots.size() * 4) part.grow();
    Slot& slot = part.slots[part.find(hash, key)];
    const std::uint32_t fd = owner.fd < 0 ? fd_not_told : static_cast<std::uint32_t>(owner.fd) & fd_not_told;
    if (slot.key == 0) {
        slot.key = key;
        slot.pid = owner.pid;
        slot.fd = fd;
        slot.shared = 0;
        ++part.used;
        ++used_;
    } else if (slot.pid != owner.pid || slot.fd != fd) {
        more_.emplace(key, owner);
        slot.shared = 1;
    }
}

void Owners::prefetch(std::uint64_t key) const {
    if (parts_.empty()) return;
    const std::uint64_t hash = mixed(key / neighbours);
    const Part& part = parts_[part_of(hash)];
    if (!part.slots.empty()) __builtin_prefetch(&part.slots[part.first(hash, key)]);
}

std::optional<Owner> Owners::lowest(std::uint64_t key) const {
    const Slot* slot = find(key);
    if (slot == nullptr) return std::nullopt;
    const Owner first{slot->pid, slot->fd == fd_not_told ? -1 : static_cast<std::int32_t>(slot->fd)};
    return slot->shared != 0 ? std::min(first, more_.lower_bound({key, least})->second) : first;
}

bool Owners::has_owner(std::int32_t pid) const {
    for (const Part& part : parts_)
        for (const Slot& slot : part.slots)
            if (slot.key != 0 && slot.pid == pid) return true;
    return std::any_of(more_.begin(), more_.end(),
                       [pid](const auto& entry) { return entry.second.pid == pid; });
}

std::size_t Owners::other_processes(std::uint64_t key) const {
    const Slot* slot = find(key);
    if (slot == nullptr || slot->shared == 0) return 0;
    std::set<std::int32_t> pids;
    for (const Owner& owner : all(key)) pids.insert(owner.pid);
    return pids.size() - 1;
}

std::vector<Owner> Owners::all(std::uint64_t key) const {
    const Slot* slot = find(key);
    if (slot == nullptr) return {};
    std::vector<Owner> owners{
        {slot->pid, slot->fd == fd_not_told ? -1 : static_cast<std::int32_t>(slot->fd)}};
    for (auto entry = more_.lower_bound({key, least}); entry != more_.end() && entry->first == key; ++entry)
        owners.push_back(entry->second);
    std::sort(owners.begin(), owners.end());
    return owners;
}

} // namespace netstat46
