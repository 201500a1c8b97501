// What the sockets of a capture need of its host tables, so that no more of them is kept.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "capture/raw_block.hpp"

namespace netstat46 {

/// Values to be found again, as many as there are distinct ones in memory, or twice that.
template <class Value>
class Gathered {
public:
    void add(const Value& value) {
        if (!values_.empty() && values_.back() == value) return;
        if (values_.size() >= room_) settle();
        values_.push_back(value);
        settled_ = false;
    }
    [[nodiscard]] bool has(const Value& value) {
        if (!settled_) settle();
        return std::binary_search(values_.begin(), values_.end(), value);
    }
    template <class Visit>
    void for_each(Visit visit) {
        settle();
        for (const Value& value : values_) visit(value);
    }

private:
    void settle() {
        std::sort(values_.begin(), values_.end());
        values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
        room_ = std::max<std::size_t>(1024, 2 * values_.size());
        settled_ = true;
    }

    std::vector<Value> values_;
    std::size_t room_ = 1024;
    bool settled_ = true;
};

struct Needs {
    Gathered<std::uint64_t> sockets; ///< owner keys
    Gathered<std::int32_t> pids;
    Gathered<std::uint32_t> users, interfaces;
    Gathered<std::uint16_t> ports;                        ///< and numbers of IP protocols
    Gathered<std::array<std::uint8_t, 16>> hosts;         ///< v4-mapped ones as IPv4
    std::map<std::uint32_t, std::string> interface_names; ///< that is_needed() has seen
};

/// What the sockets and owners in these blocks of a capture of `host` need. They are decoded, and problems
/// are not reported. `every_owner`: all owners of a socket are needed, not only the first.
Needs needs_of(const BlockReader& next, const HostFacts& host, bool every_owner);

/// Whether something in `needs` can need this line of the host table `file`, or the line is damaged. Tables
/// are asked about in the order of shared_tables(): processes add their users to what is needed, and hosts
/// may be named with an interface.
bool is_needed(Needs& needs, std::string_view file, std::string_view line);

} // namespace netstat46
