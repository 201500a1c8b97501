// bind(2) of Darwin (bsd/netinet/in_pcb.c, bsd/netinet6/in6_pcb.c) and FreeBSD (sys/netinet, sys/netinet6).
#include "bsd/port_rules.hpp"

#include "record/address.hpp"

namespace netstat46 {
namespace {

/// One best-fit question of in_pcbbind() or in6_pcbbind().
struct Lookup {
    std::span<const PortHolder> holders;
    Truth PortHolder::*reach; ///< &PortHolder::ipv4 or ipv6
    Address address;
    bool any = false;
};

/// FreeBSD's half-open connections stand in its syncache, not among the sockets.
bool is_socket(const BsdKernel& kernel, const PortHolder& holder) {
    return !kernel.freebsd || holder.state != State::SynReceived;
}

/// in_pcblookup_local(), in6_pcblookup_local() with INPLOOKUP_WILDCARD: fewest wildcards wins, of equals the
/// newest. FreeBSD puts a dual-stack socket behind every pure IPv4 one (INP_LOOKUP_MAPPED_PCB_COST).
const PortHolder* best_fit(const BsdKernel& kernel, const Lookup& lookup) {
    constexpr int mapped_cost = 3;
    const bool dual_last = kernel.freebsd && lookup.reach == &PortHolder::ipv4;
    const PortHolder* best = nullptr;
    int best_cost = 3 + mapped_cost;
    for (const PortHolder& holder : lookup.holders) {
        if (holder.*lookup.reach != Truth::Yes || !is_socket(kernel, holder)) continue;
        if (!lookup.any && !holder.wildcard && !same_address(holder.address, lookup.address)) continue;
        int cost = (holder.connected ? 1 : 0) + (holder.wildcard != lookup.any ? 1 : 0);
        if (dual_last && holder.ipv6 == Truth::Yes) cost += mapped_cost;
        if (cost >= best_cost) continue;
        best = &holder;
        best_cost = cost;
    }
    return best;
}

/// The same without INPLOOKUP_WILDCARD: an unconnected socket with exactly that address.
const PortHolder* exact_fit(const Lookup& lookup) {
    for (const PortHolder& holder : lookup.holders) {
        if (holder.*lookup.reach != Truth::Yes || holder.connected) continue;
        if (lookup.any ? holder.wildcard : !holder.wildcard && same_address(holder.address, lookup.address))
            return &holder;
    }
    return nullptr;
}

bool other_user(const PortHolder& holder, const Newcomer& newcomer) { return holder.uid != newcomer.uid; }

/// The user check of Darwin. `also` is the second, IPv4 question of a dual-stack wildcard.
bool darwin_user_refuses(const PortHolder& holder, const Newcomer& newcomer, const Lookup& lookup,
                         bool also) {
    if (!other_user(holder, newcomer)) return false;
    const bool both_any = lookup.any && holder.wildcard;
    if (also) return holder.reuseport != Truth::Yes && (!holder.wildcard || holder.family == Family::Inet6);
    if (holder.reuse_shared_uid == Truth::Yes) return false;
    if (lookup.reach == &PortHolder::ipv4) return !both_any;
    return !both_any || holder.reuseport != Truth::Yes;
}

/// The user check of FreeBSD: connected TCP sockets do not count.
bool freebsd_user_refuses(const PortHolder& holder, const Newcomer& newcomer) {
    return other_user(holder, newcomer) && !(newcomer.protocol == Protocol::Tcp && holder.connected);
}

/// The newcomer's one or two questions: its own address, and 0.0.0.0 for a dual-stack wildcard.
struct Questions {
    Lookup first;
    std::optional<Lookup> also;
};

Questions questions_of(const Newcomer& newcomer, std::span<const PortHolder> holders) {
    const PortHolder self = holder_of(newcomer);
    const bool inet = self.address.family == Family::Inet;
    Questions questions{{holders, inet ? &PortHolder::ipv4 : &PortHolder::ipv6, self.address, self.wildcard},
                        {}};
    if (!inet && self.ipv4 == Truth::Yes)
        questions.also = Lookup{holders, &PortHolder::ipv4, {Family::Inet, {}, 0}, true};
    return questions;
}

const PortHolder* refuses_user(const BsdKernel& kernel, const Newcomer& newcomer, const Lookup& lookup,
                               bool also) {
    const PortHolder* holder = best_fit(kernel, lookup);
    if (holder == nullptr) return nullptr;
    const bool refuses = kernel.freebsd ? freebsd_user_refuses(*holder, newcomer)
                                        : darwin_user_refuses(*holder, newcomer, lookup, also);
    return refuses ? holder : nullptr;
}

/// For a multicast group SO_REUSEADDR does what SO_REUSEPORT does, of either side.
bool may_share(const Newcomer& newcomer, const PortHolder& holder) {
    if (is_multicast(unmapped(newcomer.address)) && (newcomer.reuseaddr || newcomer.reuseport))
        return holder.reuseaddr == Truth::Yes || holder.reuseport == Truth::Yes;
    return newcomer.reuseport && holder.reuseport == Truth::Yes;
}

/// Both kernels: without reuse options of its own the newcomer meets wildcards and connections too, and only
/// SO_REUSEPORT on both sides lets it past. 0.0.0.0 does not keep a dual-stack wildcard out, nor one
/// ::ffff:0.0.0.0 another.
const PortHolder* refuses_address(const BsdKernel& kernel, const Newcomer& newcomer, const Lookup& lookup,
                                  bool also) {
    const bool wild = !newcomer.reuseaddr && !newcomer.reuseport;
    const PortHolder* holder = wild ? best_fit(kernel, lookup) : exact_fit(lookup);
    if (holder == nullptr || may_share(newcomer, *holder)) return nullptr;
    if (also && holder->wildcard && holder->family == Family::Inet) return nullptr;
    const bool mapped = !also && newcomer.family == Family::Inet6 && lookup.reach == &PortHolder::ipv4;
    if (mapped && lookup.any && holder->wildcard && holder->family == Family::Inet6) return nullptr;
    return holder;
}

} // namespace

BindVerdict bsd_bind(const BsdKernel& kernel, const Newcomer& newcomer, std::span<const PortHolder> holders) {
    const Questions questions = questions_of(newcomer, holders);
    const PortHolder* holder = nullptr;
    const auto ask = [&](auto refuses) {
        if (holder == nullptr) holder = refuses(kernel, newcomer, questions.first, false);
        if (holder == nullptr && questions.also) holder = refuses(kernel, newcomer, *questions.also, true);
    };
    // Groups belong to everybody.
    if (newcomer.uid != 0U && !is_multicast(unmapped(newcomer.address))) ask(refuses_user);
    ask(refuses_address);
    if (holder == nullptr) return {};
    return {Outcome::Refused, "EADDRINUSE", {holder->row}, Doubt::None, {}};
}

} // namespace netstat46
