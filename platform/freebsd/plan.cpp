#include "freebsd/facts.hpp"
#include "freebsd/look.hpp"
#include "freebsd/row.hpp"

#include <algorithm>
#include <utility>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "bsd/domain.hpp"
#include "record/address.hpp"

namespace netstat46::freebsd_look {
namespace {

// --- which sockets ---

bool of_protocol(const SocketRecord& socket, const InetProtocol& protocol, const View& view) {
    if (view.own_records) return freebsd_facts(socket).socket_protocol == protocol.number;
    return protocol.protocol != Protocol::Raw || socket.ip_protocol == protocol.number;
}

/// What makes the heading appear; -L then lists only some of it.
bool passes(const SocketRecord& socket, const InetProtocol& protocol, const View& view) {
    if (view.classic && socket.past_damage) return false;
    if (!of_protocol(socket, protocol, view)) return false;
    const bool listens = protocol.protocol == Protocol::Tcp && socket.state == State::Listen;
    const Serves serves = socket.serves;
    switch (view.flags.wanted) {
    case Choice::All:
        if (!serves.ipv4 && !serves.ipv6) return false;
        break;
    case Choice::Inet:
        if (!serves.ipv4) return false;
        break;
    case Choice::Inet6:
        if (!serves.ipv6) return false;
        break;
    default:
        return view.all || !listens; // -p with a family that is not the internet's
    }
    return view.all || !(listens || is_unspecified(unmapped(socket.local.address)));
}

bool has_queue(const SocketRecord& socket) { return socket.backlog && socket.backlog->limit != 0; }

/// The native program sees nothing wrong in damage that does not lead it out of its buffer.
Section::End end_of(const TableStatus& notes, bool classic) {
    Section::End end;
    if (classic && notes.damaged && !notes.native_fails) end.status = 0;
    return end;
}

void say_changed(Text& out, const TableStatus& notes, std::string_view name, bool classic) {
    if (!notes.generation_changed || (notes.damaged && !classic)) return;
    const std::string_view change = notes.count_change < 0   ? "deleted"
                                    : notes.count_change > 0 ? "created"
                                                             : "created or deleted";
    fmt::format_to(fmt::appender(out), FMT_COMPILE("Some {} sockets may have been {}.\n"), name, change);
}

Section inet_section(const Viewed& view, const InetProtocol& protocol, const Widths& widths) {
    Section section;
    section.table = {protocol.protocol, true, true};
    section.columns = inet_columns(view, protocol, widths);
    section.selects = [view, protocol](const SocketRecord& socket) {
        return passes(socket, protocol, *view) && (!view->flags.queues || has_queue(socket));
    };
    if (view->flags.queues)
        section.announces = [view, protocol](const SocketRecord& socket) {
            return passes(socket, protocol, *view);
        };
    section.finish = [view, protocol](Text& out, const TableStatus& notes) {
        say_changed(out, notes, protocol.name, view->classic);
        return end_of(notes, view->classic);
    };
    return section;
}

/// Lists nothing, but learns how wide -c's and -C's names are.
Section measuring_section(const Viewed& view, const Widths& widths) {
    Section section;
    section.table = {Protocol::Tcp, true, true};
    section.selects = [=](const SocketRecord& socket) {
        if (!(view->classic && socket.past_damage) && of_protocol(socket, shown_protocols[0], *view)) {
            widths->stack = std::max(widths->stack, freebsd_facts(socket).stack.view().size());
            widths->congestion = std::max(widths->congestion, freebsd_facts(socket).congestion.view().size());
        }
        return false;
    };
    return section;
}

bool is_listed(const InetProtocol& protocol, const View& view) {
    if (protocol.protocol == Protocol::UdpLite && !view.edition.udplite) return false;
    if (!view.flags.protocol.empty()) return protocol.name == view.flags.protocol;
    switch (view.flags.wanted) {
    case Choice::All:
        return true;
    case Choice::Inet:
        return protocol.in_inet;
    case Choice::Inet6:
        return protocol.in_inet6;
    default:
        return false;
    }
}

std::string inet_heading(const Viewed& view, const Widths& widths) {
    std::string heading = view->flags.queues ? "Current listen queue sizes (qlen/incqlen/maxqlen)"
                          : view->all        ? "Active Internet connections (including servers)"
                                             : "Active Internet connections";
    return heading + '\n' + heading_of(inet_columns(view, shown_protocols[0], widths)) + '\n';
}

Listing inet_listing(const Viewed& view) {
    const Widths widths = std::make_shared<NameWidths>();
    Listing listing;
    listing.heading_always = false;
    listing.late_heading = [=] { return inet_heading(view, widths); };
    for (const InetProtocol& protocol : shown_protocols) {
        if (!is_listed(protocol, *view)) continue;
        if (protocol.protocol == Protocol::Tcp && (view->flags.stack || view->flags.congestion))
            listing.sections.push_back(measuring_section(view, widths));
        listing.sections.push_back(inet_section(view, protocol, widths));
    }
    return listing;
}

// --- unix ---

/// `type` 0 is every type that has no section of its own.
Section unix_section(const Viewed& view, std::uint16_t type) {
    Section section;
    section.table = {Protocol::Unix, false, false};
    section.columns = unix_columns(*view);
    section.selects = [=](const SocketRecord& socket) {
        const std::uint16_t its = unix_facts(socket).type;
        return (type != 0 ? its == type : its != 1 && its != 2) && !(view->classic && socket.past_damage) &&
               (!view->flags.queues || has_queue(socket));
    };
    section.finish = [=](Text& out, const TableStatus& notes) {
        const std::string begin = fmt::format("Some {} ", socket_types[type == 0 ? 5 : type]);
        for (const std::string& remark : notes.remarks) {
            if (!remark.starts_with(begin) || (notes.damaged && !view->classic)) continue;
            put(out, remark);
            // FreeBSD's own "created or deleted" of unix sockets ends without a full stop and a line end
            if (remark.ends_with('.') || !view->classic) out.push_back('\n');
        }
        return end_of(notes, view->classic);
    };
    return section;
}

Listing unix_listing(const Viewed& view) {
    Listing listing;
    listing.heading_always = false;
    if (!view->flags.queues)
        listing.heading = "Active UNIX domain sockets\n" + heading_of(unix_columns(*view)) + '\n';
    for (const std::uint16_t type : {1, 2, 0}) listing.sections.push_back(unix_section(view, type));
    return listing;
}

Viewed view_of(const Flags& flags, const Edition& edition, const PlanContext& context) {
    auto view = std::make_shared<View>();
    view->flags = flags;
    view->edition = edition;
    view->classic = context.classic;
    view->all = flags.all || context.all;
    view->own_records = context.host->system == &freebsd_system;
    view->names = context.names;
    view->domain = domain_of(context.host->hostname);
    return view;
}

} // namespace

Plan plan_of(const Flags& flags, const Edition& edition, const PlanContext& context) {
    const Viewed view = view_of(flags, edition, context);
    Plan plan;
    plan.wanted.owners = !context.classic;
    plan.wanted.all_owners = !context.classic;
    plan.named_address = [](const SocketRecord& socket, const Address& address) {
        return socket.serves.ipv4 ? unmapped(address) : address;
    };
    plan.listings.push_back(inet_listing(view));
    const bool unix_too = flags.wanted == Choice::All || flags.wanted == Choice::Unix;
    if (unix_too && flags.protocol.empty()) plan.listings.push_back(unix_listing(view));
    return plan;
}

std::vector<Column> usual_columns(const Edition& edition, Protocol protocol, const PlanContext& context) {
    Flags flags;
    flags.all = flags.numeric = flags.numeric_hosts = true;
    const auto& shown = *std::find_if(shown_protocols.begin(), shown_protocols.end(),
                                      [&](const InetProtocol& one) { return one.protocol == protocol; });
    return inet_columns(view_of(flags, edition, context), shown, std::make_shared<NameWidths>());
}

} // namespace netstat46::freebsd_look
