#include "platform.hpp"
#include "posix/port_facts.hpp"

namespace netstat46 {

/// so_options stand in the socket tables.
PortFacts live_port_facts() {
    return {[](const Holder&) { return SocketOptions{}; },
            bindable,
            [](std::uint32_t uid) { return uid == 0; },
            1024,
            {}};
}

} // namespace netstat46
