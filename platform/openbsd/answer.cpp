// in_pcblookup_listen() and udp_input(), after pf and the 4-tuple.
#include <algorithm>
#include <vector>

#include "bsd/port_rules.hpp"
#include "openbsd/rules.hpp"
#include "parse.hpp"
#include "ports/questions.hpp"
#include "record/address.hpp"

namespace netstat46::openbsd {
namespace {

/// Sockets that the kernel distinguishes by nothing that is known here.
struct Equals {
    std::vector<const BoundSocket*> here, perhaps; ///< in the asker's routing table; in others
};

Equals bound_to(const PortHost& host, const Address& destination, bool wildcard,
                std::span<const BoundSocket> bound_sockets) {
    Equals equals;
    for (const BoundSocket& bound : bound_sockets) {
        if (bound.connected || bound.family != destination.family || bound.wildcard != wildcard) continue;
        if (!wildcard && !same_address(bound.address, destination)) continue;
        (bound.routing_table == own_routing_table(host) ? equals.here : equals.perhaps).push_back(&bound);
    }
    return equals;
}

/// First those bound to the address, then the wildcard; of several (SO_REUSEPORT) the one bound last gets
/// all.
AnswerVerdict unicast(const PortHost& host, const Address& destination,
                      std::span<const BoundSocket> bound_sockets) {
    AnswerVerdict verdict;
    bool sure = false;
    for (const bool wildcard : {false, true}) {
        const Equals equals = bound_to(host, destination, wildcard, bound_sockets);
        for (const BoundSocket* bound : equals.perhaps) verdict.who.push_back(bound->row);
        for (const BoundSocket* bound : equals.here) verdict.who.push_back(bound->row);
        if (!equals.perhaps.empty())
            verdict.doubt = Doubt::RoutingDomain;
        else if (equals.here.size() > 1 && verdict.doubt == Doubt::None)
            verdict.doubt = Doubt::Order;
        sure = !equals.here.empty();
        if (sure) break;
    }
    verdict = bsd_without_silent(std::move(verdict), bound_sockets);
    verdict.maybe_nobody = verdict.maybe_nobody || (!verdict.who.empty() && !sure);
    return verdict;
}

/// Which of them reads first, and whether its options let others have it too, is not known.
AnswerVerdict copies(const PortHost& host, const Address& destination,
                     std::span<const BoundSocket> bound_sockets) {
    std::vector<BoundSocket> here;
    for (const BoundSocket& bound : bound_sockets)
        if (bound.routing_table == own_routing_table(host)) here.push_back(bound);
    AnswerVerdict verdict = bsd_copies({}, destination, here);
    if (verdict.doubt == Doubt::None && verdict.who.size() > 1) verdict.doubt = Doubt::Option;
    if (here.size() != bound_sockets.size()) verdict.doubt = Doubt::RoutingDomain;
    return verdict;
}

} // namespace

std::uint32_t own_routing_table(const PortHost& host) {
    const auto told = host.particulars.find("rtable");
    return told == host.particulars.end() ? 0 : parse_number<std::uint32_t>(told->second).value_or(0);
}

AnswerVerdict answer(const PortHost& host, const Address& destination, Cast cast,
                     std::span<const BoundSocket> bound_sockets) {
    return cast == Cast::Unicast ? unicast(host, destination, bound_sockets)
                                 : copies(host, destination, bound_sockets);
}

} // namespace netstat46::openbsd
