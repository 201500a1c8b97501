// Who answers on Darwin and FreeBSD: in_pcblookup_hash() and in6_pcblookup_hash() behind the 4-tuple.
#include "bsd/port_rules.hpp"

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

} // namespace

AnswerVerdict bsd_answer(const BsdKernel& kernel, const Address& destination,
                         std::span<const PortHolder> holders) {
    const bool inet = destination.family == Family::Inet;
    std::vector<const PortHolder*> pure;
    std::vector<const PortHolder*> dual;
    for (const PortHolder& holder : holders) {
        if (holder.connected || (inet ? holder.ipv4 : holder.ipv6) != Truth::Yes) continue;
        if (holder.wildcard) {
            (inet && holder.family == Family::Inet6 ? dual : pure).push_back(&holder);
        } else if (same_address(holder.address, destination)) {
            return without_silent({{holder.row}, false, {}, Doubt::None}, holders);
        }
    }
    return without_silent(of_wildcards(kernel, pure.empty() ? dual : pure), holders);
}

} // namespace netstat46
