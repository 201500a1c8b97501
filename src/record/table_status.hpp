// What is known of a kernel table besides its records.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace netstat46 {

/// What came to light only at the end of a kernel table.
struct TableStatus {
    bool present = true;              ///< false: this kernel (or capture) has no such interface
    bool generation_changed = false;  ///< BSD: the trailer's generation differs from the header's
    std::int64_t count_change = 0;    ///< BSD: trailer's count minus header's
    std::vector<std::string> remarks; ///< what the native program would say of single items, ready to print
    bool damaged = false;
    bool growth_said = false;  ///< that records of a host table are longer than known
    bool native_fails = false; ///< the native program ends with an error over this answer
};

} // namespace netstat46
