// bind(2) of Linux: inet_csk_get_port() and udp_lib_get_port() over overlap().
#include "linux/port_rules.hpp"

#include <vector>

namespace netstat46 {
namespace {

Truth both_reuseport(const Newcomer& newcomer, const PortHolder& holder) {
    return truth(newcomer.reuseport) && holder.reuseport;
}

bool devices_meet(const Newcomer& newcomer, const PortHolder& holder) {
    return newcomer.device == 0 || holder.device == 0 || newcomer.device == holder.device;
}

/// ipv4_rcv_saddr_equal() takes a connected IPv6 socket for an IPv4 one unless it is v6only, which bind(2) to
/// a specific address makes it: what was `::` or unbound keeps 0.0.0.0 out.
Truth former_dual(const PortHolder& self, const PortHolder& holder) {
    const bool asked = self.family == Family::Inet && self.wildcard;
    const bool was = holder.connected && holder.address.family == Family::Inet6;
    return truth(asked && was) && !holder.v6only;
}

Truth meets(const Newcomer& newcomer, const PortHolder& self, const PortHolder& holder) {
    return truth(devices_meet(newcomer, holder)) && (overlap(self, holder) || former_dual(self, holder));
}

/// Names the holder and what of it is not known.
void add_doubt(BindVerdict& verdict, const PortHolder& holder, bool options) {
    verdict.because.push_back(holder.row);
    verdict.doubts.push_back(options ? Doubt::Option : Doubt::V6Only);
    verdict.doubt = verdict.doubts.front();
}

/// Whether the options let both have the port. The uid of a TIME_WAIT socket does not count.
Truth tcp_share(const Newcomer& newcomer, const PortHolder& holder) {
    const Truth share_address =
        truth(newcomer.reuseaddr && holder.state != State::Listen) && holder.reuseaddr;
    const Truth share_port =
        both_reuseport(newcomer, holder) && truth(holder.time_wait || holder.uid == newcomer.uid);
    return share_address || share_port;
}

/// inet_bind_conflict().
Truth tcp_conflict(const Newcomer& newcomer, const PortHolder& self, const PortHolder& holder) {
    return meets(newcomer, self, holder) && !tcp_share(newcomer, holder);
}

/// Half-open connections stand in no bind bucket (they are request sockets of their listener).
bool keeps_port(const PortHolder& holder) { return holder.state != State::SynReceived; }

/// Whether Linux may admit a SO_REUSEPORT newcomer whom `conflicting` refuse: sk_reuseport_match() compares
/// it only with the last SO_REUSEPORT socket that the port's bucket remembers, which may be gone. That one
/// was itself held against every socket that listens since, and the newcomer must lie within it; only a dual
/// `::` may be more than it: a v6only `::` knows nothing of IPv4, a 0.0.0.0 nothing of IPv6.
bool cache_may_admit(const PortHolder& self, const std::vector<const PortHolder*>& conflicting) {
    const auto plain = [](const PortHolder* holder) {
        return holder->state == State::Listen && holder->device == 0;
    };
    const auto reaches = [&](Truth PortHolder::*reach) {
        return std::any_of(conflicting.begin(), conflicting.end(), [&](const PortHolder* holder) {
            return plain(holder) && holder->*reach == Truth::Yes;
        });
    };
    const bool dual = self.ipv4 == Truth::Yes && self.ipv6 == Truth::Yes;
    if (!dual) return std::none_of(conflicting.begin(), conflicting.end(), plain);
    return !reaches(&PortHolder::ipv4) || !reaches(&PortHolder::ipv6);
}

BindVerdict tcp_bind(const Newcomer& newcomer, std::span<const PortHolder> holders) {
    const PortHolder self = holder_of(newcomer);
    std::vector<const PortHolder*> conflicting;
    BindVerdict refused{Outcome::Refused, "EADDRINUSE", {}, Doubt::None, {}};
    BindVerdict depends{Outcome::Depends, "EADDRINUSE", {}, Doubt::None, {}};
    for (const PortHolder& holder : holders) {
        if (!keeps_port(holder)) continue;
        const Truth conflict = tcp_conflict(newcomer, self, holder);
        if (conflict == Truth::Yes) {
            conflicting.push_back(&holder);
            refused.because.push_back(holder.row);
        }
        if (conflict == Truth::Unknown)
            add_doubt(depends, holder, tcp_share(newcomer, holder) == Truth::Unknown);
    }
    if (!conflicting.empty()) {
        if (newcomer.reuseport && cache_may_admit(self, conflicting)) {
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
    std::vector<const PortHolder*> sockets;
    bool by_address = false; ///< connect(2) moves a socket in these
};

/// Sockets enter a chain at its head, AF_INET6 ones with SO_REUSEPORT at its tail (sk_add_node_rcu()).
bool surely_met_before(const PortHolder& a, const PortHolder& b, bool by_address) {
    if (by_address && (a.connected || b.connected)) return false;
    if (a.family == b.family) return a.row < b.row;
    return b.family == Family::Inet6 && b.reuseport == Truth::Yes;
}

/// An order matters only among sockets of which all is known.
Doubt first_but_order(const std::vector<Doubt>& doubts) {
    const auto found =
        std::find_if(doubts.begin(), doubts.end(), [](Doubt doubt) { return doubt != Doubt::Order; });
    return found == doubts.end() ? Doubt::Order : *found;
}

/// udp_lib_lport_inuse(), udp_lib_lport_inuse2(): the first socket that overlaps, unless both have
/// SO_REUSEADDR, decides alone. Which one that is cannot always be told; every one that may be counts.
BindVerdict first_decides(const Newcomer& newcomer, const Chain& chain) {
    const PortHolder self = holder_of(newcomer);
    const auto counts = [&](const PortHolder& holder) {
        return meets(newcomer, self, holder) && !(truth(newcomer.reuseaddr) && holder.reuseaddr);
    };
    const auto behind_another = [&](const PortHolder& holder) {
        return std::any_of(chain.sockets.begin(), chain.sockets.end(), [&](const PortHolder* other) {
            return counts(*other) == Truth::Yes && surely_met_before(*other, holder, chain.by_address);
        });
    };
    BindVerdict verdict{Outcome::Ok, "EADDRINUSE", {}, Doubt::Order, {}};
    bool may_admit = std::none_of(chain.sockets.begin(), chain.sockets.end(),
                                  [&](const PortHolder* holder) { return counts(*holder) == Truth::Yes; });
    for (const PortHolder* holder : chain.sockets) {
        const Truth counted = counts(*holder);
        if (counted == Truth::No || behind_another(*holder)) continue;
        const Truth admitted = both_reuseport(newcomer, *holder) && truth(holder->uid == newcomer.uid);
        if (admitted != Truth::No) may_admit = true;
        if (admitted == Truth::Yes && counted == Truth::Yes) continue;
        const Truth both_reuseaddr = truth(newcomer.reuseaddr) && holder->reuseaddr;
        const bool options = both_reuseaddr == Truth::Unknown || admitted == Truth::Unknown;
        verdict.because.push_back(holder->row);
        verdict.doubts.push_back(options                     ? Doubt::Option
                                 : counted == Truth::Unknown ? Doubt::V6Only
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
BindVerdict udp_bind(const Newcomer& newcomer, std::span<const PortHolder> holders) {
    constexpr std::size_t long_chain = 10;
    const PortHolder self = holder_of(newcomer);
    const auto chain_of = [&](bool by_address, auto belongs) {
        Chain chain{{}, by_address};
        for (const PortHolder& holder : holders)
            if (belongs(holder)) chain.sockets.push_back(&holder);
        return chain;
    };
    if (holders.size() <= long_chain || self.wildcard)
        return first_decides(newcomer, chain_of(false, [](const auto&) { return true; }));
    const auto same = [&](const PortHolder& holder) { return same_address(holder.address, self.address); };
    BindVerdict verdict = first_decides(newcomer, chain_of(true, same));
    if (verdict.outcome == Outcome::Refused) return verdict;
    const BindVerdict wildcards =
        first_decides(newcomer, chain_of(true, [](const PortHolder& holder) { return holder.wildcard; }));
    return wildcards.outcome == Outcome::Ok ? verdict : wildcards;
}

} // namespace

bool linux_needs_scope(const Address& address) {
    if (address.family != Family::Inet6) return false;
    const unsigned second = address.bytes[1];
    if (address.bytes[0] == 0xff) return (second & 0x0f) == 1 || (second & 0x0f) == 2;
    return address.bytes[0] == 0xfe && (second & 0xc0) == 0x80;
}

BindVerdict linux_bind(const Newcomer& asked, std::span<const PortHolder> holders) {
    Newcomer newcomer = asked;
    if (linux_needs_scope(newcomer.address)) newcomer.device = newcomer.address.scope;
    return newcomer.protocol == Protocol::Tcp ? tcp_bind(newcomer, holders) : udp_bind(newcomer, holders);
}

} // namespace netstat46
