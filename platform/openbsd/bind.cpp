#include <algorithm>
#include <vector>

#include "openbsd/rules.hpp"
#include "ports/questions.hpp"
#include "record/address.hpp"

namespace netstat46::openbsd {
namespace {

constexpr std::uint16_t reserved = 1024; // netinet/in.h, IPPORT_RESERVED
constexpr std::uint16_t root_only[] = {
    2049}; // net.inet.tcp.rootonly and udp.rootonly, as they are set at first

/// A socket that the kernel may find, and whether it can be any other.
struct Found {
    const BoundSocket* bound;
    bool same_domain; ///< for certain
};

struct Asked {
    const PortHost& host;
    const BindRequest& request;
    std::span<const BoundSocket> bound_sockets;
};

/// in_pcblookup_local(): how badly it fits, 0 best; nothing if it does not.
std::optional<int> misfit(const BoundSocket& bound, const BindRequest& request, bool wild) {
    if (bound.family != request.family) return std::nullopt;
    const bool any = is_unspecified(request.address);
    if (!any && !bound.wildcard && !same_address(bound.address, request.address)) return std::nullopt;
    const int score = (bound.connected ? 1 : 0) + (any != bound.wildcard ? 1 : 0);
    return wild || score == 0 ? std::optional(score) : std::nullopt;
}

/// Those that in_pcblookup_local() may give: of equals the one bound or connected last, which cannot be seen.
std::vector<Found> lookup(const Asked& asked, bool wild) {
    const std::uint32_t table = own_routing_table(asked.host);
    int best = 3;
    for (const BoundSocket& bound : asked.bound_sockets)
        if (const auto score = misfit(bound, asked.request, wild); score && bound.routing_table == table)
            best = std::min(best, *score);
    std::vector<Found> found;
    for (const BoundSocket& bound : asked.bound_sockets)
        if (const auto score = misfit(bound, asked.request, wild); score && *score <= best)
            found.push_back({&bound, bound.routing_table == table});
    return found;
}

/// so_euid: of an accepted connection its listener's.
std::optional<std::uint32_t> user_of(const BoundSocket& bound, std::span<const BoundSocket> bound_sockets) {
    if (!bound.connected || !bound.uid) return bound.uid;
    for (const BoundSocket& other : bound_sockets)
        if (other.state == State::Listen && other.family == bound.family && other.uid &&
            (other.wildcard || same_address(other.address, bound.address)))
            return other.uid;
    return bound.uid;
}

Tristate refuses_user(const BoundSocket& bound, const Asked& asked) {
    const auto user = user_of(bound, asked.bound_sockets);
    return user ? tristate(*user != asked.request.uid) : Tristate::Unknown;
}

/// For a multicast group each option does what both do.
Tristate refuses_address(const BoundSocket& bound, const Asked& asked) {
    const BindRequest& request = asked.request;
    if (is_multicast(request.address))
        return !(tristate(request.reuseaddr || request.reuseport) && (bound.reuseaddr || bound.reuseport));
    return !(tristate(request.reuseport) && bound.reuseport);
}

/// Adds to `verdict` what one question says; `unknown` is why a socket's answer may be.
template <class Refuses>
void ask(BindVerdict& verdict, const std::vector<Found>& found, Doubt unknown, Refuses refuses) {
    if (verdict.outcome == Outcome::Refused) return;
    const bool sure =
        std::any_of(found.begin(), found.end(), [](const Found& each) { return each.same_domain; });
    const bool all = std::all_of(found.begin(), found.end(),
                                 [&](const Found& each) { return refuses(*each.bound) == Tristate::Yes; });
    if (sure && all) {
        verdict = {Outcome::Refused, "EADDRINUSE", {found.front().bound->row}, Doubt::None, {}};
        return;
    }
    for (const Found& each : found) {
        const Tristate refusal = refuses(*each.bound);
        if (refusal == Tristate::No) continue;
        verdict.outcome = Outcome::Depends;
        verdict.error = "EADDRINUSE";
        verdict.because.push_back(each.bound->row);
        verdict.doubts.push_back(refusal == Tristate::Unknown ? unknown
                                 : each.same_domain           ? Doubt::Order
                                                              : Doubt::RoutingDomain);
        verdict.doubt = verdict.doubts.front();
    }
}

bool only_root(std::uint16_t port) {
    return port < reserved ||
           std::find(std::begin(root_only), std::end(root_only), port) != std::end(root_only);
}

} // namespace

BindVerdict bind(const PortHost& host, const BindRequest& request,
                 std::span<const BoundSocket> bound_sockets) {
    const Asked asked{host, request, bound_sockets};
    BindVerdict verdict;
    if (request.uid != 0U && !is_multicast(request.address))
        ask(verdict, lookup(asked, true), Doubt::HolderUser,
            [&](const BoundSocket& bound) { return refuses_user(bound, asked); });
    const bool wild = !request.reuseaddr && !request.reuseport;
    ask(verdict, lookup(asked, wild), Doubt::Option,
        [&](const BoundSocket& bound) { return refuses_address(bound, asked); });
    if (verdict.outcome != Outcome::Refused && only_root(request.port) &&
        !host.permits_low_ports(*request.uid))
        return {Outcome::Refused, "EACCES", {}, Doubt::None, {}};
    return verdict;
}

} // namespace netstat46::openbsd
