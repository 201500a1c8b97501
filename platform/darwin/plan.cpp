#include <algorithm>
#include <array>
#include <utility>

#include "darwin/facts.hpp"
#include "darwin/look.hpp"
#include "darwin/row.hpp"
#include "record/address.hpp"

namespace netstat46::darwin_look {
namespace {

constexpr InetProtocol tcp{"tcp", Protocol::Tcp, 6}, udp{"udp", Protocol::Udp, 17},
    ip{"ip", Protocol::Raw, 255}, icmp{"icmp", Protocol::Raw, 1}, igmp{"igmp", Protocol::Raw, 2},
    ip6{"ip6", Protocol::Raw, 255}, icmp6{"icmp6", Protocol::Raw, 58};
constexpr InetProtocol multipath{"mptcp", Protocol::Multipath, 0};

constexpr std::array unlisted{"ipsec", "arp",     "ipsec6",  "rip6",         "pfkey",
                              "nstat", "xbkidle", "net_api", "if_ports_used"};

std::vector<InetProtocol> listed_protocols(const Flags& flags) {
    std::vector<InetProtocol> all{tcp, udp, ip, icmp, igmp, multipath, ip6, icmp6};
    if (!flags.protocol.empty()) {
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == flags.protocol; });
        return found == all.end() ? std::vector<InetProtocol>{} : std::vector{*found};
    }
    switch (flags.family) {
    case Choice::All:
        return all;
    case Choice::Inet:
        return {tcp, udp, ip, icmp, igmp, multipath};
    case Choice::Inet6:
        return {tcp, udp, ip6, icmp6, multipath};
    default:
        return {};
    }
}

/// CLOSED and LISTEN, and states below them: what is hidden without -a.
bool idle(const SocketRecord& socket) {
    if (socket.state == State::Unknown) return socket.native_state < 0;
    return socket.state == State::Closed || socket.state == State::Bound || socket.state == State::Listen;
}

bool serves_family(Serves serves, Choice family) {
    if (family == Choice::Inet) return serves.ipv4;
    if (family == Choice::Inet6) return serves.ipv6;
    return serves.ipv4 || serves.ipv6;
}

std::function<bool(const SocketRecord&)> inet_selection(const View& view, const InetProtocol& protocol) {
    return [flags = view.flags, native = view.darwin_records, protocol](const SocketRecord& socket) {
        if (protocol.protocol == Protocol::Raw
                ? socket.ip_protocol != protocol.number
                : native && darwin_facts(socket).socket_protocol != protocol.number)
            return false;
        if (!serves_family(socket.serves, flags.family)) return false;
        if (protocol.protocol == Protocol::Tcp && !flags.all && idle(socket)) return false;
        return !flags.queues || (socket.backlog && socket.backlog->limit != 0);
    };
}

bool nothing(const SocketRecord&) { return false; }

Section multipath_section(const View& view) {
    return {{Protocol::Multipath, true, true},
            nothing,
            {},
            [native = view.darwin_records](Text& out, const TableStatus& notes) {
                if (native && notes.present)
                    put(out,
                        "Active Multipath Internet connections\n"
                        "Proto/ID  Flags      Local Address          Foreign Address        (state)    \n");
                return Section::End{};
            }};
}

Listing inet_listing(const View& view) {
    const Flags& flags = view.flags;
    Listing listing;
    listing.heading_always = false;
    listing.heading = flags.queues ? "Current listen queue sizes (qlen/incqlen/maxqlen)\n"
                      : flags.all  ? "Active Internet connections (including servers)\n"
                                   : "Active Internet connections\n";
    listing.heading += heading_of(inet_columns(view, tcp)) + "\n";
    for (const InetProtocol& protocol : listed_protocols(flags)) {
        if (protocol.protocol == Protocol::Multipath) {
            if (!flags.queues && !flags.addresses) listing.sections.push_back(multipath_section(view));
            continue;
        }
        listing.sections.push_back({{protocol.protocol, true, true},
                                    inet_selection(view, protocol),
                                    inet_columns(view, protocol),
                                    nullptr});
    }
    return listing;
}

/// Prints the remarks about the table of one socket type (`stream: `), which the decoder left.
std::function<Section::End(Text&, const TableStatus&)> remarks_about(std::string type) {
    return [prefix = std::move(type) + ": "](Text& out, const TableStatus& notes) {
        for (const std::string& remark : notes.remarks) {
            if (!remark.starts_with(prefix)) continue;
            put(out, std::string_view(remark).substr(prefix.size()));
            out.push_back('\n');
        }
        return Section::End{};
    };
}

/// Remarks stand between the types, so each type gets a section of its own where there may be any.
Listing unix_listing(const View& view) {
    constexpr std::uint16_t datagram = 2; // sys/socket.h: SOCK_DGRAM
    const std::vector<Column> columns = unix_columns(view);
    Listing listing;
    listing.heading = "Active LOCAL (UNIX) domain sockets\n" + heading_of(columns) + "\n";
    listing.heading_always = false;
    const bool remarks = view.classic && view.darwin_records && (view.flags.old || view.flags.verbose > 2);
    if (!remarks) {
        listing.sections = {{{Protocol::Unix}, [](const SocketRecord&) { return true; }, columns, nullptr}};
        return listing;
    }
    listing.sections = {{{Protocol::Unix},
                         [](const SocketRecord& s) { return unix_facts(s).type != datagram; },
                         columns,
                         remarks_about("stream")},
                        {{Protocol::Unix},
                         [](const SocketRecord& s) { return unix_facts(s).type == datagram; },
                         columns,
                         remarks_about("dgram")}};
    return listing;
}

Listing system_listing(std::string heading, std::int32_t protocol, std::vector<Column> columns) {
    heading += heading_of(columns) + "\n";
    return {
        std::move(heading),
        false,
        {{{Protocol::KernelControl},
          [protocol](const SocketRecord& socket) { return darwin_facts(socket).socket_protocol == protocol; },
          std::move(columns),
          nullptr}}};
}

void add_system_listings(const View& view, Plan& plan) {
    const std::string_view only = view.flags.protocol; // numbers: sys/sys_domain.h, SYSPROTO_*
    if (only.empty() || only == "reg")
        plan.listings.push_back(
            system_listing("Registered kernel control modules\n", 0, registration_columns(view)));
    if (only.empty() || only == "kevt")
        plan.listings.push_back(system_listing("Active kernel event sockets\n", 1, event_columns(view)));
    if (only.empty() || only == "kctl")
        plan.listings.push_back(system_listing("Active kernel control sockets\n", 2, control_columns(view)));
}

Address looked_up(const SocketRecord&, const Address& address) { return unmapped(address); }

View view_of(Flags flags, const PlanContext& context) {
    flags.old_widths = flags.old && context.classic;
    return {flags, context.classic, context.host == nullptr || context.host->system == &darwin_system,
            context.names};
}

} // namespace

Plan plan_of(Flags flags, const PlanContext& context) {
    flags.all = flags.all || context.all;
    const View view = view_of(flags, context);
    Plan plan;
    plan.wanted.owners = !context.classic || flags.verbose > 0; // -v names processes
    plan.wanted.all_owners = !context.classic;
    plan.named_address = looked_up;
    const bool one = !flags.protocol.empty();
    plan.listings.push_back(inet_listing(view));
    if (one && flags.verbose > 0 &&
        std::find(unlisted.begin(), unlisted.end(), flags.protocol) != unlisted.end())
        plan.listings.push_back({std::string(flags.protocol) + ": no PCB routine\n", true, {}});
    const bool unix_too = !one && (flags.family == Choice::All || flags.family == Choice::Unix);
    const bool system_too = one || flags.family == Choice::All || flags.family == Choice::System;
    if (unix_too && !flags.queues) plan.listings.push_back(unix_listing(view));
    if (system_too && (one || !flags.queues)) add_system_listings(view, plan);
    std::erase_if(plan.listings,
                  [](const Listing& listing) { return listing.sections.empty() && !listing.heading_always; });
    return plan;
}

std::vector<Column> usual_columns(Flags flags, Protocol protocol, const PlanContext& context) {
    flags.all = flags.numeric = true;
    return inet_columns(view_of(flags, context), protocol == Protocol::Tcp ? tcp : udp);
}

} // namespace netstat46::darwin_look
