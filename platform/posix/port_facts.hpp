// What every system's live part gives of ports in the same way.
#pragma once

#include <optional>
#include <vector>

#include <sys/socket.h>

#include "platform.hpp"

namespace netstat46 {

/// Whether bind(2) admits the address: asked with a datagram socket of our own on a port of the kernel's
/// choice.
std::optional<bool> bindable(const Address& address);

/// The bits of a netmask. Systems differ in how much of it there is to read.
using PrefixOf = unsigned (*)(const sockaddr& mask, Family family);

/// Every address of this host's interfaces; without `prefix_of` their lengths are not known.
std::vector<HostAddress> own_addresses(PrefixOf prefix_of = nullptr);

/// Of a system on which nobody is asked for the options of sockets: its tables have them, or nothing has.
PortFacts port_facts_beside_tables(NatListing nat);

} // namespace netstat46
