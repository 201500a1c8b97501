#include "ports/questions.hpp"

#include <set>

#include "parse.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

bool alike(const BindVerdict& a, const BindVerdict& b) {
    return a.outcome == b.outcome && a.error == b.error && a.because == b.because && a.doubt == b.doubt;
}

std::vector<UserVerdict> for_all_users(BindRequest request, std::span<const BoundSocket> bound_sockets,
                                       const std::function<BindVerdict(const BindRequest&)>& ask) {
    std::set<std::uint32_t> users{0};
    for (const BoundSocket& bound : bound_sockets)
        if (bound.uid) users.insert(*bound.uid);
    std::uint32_t nobodys = 1;
    while (users.count(nobodys) != 0) ++nobodys;
    request.uid = nobodys;
    const UserVerdict others{{}, true, ask(request)};
    std::vector<UserVerdict> out;
    for (const std::uint32_t user : users) {
        request.uid = user;
        const BindVerdict verdict = ask(request);
        const auto same = std::find_if(
            out.begin(), out.end(), [&](const UserVerdict& other) { return alike(other.verdict, verdict); });
        if (same == out.end())
            out.push_back({{user}, false, verdict});
        else
            same->users.push_back(user);
    }
    const auto same = std::find_if(out.begin(), out.end(), [&](const UserVerdict& other) {
        return alike(other.verdict, others.verdict);
    });
    if (same == out.end())
        out.push_back(others);
    else
        same->everybody_else = true;
    return out;
}

BindVerdict together(const std::vector<UserVerdict>& by_user) {
    BindVerdict verdict = by_user.front().verdict;
    std::set<std::size_t> because;
    for (const UserVerdict& user : by_user) {
        because.insert(user.verdict.because.begin(), user.verdict.because.end());
        if (user.verdict.outcome != verdict.outcome) verdict.outcome = Outcome::Depends;
        if (verdict.error.empty()) verdict.error = user.verdict.error;
    }
    verdict.because.assign(because.begin(), because.end());
    if (by_user.size() > 1 && verdict.outcome == Outcome::Depends) verdict.doubt = Doubt::User;
    return verdict;
}

/// The rule that keeps packets from the newcomer. Those for a wildcard come to any address, of which one
/// stands for all.
std::string rule_against(const PortHost& host, const BindRequest& request) {
    const BoundSocket self = bound_socket(request);
    const auto against = [&](const Address& address) {
        return intercepting_rule(host.nat, request.protocol, address, request.port);
    };
    if (!self.wildcard) return against(self.address);
    std::string rule;
    if (self.ipv4 == Tristate::Yes) rule = against(any_inet);
    if (rule.empty() && self.ipv6 == Tristate::Yes) rule = against(any_inet6);
    return rule;
}

/// What bind(2) admits although no interface holds it.
bool is_to_many(const PortHost& host, const Address& address) {
    const Cast cast = cast_of(address, host.addresses);
    return cast == Cast::Multicast || (cast == Cast::Broadcast && host.rules->binds_broadcast);
}

/// Of the addresses that stand for any of the host's.
bool stands_for_own(const Address& address) {
    return same_address(address, any_inet) || same_address(address, any_inet6);
}

/// connect(2) to a wildcard reaches the host itself.
Address reached(const Address& destination) {
    Address address = unmapped(destination);
    if (!is_unspecified(address)) return address;
    if (address.family == Family::Inet) address.bytes[0] = 127;
    address.bytes[address.family == Family::Inet ? 3 : 15] = 1;
    return address;
}

} // namespace

int major_of(const std::string& release) { return leading_number<int>(release); }

BindRequest as_made(const PortHost& host, BindRequest request) {
    if (!host.rules->dual_stack && request.family == Family::Inet6 && !is_v4_mapped(request.address))
        request.v6only = true;
    return request;
}

BindAnswer can_bind(const PortHost& host, const BindRequest& asked,
                    std::span<const BoundSocket> bound_sockets) {
    const BindRequest request = as_made(host, asked);
    const Address inner = unmapped(request.address);
    std::optional<bool> local = true;
    const bool to_many = is_to_many(host, inner);
    if (!is_unspecified(inner) && !to_many) local = host.is_local ? host.is_local(inner) : std::nullopt;
    const auto ask = [&](const BindRequest& one) {
        const std::string_view error = host.rules->refused_outright(host, one, local);
        return error.empty() ? host.rules->bind(host, one, bound_sockets)
                             : BindVerdict{Outcome::Refused, error, {}, Doubt::None, {}};
    };
    BindAnswer answer;
    if (request.uid) {
        answer.verdict = ask(request);
    } else {
        answer.by_user = for_all_users(request, bound_sockets, ask);
        answer.verdict = together(answer.by_user);
        if (answer.by_user.size() == 1) answer.by_user.clear();
    }
    answer.assumes_local = !local && answer.verdict.outcome != Outcome::Refused;
    answer.intercepted_by = rule_against(host, request);
    answer.nat = host.nat_known;
    return answer;
}

WhoAnswer who_answers(const PortHost& host, Protocol protocol, const Address& destination, std::uint16_t port,
                      std::span<const BoundSocket> bound_sockets) {
    const Address address = reached(destination);
    WhoAnswer answer;
    answer.cast = cast_of(address, host.addresses);
    answer.unconnectable = answer.cast != Cast::Unicast && protocol == Protocol::Tcp;
    if (!answer.unconnectable) answer.verdict = host.rules->answer(host, address, answer.cast, bound_sockets);
    answer.reached = address;
    answer.nat = host.nat_known;
    answer.nat_matters = !answer.unconnectable;
    if (answer.cast == Cast::Multicast && host.groups)
        answer.unjoined =
            std::none_of(host.groups->begin(), host.groups->end(),
                         [&](const JoinedGroup& each) { return same_address(each.group, address); });
    if (!answer.nat_matters) return answer;
    const bool own = is_loopback(address) || stands_for_own(address);
    const Tristate local = own             ? Tristate::Yes
                           : host.is_local ? tristate(host.is_local(address))
                                           : Tristate::Unknown;
    const Interception taken = interception(host.nat, {protocol, address, port, local});
    answer.intercepted_by = taken.text;
    answer.leads_to = taken.leads_to;
    const bool to_own = taken.leads_to && host.is_local && host.is_local(taken.leads_to->address) == true;
    answer.leads_here = taken.leads_to && (taken.leads_here || to_own);
    return answer;
}

} // namespace netstat46
