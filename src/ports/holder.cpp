#include "ports/holder.hpp"

#include "ports/rules.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

Truth truth_of(V6Only v6only) {
    switch (v6only) {
    case V6Only::No:
        return Truth::No;
    case V6Only::Yes:
        return Truth::Yes;
    case V6Only::Unknown:
        return Truth::Unknown;
    case V6Only::NotApplicable:
        return Truth::No;
    }
    return Truth::Unknown;
}

} // namespace

void set_reach(PortHolder& holder) {
    const bool dual_capable =
        holder.family == Family::Inet6 && holder.address.family == Family::Inet6 && holder.wildcard;
    holder.ipv4 = dual_capable ? !holder.v6only : truth(holder.address.family == Family::Inet);
    holder.ipv6 = truth(holder.address.family == Family::Inet6);
}

void set_defaults(PortHolder& holder) {
    holder.reuseaddr = holder.reuseport = Truth::No;
    holder.incoming_cpu = -1;
    holder.multicast_all = holder.multicast_all6 = Truth::Yes;
}

PortHolder holder_of(const SocketRecord& socket, const System& system, std::size_t row) {
    PortHolder holder;
    holder.protocol = socket.protocol;
    holder.family = socket.family;
    holder.address = unmapped(socket.local.address);
    holder.wildcard = is_unspecified(holder.address);
    holder.connected = socket.foreign.port != 0 || !is_unspecified(unmapped(socket.foreign.address));
    holder.state = socket.state;
    holder.device = socket.device;
    holder.uid = socket.uid;
    holder.v6only = truth_of(socket.v6only);
    holder.row = row;
    system.port_rules->settle(holder, socket);
    return holder;
}

PortHolder holder_of(const Newcomer& newcomer) {
    PortHolder holder;
    set_defaults(holder);
    holder.protocol = newcomer.protocol;
    holder.family = newcomer.family;
    holder.address = unmapped(newcomer.address);
    holder.wildcard = is_unspecified(holder.address);
    holder.state = State::Listen;
    holder.v6only = truth(newcomer.v6only);
    holder.device = newcomer.device;
    holder.uid = newcomer.uid;
    holder.reuseaddr = truth(newcomer.reuseaddr);
    holder.reuseport = truth(newcomer.reuseport);
    set_reach(holder);
    return holder;
}

bool same_address(const Address& a, const Address& b) {
    return a.family == b.family && a.bytes == b.bytes && (a.scope == b.scope || a.scope == 0 || b.scope == 0);
}

bool is_loopback(const Address& address) {
    if (address.family == Family::Inet) return address.bytes[0] == 127;
    Address last = address;
    last.bytes[15] = 0;
    return address.bytes[15] == 1 && is_unspecified(last);
}

Truth overlap(const PortHolder& a, const PortHolder& b) {
    const bool meet = a.wildcard || b.wildcard || same_address(a.address, b.address);
    return truth(meet) && ((a.ipv4 && b.ipv4) || (a.ipv6 && b.ipv6));
}

} // namespace netstat46
