#include "await_names.hpp"

#include "record/address.hpp"

namespace netstat46 {

std::function<void(std::span<const SocketRecord>)> await_names(const Names& names, const Plan& plan) {
    if (!names.host_waits) return {};
    return [&names, named = plan.named_address](std::span<const SocketRecord> sockets) {
        std::vector<Address> addresses;
        for (const SocketRecord& socket : sockets)
            for (const Address& own : {socket.local.address, socket.foreign.address}) {
                const Address address = named == nullptr ? own : named(socket, own);
                if (address.family != Family::Unknown && !is_unspecified(address))
                    addresses.push_back(address);
            }
        names.prefetch(addresses);
    };
}

} // namespace netstat46
