// Who answers on Darwin and FreeBSD: in_pcblookup_hash() and in6_pcblookup_hash() after the 4-tuple.
#include "bsd/port_rules.hpp"

#include <utility>

#include "record/address.hpp"

namespace netstat46 {
namespace {

/// Of equal wildcards the kernel keeps the last it meets, the oldest. FreeBSD 14 sorts its lists otherwise.
AnswerVerdict of_wildcards(const BsdKernel& kernel, const std::vector<const BoundSocket*>& met) {
    AnswerVerdict verdict;
    if (met.empty()) return verdict;
    if (met.size() == 1 || !kernel.freebsd || kernel.major < 14) {
        verdict.who = {met.back()->row};
        return verdict;
    }
    for (const BoundSocket* bound : met) verdict.who.push_back(bound->row);
    verdict.doubt = Doubt::Order;
    return verdict;
}

/// FreeBSD's SO_REUSEPORT_LB sockets are asked first: those bound to exactly the destination, then those
/// bound to none (in_pcblookup_lbgroup()). A dual-stack wildcard is in no group.
std::vector<std::size_t> balanced_group(const Address& destination,
                                        std::span<const BoundSocket> bound_sockets) {
    const bool inet = destination.family == Family::Inet;
    std::vector<std::size_t> exact;
    std::vector<std::size_t> wildcards;
    for (const BoundSocket& bound : bound_sockets) {
        const bool dual = bound.wildcard && bound.ipv4 == Tristate::Yes && bound.family == Family::Inet6;
        if (!bound.balanced || bound.connected || dual) continue;
        if ((inet ? bound.ipv4 : bound.ipv6) != Tristate::Yes) continue;
        if (bound.wildcard)
            wildcards.push_back(bound.row);
        else if (same_address(bound.address, destination))
            exact.push_back(bound.row);
    }
    return exact.empty() ? wildcards : exact;
}

} // namespace

AnswerVerdict bsd_without_silent(AnswerVerdict verdict, std::span<const BoundSocket> bound_sockets) {
    const auto silent = [&](std::size_t row) {
        const auto found = std::find_if(bound_sockets.begin(), bound_sockets.end(),
                                        [&](const BoundSocket& bound) { return bound.row == row; });
        return found->protocol == Protocol::Tcp && found->state != State::Listen;
    };
    for (const std::size_t row : verdict.who)
        if (silent(row)) verdict.silent.push_back(row);
    std::erase_if(verdict.who, silent);
    verdict.maybe_nobody = !verdict.silent.empty();
    if (verdict.who.empty()) verdict.doubt = Doubt::None;
    return verdict;
}

AnswerVerdict bsd_answer(const BsdKernel& kernel, const Address& destination,
                         std::span<const BoundSocket> bound_sockets) {
    const bool inet = destination.family == Family::Inet;
    if (auto group = balanced_group(destination, bound_sockets); !group.empty()) {
        const Doubt doubt = group.size() > 1 ? Doubt::Group : Doubt::None;
        return bsd_without_silent({std::move(group), false, false, {}, doubt}, bound_sockets);
    }
    std::vector<const BoundSocket*> pure;
    std::vector<const BoundSocket*> dual;
    for (const BoundSocket& bound : bound_sockets) {
        if (bound.connected || (inet ? bound.ipv4 : bound.ipv6) != Tristate::Yes) continue;
        if (bound.wildcard) {
            (inet && bound.family == Family::Inet6 ? dual : pure).push_back(&bound);
        } else if (same_address(bound.address, destination)) {
            return bsd_without_silent({{bound.row}, false, false, {}, Doubt::None}, bound_sockets);
        }
    }
    return bsd_without_silent(of_wildcards(kernel, pure.empty() ? dual : pure), bound_sockets);
}

/// udp_input(), udp6_input(): the newest first; one without reuse options is the last that gets a copy.
AnswerVerdict bsd_copies(const BsdKernel& /*kernel*/, const Address& destination,
                         std::span<const BoundSocket> bound_sockets) {
    const bool inet = destination.family == Family::Inet;
    AnswerVerdict verdict;
    verdict.copies = true;
    for (const BoundSocket& bound : bound_sockets) {
        if (bound.connected || (inet ? bound.ipv4 : bound.ipv6) != Tristate::Yes) continue;
        if (!bound.wildcard && !same_address(bound.address, destination)) continue;
        verdict.who.push_back(bound.row);
        const bool alone = bound.reuseaddr == Tristate::No && bound.reuseport == Tristate::No;
        if (alone && !is_multicast(destination)) break;
    }
    if (verdict.who.empty() || !is_multicast(destination)) return verdict;
    verdict.maybe_nobody = true;
    verdict.doubt = Doubt::Membership;
    return verdict;
}

} // namespace netstat46
