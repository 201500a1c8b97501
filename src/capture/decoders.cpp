#include "capture/decoders.hpp"

#include <algorithm>

namespace netstat46 {

const DecoderEntry* find_decoder(const System& system, std::string_view interface) {
    for (const std::span<const DecoderEntry> table : {system.decoders(), shared_tables()})
        for (const DecoderEntry& entry : table) {
            const bool prefix = entry.interface.ends_with('*');
            if (prefix ? interface.starts_with(entry.interface.substr(0, entry.interface.size() - 1))
                       : interface == entry.interface)
                return &entry;
        }
    return nullptr;
}

std::vector<std::vector<const DecoderEntry*>> parts_of(const System& system, const Table& table) {
    std::vector<std::vector<const DecoderEntry*>> parts;
    for (const DecoderEntry& entry : system.decoders()) {
        if (entry.sockets == nullptr || entry.holds.protocol != table.protocol) continue;
        const bool inet = entry.holds.inet && table.inet;
        const bool inet6 = entry.holds.inet6 && table.inet6;
        const bool familyless = !entry.holds.inet && !entry.holds.inet6;
        if (!inet && !inet6 && !familyless) continue;
        const auto same = std::find_if(parts.begin(), parts.end(),
                                       [&](const auto& part) { return part.front()->part == entry.part; });
        if (same == parts.end()) {
            parts.push_back({&entry});
        } else {
            same->push_back(&entry);
        }
    }
    return parts;
}

} // namespace netstat46
