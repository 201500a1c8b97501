// What every system's live part tells of ports in the same way.
#pragma once

#include <optional>
#include <vector>

#include "platform.hpp"

namespace netstat46 {

/// Whether bind(2) admits the address: asked with a datagram socket of our own on a port of the kernel's
/// choice.
std::optional<bool> bindable(const Address& address);

/// Every address of this host's interfaces.
std::vector<Address> own_addresses();

/// Of a system whose socket tables tell so_options, so that nobody need be asked for them.
PortFacts port_facts_beside_tables();

} // namespace netstat46
