// What net-tools prints for -h and -V.
#pragma once

#include <string_view>

namespace netstat46 {

extern const std::string_view linux_usage;    ///< byte for byte: scripts look for `-p` in it
extern const std::string_view linux_families; ///< the part of -h that goes to standard error
extern const std::string_view linux_version;

} // namespace netstat46
