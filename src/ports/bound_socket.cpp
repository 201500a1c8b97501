#include "ports/bound_socket.hpp"

#include "ports/rules.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

Tristate truth_of(V6Only v6only) {
    switch (v6only) {
    case V6Only::No:
        return Tristate::No;
    case V6Only::Yes:
        return Tristate::Yes;
    case V6Only::Unknown:
        return Tristate::Unknown;
    case V6Only::NotApplicable:
        return Tristate::No;
    }
    return Tristate::Unknown;
}

} // namespace

void set_reach(BoundSocket& bound) {
    const bool dual_capable =
        bound.family == Family::Inet6 && bound.address.family == Family::Inet6 && bound.wildcard;
    bound.ipv4 = dual_capable ? !bound.v6only : tristate(bound.address.family == Family::Inet);
    bound.ipv6 = tristate(bound.address.family == Family::Inet6);
}

void set_defaults(BoundSocket& bound) {
    bound.reuseaddr = bound.reuseport = Tristate::No;
    bound.incoming_cpu = -1;
    bound.multicast_all = bound.multicast_all6 = Tristate::Yes;
}

BoundSocket bound_socket(const SocketRecord& socket, const System& system, std::size_t row) {
    BoundSocket bound;
    bound.protocol = socket.protocol;
    bound.family = socket.family;
    bound.address = unmapped(socket.local.address);
    bound.wildcard = is_unspecified(bound.address);
    bound.connected = socket.foreign.port != 0 || !is_unspecified(unmapped(socket.foreign.address));
    bound.state = socket.state;
    bound.device = socket.device;
    bound.uid = socket.uid;
    bound.v6only = truth_of(socket.v6only);
    bound.row = row;
    system.port_rules->settle(bound, socket);
    return bound;
}

BoundSocket bound_socket(const BindRequest& request) {
    BoundSocket bound;
    set_defaults(bound);
    bound.protocol = request.protocol;
    bound.family = request.family;
    bound.address = unmapped(request.address);
    bound.wildcard = is_unspecified(bound.address);
    bound.state = State::Listen;
    bound.v6only = tristate(request.v6only);
    bound.device = request.device;
    bound.uid = request.uid;
    bound.reuseaddr = tristate(request.reuseaddr);
    bound.reuseport = tristate(request.reuseport);
    set_reach(bound);
    return bound;
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

Tristate overlap(const BoundSocket& a, const BoundSocket& b) {
    const bool meet = a.wildcard || b.wildcard || same_address(a.address, b.address);
    return tristate(meet) && ((a.ipv4 && b.ipv4) || (a.ipv6 && b.ipv6));
}

} // namespace netstat46
