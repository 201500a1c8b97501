// bind(2) of Linux: inet_csk_get_port() and udp_lib_get_port() over overlap().
#include "linux/port_rules.hpp"

#include <vector>

namespace netstat46 {
namespace {

Tristate both_reuseport(const BindRequest& request, const BoundSocket& bound) {
    return tristate(request.reuseport) && bound.reuseport;
}

bool devices_meet(const BindRequest& request, const BoundSocket& bound) {
    return request.device == 0 || bound.device == 0 || request.device == bound.device;
}

/// ipv4_rcv_saddr_equal() takes a connected IPv6 socket for an IPv4 one unless it is v6only, which bind(2) to
/// a specific address makes it: what was `::` or unbound keeps 0.0.0.0 out.
Tristate former_dual(const BoundSocket& self, const BoundSocket& bound) {
    const bool asked = self.family == Family::Inet && self.wildcard;
    const bool was = bound.connected && bound.address.family == Family::Inet6;
    return tristate(asked && was) && !bound.v6only;
}

Tristate meets(const BindRequest& request, const BoundSocket& self, const BoundSocket& bound) {
    return tristate(devices_meet(request, bound)) && (overlap(self, bound) || former_dual(self, bound));
}

/// Names the holder and what of it is not known.
void add_doubt(BindVerdict& verdict, const BoundSocket& bound, bool options) {
    verdict.because.push_back(bound.row);
    verdict.doubts.push_back(options ? Doubt::Option : Doubt::V6Only);
    verdict.doubt = verdict.doubts.front();
}

/// Whether the options let both have the port. The uid of a TIME_WAIT socket does not count.
Tristate tcp_share(const BindRequest& request, const BoundSocket& bound) {
    const Tristate share_address =
        tristate(request.reuseaddr && bound.state != State::Listen) && bound.reuseaddr;
    const Tristate share_port =
        both_reuseport(request, bound) && tristate(bound.time_wait || bound.uid == request.uid);
    return share_address || share_port;
}

/// inet_bind_conflict().
Tristate tcp_conflict(const BindRequest& request, const BoundSocket& self, const BoundSocket& bound) {
    return meets(request, self, bound) && !tcp_share(request, bound);
}

/// Half-open connections stand in no bind bucket (they are request sockets of their listener).
bool keeps_port(const BoundSocket& bound) { return bound.state != State::SynReceived; }

/// Whether Linux may admit a SO_REUSEPORT newcomer whom `conflicting` refuse: sk_reuseport_match() compares
/// it only with the last SO_REUSEPORT socket that the port's bucket remembers, which may be gone. That one
/// was itself held against every socket that listens since, and the newcomer must lie within it; only a dual
/// `::` may be more than it: a v6only `::` knows nothing of IPv4, a 0.0.0.0 nothing of IPv6.
bool cache_may_admit(const BoundSocket& self, const std::vector<const BoundSocket*>& conflicting) {
    const auto plain = [](const BoundSocket* bound) {
        return bound->state == State::Listen && bound->device == 0;
    };
    const auto reaches = [&](Tristate BoundSocket::*reach) {
        return std::any_of(conflicting.begin(), conflicting.end(), [&](const BoundSocket* bound) {
            return plain(bound) && bound->*reach == Tristate::Yes;
        });
    };
    const bool dual = self.ipv4 == Tristate::Yes && self.ipv6 == Tristate::Yes;
    if (!dual) return std::none_of(conflicting.begin(), conflicting.end(), plain);
    return !reaches(&BoundSocket::ipv4) || !reaches(&BoundSocket::ipv6);
}

BindVerdict tcp_bind(const BindRequest& request, std::span<const BoundSocket> bound_sockets) {
    const BoundSocket self = bound_socket(request);
    std::vector<const BoundSocket*> conflicting;
    BindVerdict refused{Outcome::Refused, "EADDRINUSE", {}, Doubt::None, {}};
    BindVerdict depends{Outcome::Depends, "EADDRINUSE", {}, Doubt::None, {}};
    for (const BoundSocket& bound : bound_sockets) {
        if (!keeps_port(bound)) continue;
        const Tristate conflict = tcp_conflict(request, self, bound);
        if (conflict == Tristate::Yes) {
            conflicting.push_back(&bound);
            refused.because.push_back(bound.row);
        }
        if (conflict == Tristate::Unknown)
            add_doubt(depends, bound, tcp_share(request, bound) == Tristate::Unknown);
    }
    if (!conflicting.empty()) {
        if (request.reuseport && cache_may_admit(self, conflicting)) {
            refused.outcome = Outcome::Depends;
            refused.doubt = Doubt::ReuseportCache;
        }
        return refused;
    }
    if (!depends.because.empty()) return depends;
    return {};
}

/// One hash chain of UDP sockets.
struct Chain {
    std::vector<const BoundSocket*> sockets;
    bool by_address = false; ///< connect(2) moves a socket in these
};

/// Sockets enter a chain at its head, AF_INET6 ones with SO_REUSEPORT at its tail (sk_add_node_rcu()).
bool surely_met_before(const BoundSocket& a, const BoundSocket& b, bool by_address) {
    if (by_address && (a.connected || b.connected)) return false;
    if (a.family == b.family) return a.row < b.row;
    return b.family == Family::Inet6 && b.reuseport == Tristate::Yes;
}

/// An order matters only among sockets of which all is known.
Doubt first_but_order(const std::vector<Doubt>& doubts) {
    const auto found =
        std::find_if(doubts.begin(), doubts.end(), [](Doubt doubt) { return doubt != Doubt::Order; });
    return found == doubts.end() ? Doubt::Order : *found;
}

/// udp_lib_lport_inuse(), udp_lib_lport_inuse2(): the first socket that overlaps, unless both have
/// SO_REUSEADDR, decides alone. Which one that is cannot always be known; every one that may be counts.
BindVerdict first_decides(const BindRequest& request, const Chain& chain) {
    const BoundSocket self = bound_socket(request);
    const auto counts = [&](const BoundSocket& bound) {
        return meets(request, self, bound) && !(tristate(request.reuseaddr) && bound.reuseaddr);
    };
    const auto behind_another = [&](const BoundSocket& bound) {
        return std::any_of(chain.sockets.begin(), chain.sockets.end(), [&](const BoundSocket* other) {
            return counts(*other) == Tristate::Yes && surely_met_before(*other, bound, chain.by_address);
        });
    };
    BindVerdict verdict{Outcome::Ok, "EADDRINUSE", {}, Doubt::Order, {}};
    bool may_admit = std::none_of(chain.sockets.begin(), chain.sockets.end(),
                                  [&](const BoundSocket* bound) { return counts(*bound) == Tristate::Yes; });
    for (const BoundSocket* bound : chain.sockets) {
        const Tristate counted = counts(*bound);
        if (counted == Tristate::No || behind_another(*bound)) continue;
        const Tristate admitted = both_reuseport(request, *bound) && tristate(bound->uid == request.uid);
        if (admitted != Tristate::No) may_admit = true;
        if (admitted == Tristate::Yes && counted == Tristate::Yes) continue;
        const Tristate both_reuseaddr = tristate(request.reuseaddr) && bound->reuseaddr;
        const bool options = both_reuseaddr == Tristate::Unknown || admitted == Tristate::Unknown;
        verdict.because.push_back(bound->row);
        verdict.doubts.push_back(options                        ? Doubt::Option
                                 : counted == Tristate::Unknown ? Doubt::V6Only
                                                                : Doubt::Order);
    }
    if (verdict.because.empty()) return {};
    verdict.outcome = may_admit ? Outcome::Depends : Outcome::Refused;
    if (!may_admit) verdict.doubts.clear();
    verdict.doubt = may_admit ? first_but_order(verdict.doubts) : Doubt::None;
    return verdict;
}

/// udp_lib_get_port() asks the port's chain, or, when that holds more than ten sockets, the chain of the
/// newcomer's address and that of the wildcards: then a wildcard newcomer does not meet sockets bound to
/// specific addresses.
BindVerdict udp_bind(const BindRequest& request, std::span<const BoundSocket> bound_sockets) {
    constexpr std::size_t long_chain = 10;
    const BoundSocket self = bound_socket(request);
    const auto chain_of = [&](bool by_address, auto belongs) {
        Chain chain{{}, by_address};
        for (const BoundSocket& bound : bound_sockets)
            if (belongs(bound)) chain.sockets.push_back(&bound);
        return chain;
    };
    if (bound_sockets.size() <= long_chain || self.wildcard)
        return first_decides(request, chain_of(false, [](const auto&) { return true; }));
    const auto same = [&](const BoundSocket& bound) { return same_address(bound.address, self.address); };
    BindVerdict verdict = first_decides(request, chain_of(true, same));
    if (verdict.outcome == Outcome::Refused) return verdict;
    const BindVerdict wildcards =
        first_decides(request, chain_of(true, [](const BoundSocket& bound) { return bound.wildcard; }));
    return wildcards.outcome == Outcome::Ok ? verdict : wildcards;
}

} // namespace

bool linux_needs_scope(const Address& address) {
    if (address.family != Family::Inet6) return false;
    const unsigned second = address.bytes[1];
    if (address.bytes[0] == 0xff) return (second & 0x0f) == 1 || (second & 0x0f) == 2;
    return address.bytes[0] == 0xfe && (second & 0xc0) == 0x80;
}

BindVerdict linux_bind(const BindRequest& asked, std::span<const BoundSocket> bound_sockets) {
    BindRequest request = asked;
    if (linux_needs_scope(request.address)) request.device = request.address.scope;
    return request.protocol == Protocol::Tcp ? tcp_bind(request, bound_sockets)
                                             : udp_bind(request, bound_sockets);
}

} // namespace netstat46
