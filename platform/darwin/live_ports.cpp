#include "platform.hpp"
#include "posix/port_facts.hpp"

namespace netstat46 {

/// The socket tables tell so_options, so nobody need be asked for them.
PortFacts live_port_facts() {
    PortFacts facts;
    facts.options = [](const Holder&) { return SocketOptions{}; };
    facts.is_local = bindable;
    facts.addresses = own_addresses();
    facts.may_bind_low = [](std::uint32_t uid) { return uid == 0; };
    return facts;
}

} // namespace netstat46
