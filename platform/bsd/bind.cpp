// bind(2) of Darwin (bsd/netinet/in_pcb.c, bsd/netinet6/in6_pcb.c) and FreeBSD (sys/netinet, sys/netinet6).
#include "bsd/port_rules.hpp"

#include "record/address.hpp"

namespace netstat46 {
namespace {

/// One best-fit question of in_pcbbind() or in6_pcbbind().
struct Lookup {
    std::span<const BoundSocket> bound_sockets;
    Tristate BoundSocket::*reach; ///< &BoundSocket::ipv4 or ipv6
    Address address;
    bool any = false;
};

/// FreeBSD's half-open connections stand in its syncache, not among the sockets.
bool is_socket(const BsdKernel& kernel, const BoundSocket& bound) {
    return !kernel.freebsd || bound.state != State::SynReceived;
}

/// in_pcblookup_local(), in6_pcblookup_local() with INPLOOKUP_WILDCARD: fewest wildcards wins, of equals the
/// newest. FreeBSD puts a dual-stack socket after every pure IPv4 one (INP_LOOKUP_MAPPED_PCB_COST).
const BoundSocket* best_fit(const BsdKernel& kernel, const Lookup& lookup) {
    constexpr int mapped_cost = 3;
    const bool dual_last = kernel.freebsd && lookup.reach == &BoundSocket::ipv4;
    const BoundSocket* best = nullptr;
    int best_cost = 3 + mapped_cost;
    for (const BoundSocket& bound : lookup.bound_sockets) {
        if (bound.*lookup.reach != Tristate::Yes || !is_socket(kernel, bound)) continue;
        if (!lookup.any && !bound.wildcard && !same_address(bound.address, lookup.address)) continue;
        int cost = (bound.connected ? 1 : 0) + (bound.wildcard != lookup.any ? 1 : 0);
        if (dual_last && bound.ipv6 == Tristate::Yes) cost += mapped_cost;
        if (cost >= best_cost) continue;
        best = &bound;
        best_cost = cost;
    }
    return best;
}

/// The same without INPLOOKUP_WILDCARD: an unconnected socket with exactly that address.
const BoundSocket* exact_fit(const Lookup& lookup) {
    for (const BoundSocket& bound : lookup.bound_sockets) {
        if (bound.*lookup.reach != Tristate::Yes || bound.connected) continue;
        if (lookup.any ? bound.wildcard : !bound.wildcard && same_address(bound.address, lookup.address))
            return &bound;
    }
    return nullptr;
}

bool other_user(const BoundSocket& bound, const BindRequest& request) { return bound.uid != request.uid; }

/// The user check of Darwin. `also` is the second, IPv4 question of a dual-stack wildcard.
bool darwin_user_refuses(const BoundSocket& bound, const BindRequest& request, const Lookup& lookup,
                         bool also) {
    if (!other_user(bound, request)) return false;
    const bool both_any = lookup.any && bound.wildcard;
    if (also) return bound.reuseport != Tristate::Yes && (!bound.wildcard || bound.family == Family::Inet6);
    if (bound.reuse_shared_uid == Tristate::Yes) return false;
    if (lookup.reach == &BoundSocket::ipv4) return !both_any;
    return !both_any || bound.reuseport != Tristate::Yes;
}

/// The user check of FreeBSD: connected TCP sockets do not count.
bool freebsd_user_refuses(const BoundSocket& bound, const BindRequest& request) {
    return other_user(bound, request) && !(request.protocol == Protocol::Tcp && bound.connected);
}

/// The newcomer's one or two questions: its own address, and 0.0.0.0 for a dual-stack wildcard.
struct Questions {
    Lookup first;
    std::optional<Lookup> also;
};

Questions questions_of(const BindRequest& request, std::span<const BoundSocket> bound_sockets) {
    const BoundSocket self = bound_socket(request);
    const bool inet = self.address.family == Family::Inet;
    Questions questions{
        {bound_sockets, inet ? &BoundSocket::ipv4 : &BoundSocket::ipv6, self.address, self.wildcard}, {}};
    if (!inet && self.ipv4 == Tristate::Yes)
        questions.also = Lookup{bound_sockets, &BoundSocket::ipv4, {Family::Inet, {}, 0}, true};
    return questions;
}

const BoundSocket* refuses_user(const BsdKernel& kernel, const BindRequest& request, const Lookup& lookup,
                                bool also) {
    const BoundSocket* bound = best_fit(kernel, lookup);
    if (bound == nullptr) return nullptr;
    const bool refuses = kernel.freebsd ? freebsd_user_refuses(*bound, request)
                                        : darwin_user_refuses(*bound, request, lookup, also);
    return refuses ? bound : nullptr;
}

/// For a multicast group SO_REUSEADDR does what SO_REUSEPORT does, of either side.
bool may_share(const BindRequest& request, const BoundSocket& bound) {
    if (is_multicast(unmapped(request.address)) && (request.reuseaddr || request.reuseport))
        return bound.reuseaddr == Tristate::Yes || bound.reuseport == Tristate::Yes;
    return request.reuseport && bound.reuseport == Tristate::Yes;
}

/// Both kernels: without reuse options of its own the newcomer meets wildcards and connections too, and only
/// SO_REUSEPORT on both sides lets it past. 0.0.0.0 does not keep a dual-stack wildcard out, nor one
/// ::ffff:0.0.0.0 another.
const BoundSocket* refuses_address(const BsdKernel& kernel, const BindRequest& request, const Lookup& lookup,
                                   bool also) {
    const bool wild = !request.reuseaddr && !request.reuseport;
    const BoundSocket* bound = wild ? best_fit(kernel, lookup) : exact_fit(lookup);
    if (bound == nullptr || may_share(request, *bound)) return nullptr;
    if (also && bound->wildcard && bound->family == Family::Inet) return nullptr;
    const bool mapped = !also && request.family == Family::Inet6 && lookup.reach == &BoundSocket::ipv4;
    if (mapped && lookup.any && bound->wildcard && bound->family == Family::Inet6) return nullptr;
    return bound;
}

} // namespace

BindVerdict bsd_bind(const BsdKernel& kernel, const BindRequest& request,
                     std::span<const BoundSocket> bound_sockets) {
    const Questions questions = questions_of(request, bound_sockets);
    const BoundSocket* bound = nullptr;
    const auto ask = [&](auto refuses) {
        if (bound == nullptr) bound = refuses(kernel, request, questions.first, false);
        if (bound == nullptr && questions.also) bound = refuses(kernel, request, *questions.also, true);
    };
    // Groups belong to everybody.
    if (request.uid != 0U && !is_multicast(unmapped(request.address))) ask(refuses_user);
    ask(refuses_address);
    if (bound == nullptr) return {};
    return {Outcome::Refused, "EADDRINUSE", {bound->row}, Doubt::None, {}};
}

} // namespace netstat46
