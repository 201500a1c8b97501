#include "darwin/port_rules.hpp"

#include <algorithm>

#include "bsd/port_rules.hpp"
#include "ports/questions.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// Darwin keeps these for itself (bsd/netinet/in_pcb.c, restricted_port_list): no holder, and EADDRINUSE all
/// the same.
bool is_kept(const Newcomer& newcomer) {
    constexpr std::uint16_t kept[] = {62742, 62743, 61314, 61315};
    return std::find(std::begin(kept), std::end(kept), newcomer.port) != std::end(kept) ||
           (newcomer.protocol == Protocol::Tcp && newcomer.port == 55555);
}

/// A low port wants a privilege only at a specific address.
std::string_view refused_outright(const PortHost& host, const Newcomer& newcomer, std::optional<bool> local) {
    const bool privileged = newcomer.port < bsd_reserved_ports && !is_unspecified(unmapped(newcomer.address));
    const std::string_view error = bsd_refused_outright(host, newcomer, local, privileged);
    return error.empty() && is_kept(newcomer) ? "EADDRINUSE" : error;
}

BindVerdict bind(const PortHost& /*host*/, const Newcomer& newcomer, std::span<const PortHolder> holders) {
    return bsd_bind({false, 0}, newcomer, holders);
}

AnswerVerdict answer(const PortHost& /*host*/, const Address& address, Cast cast,
                     std::span<const PortHolder> holders) {
    return bsd_answer({false, 0}, address, cast, holders);
}

} // namespace

const PortRules darwin_port_rules{refused_outright, bind, answer, bsd_settle, false};

} // namespace netstat46
