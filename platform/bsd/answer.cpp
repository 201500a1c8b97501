// Who answers on Darwin and FreeBSD: in_pcblookup_hash() and in6_pcblookup_hash() behind the 4-tuple.
#include "bsd/port_rules.hpp"

#include <utility>

#include "record/address.hpp"

namespace netstat46 {
namespace {

/// Of equal wildcards the kernel keeps the last it meets, the oldest. FreeBSD 14 sorts its lists otherwise.
AnswerVerdict of_wildcards(const BsdKernel& kernel, const std::vector<const PortHolder*>& met) {
    AnswerVerdict verdict;
    if (met.empty()) return verdict;
    if (met.size() == 1 || !kernel.freebsd || kernel.major < 14) {
        verdict.who = {met.back()->row};
        return verdict;
    }
    for (const PortHolder* holder : met) verdict.who.push_back(holder->row);
    verdict.doubt = Doubt::Order;
    return verdict;
}

/// A TCP socket that is bound but does not listen is found all the same, and resets the connection.
AnswerVerdict without_silent(AnswerVerdict verdict, std::span<const PortHolder> holders) {
    const auto silent = [&](std::size_t row) {
        const auto found = std::find_if(holders.begin(), holders.end(),
                                        [&](const PortHolder& holder) { return holder.row == row; });
        return found->protocol == Protocol::Tcp && found->state != State::Listen;
    };
    for (const std::size_t row : verdict.who)
        if (silent(row)) verdict.silent.push_back(row);
    std::erase_if(verdict.who, silent);
    verdict.maybe_nobody = !verdict.silent.empty();
    if (verdict.who.empty()) verdict.doubt = Doubt::None;
    return verdict;
}

/// FreeBSD's SO_REUSEPORT_LB sockets are asked first: those bound to exactly the destination, then those
/// bound to none (in_pcblookup_lbgroup()). A dual-stack wildcard is in no group.
std::vector<std::size_t> balanced_group(const Address& destination, std::span<const PortHolder> holders) {
    const bool inet = destination.family == Family::Inet;
    std::vector<std::size_t> exact;
    std::vector<std::size_t> wildcards;
    for (const PortHolder& holder : holders) {
        const bool dual = holder.wildcard && holder.ipv4 == Truth::Yes && holder.family == Family::Inet6;
        if (!holder.balanced || holder.connected || dual) continue;
        if ((inet ? holder.ipv4 : holder.ipv6) != Truth::Yes) continue;
        if (holder.wildcard)
            wildcards.push_back(holder.row);
        else if (same_address(holder.address, destination))
            exact.push_back(holder.row);
    }
    return exact.empty() ? wildcards : exact;
}

} // namespace

AnswerVerdict bsd_answer(const BsdKernel& kernel, const Address& destination,
                         std::span<const PortHolder> holders) {
    const bool inet = destination.family == Family::Inet;
    if (auto group = balanced_group(destination, holders); !group.empty()) {
        const Doubt doubt = group.size() > 1 ? Doubt::Group : Doubt::None;
        return without_silent({std::move(group), false, false, {}, doubt}, holders);
    }
    std::vector<const PortHolder*> pure;
    std::vector<const PortHolder*> dual;
    for (const PortHolder& holder : holders) {
        if (holder.connected || (inet ? holder.ipv4 : holder.ipv6) != Truth::Yes) continue;
        if (holder.wildcard) {
            (inet && holder.family == Family::Inet6 ? dual : pure).push_back(&holder);
        } else if (same_address(holder.address, destination)) {
            return without_silent({{holder.row}, false, false, {}, Doubt::None}, holders);
        }
    }
    return without_silent(of_wildcards(kernel, pure.empty() ? dual : pure), holders);
}

/// udp_input(), udp6_input(): the newest first; one without reuse options is the last that gets a copy.
AnswerVerdict bsd_copies(const BsdKernel& /*kernel*/, const Address& destination,
                         std::span<const PortHolder> holders) {
    const bool inet = destination.family == Family::Inet;
    AnswerVerdict verdict;
    verdict.copies = true;
    for (const PortHolder& holder : holders) {
        if (holder.connected || (inet ? holder.ipv4 : holder.ipv6) != Truth::Yes) continue;
        if (!holder.wildcard && !same_address(holder.address, destination)) continue;
        verdict.who.push_back(holder.row);
        const bool alone = holder.reuseaddr == Truth::No && holder.reuseport == Truth::No;
        if (alone && !is_multicast(destination)) break;
    }
    if (verdict.who.empty() || !is_multicast(destination)) return verdict;
    verdict.maybe_nobody = true;
    verdict.doubt = Doubt::Membership;
    return verdict;
}

} // namespace netstat46
