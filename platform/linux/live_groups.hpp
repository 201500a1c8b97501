// The multicast groups that this host's interfaces receive.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "record/port_facts.hpp"

namespace netstat46 {

/// What /proc/net/igmp, igmp6, mcfilter and mcfilter6 say. Without /proc/net/igmp nothing; without igmp6 the
/// host has no IPv6.
std::optional<std::vector<JoinedGroup>> joined_groups();

} // namespace netstat46
