// What nftables and iptables of this network namespace hold, or why that is not known.
#pragma once

#include "record/port_facts.hpp"

namespace netstat46 {

/// Loads no kernel module: what is not in the kernel holds no rule. Runs nft(8) and iptables-save(8) only
/// where there are tables.
NatListing linux_nat_rules();

} // namespace netstat46
