#include <algorithm>
#include <array>
#include <utility>

#include "bsd/domain.hpp"
#include "openbsd/look.hpp"
#include "openbsd/row.hpp"
#include "openbsd/sort.hpp"
#include "openbsd/wire.hpp"
#include "record/address.hpp"

namespace netstat46::openbsd_look {
namespace {

constexpr std::array inet_protocols{Protocol::Tcp, Protocol::Udp, Protocol::Raw};

// --- which sockets ---

bool is_of_family(const SocketRecord& socket, Choice wanted) {
    return wanted == Choice::All || (wanted == Choice::Inet && socket.family == Family::Inet) ||
           (wanted == Choice::Inet6 && socket.family == Family::Inet6);
}

bool is_of_protocol(const SocketRecord& socket, const OpenBsdFacts& facts, OnlyProtocol wanted) {
    switch (wanted) {
    case OnlyProtocol::Tcp:
        return is_tcp(facts);
    case OnlyProtocol::Udp:
        return is_udp(facts);
    case OnlyProtocol::Divert:
        return facts.protocol == openbsd::ipproto_divert;
    case OnlyProtocol::Raw:
        return facts.type == openbsd::raw && socket.family == Family::Inet;
    case OnlyProtocol::Raw6:
        return facts.type == openbsd::raw && socket.family == Family::Inet6;
    case OnlyProtocol::All:
        break;
    }
    return true;
}

/// Neither connected nor on its way to be.
bool is_idle(const SocketRecord& socket, const OpenBsdFacts& facts) {
    const bool closed = socket.state == State::Closed || socket.state == State::Bound;
    return (is_tcp(facts) && (closed || socket.state == State::Listen)) ||
           is_unspecified(socket.foreign.address);
}

bool is_server(const SocketRecord& socket, const OpenBsdFacts& facts) {
    if (is_tcp(facts)) return socket.state == State::Listen;
    return !is_udp(facts) || (facts.local_port != 0 && facts.foreign_port == 0);
}

bool lists_inet(const SocketRecord& socket, const View& view) {
    const OpenBsdFacts facts = openbsd_facts(socket);
    if (!facts.has_pcb || facts.routing_table != view.flags.routing_table) return false;
    if (!is_of_family(socket, view.flags.wanted) || !is_of_protocol(socket, facts, view.flags.protocol))
        return false;
    if (view.all) return true;
    return view.flags.listening ? is_server(socket, facts) : !is_idle(socket, facts);
}

bool lists_unix(const SocketRecord& socket, const View& view) {
    if (view.flags.protocol != OnlyProtocol::All) return false;
    if (view.flags.wanted != Choice::All && view.flags.wanted != Choice::Unix) return false;
    return openbsd_facts(socket).has_pcb || !unix_facts(socket).path.empty();
}

// --- headings, which come again wherever another kind of socket begins ---

/// What the heading that stands last was for.
struct Group {
    Family family = Family::Unknown;
    std::uint32_t type = 0;
    bool unix_begun = false;
};

using Grouped = std::shared_ptr<Group>;

std::string inet_heading(const View& view, const std::vector<Column>& columns, const OpenBsdFacts& first) {
    const bool servers = view.flags.listening && (is_tcp(first) || is_udp(first));
    const std::string_view which = view.all ? " (including servers)" : servers ? " (only servers)" : "";
    return "Active Internet connections" + std::string(which) + '\n' + heading_of(columns) + '\n';
}

void put_inet_heading(Text& out, const SocketRecord& socket, const View& view, const Section& section,
                      Group& group) {
    const OpenBsdFacts facts = openbsd_facts(socket);
    if (group.family == socket.family && group.type == facts.type) return;
    group.family = socket.family;
    group.type = facts.type;
    put(out, inet_heading(view, section.columns, facts));
}

Section inet_section(const Viewed& view, Protocol protocol, const Grouped& group) {
    Section section;
    section.table = {protocol, true, true};
    section.columns = inet_columns(view, protocol);
    section.selects = [view](const SocketRecord& socket) { return lists_inet(socket, *view); };
    section.regroup = [view, group, headed = section](Text& out, const SocketRecord& socket) {
        put_inet_heading(out, socket, *view, headed, *group);
    };
    return section;
}

Section unix_section(const Viewed& view, const Grouped& group) {
    Section section;
    section.table = {Protocol::Unix};
    section.columns = unix_columns(*view);
    section.selects = [view](const SocketRecord& socket) { return lists_unix(socket, *view); };
    section.regroup = [group, columns = section.columns](Text& out, const SocketRecord&) {
        if (std::exchange(group->unix_begun, true)) return;
        put(out, "Active UNIX domain sockets\n" + heading_of(columns) + '\n');
    };
    return section;
}

/// The native program sees nothing wrong in an answer that is cut short.
Section::End end_of(const TableStatus& notes, bool classic) {
    Section::End end;
    if (classic && notes.damaged) end.status = 0;
    return end;
}

/// From the kernel's order, which the sections have parted.
void sort(std::vector<const SocketRecord*>& sockets, bool classic) {
    if (classic) std::erase_if(sockets, [](const SocketRecord* socket) { return socket->past_damage; });
    std::stable_sort(sockets.begin(), sockets.end(), [](const SocketRecord* a, const SocketRecord* b) {
        return openbsd_facts(*a).place < openbsd_facts(*b).place;
    });
    openbsd::libc_sort(sockets, openbsd::compare_files);
}

Viewed view_of(const Flags& flags, const PlanContext& context) {
    auto view = std::make_shared<View>();
    view->flags = flags;
    view->classic = context.classic;
    view->all = flags.all || (context.all && !flags.listening);
    view->names = context.names;
    view->domain = domain_of(context.host->hostname);
    return view;
}

} // namespace

Plan plan_of(const Flags& flags, const PlanContext& context) {
    const Viewed view = view_of(flags, context);
    const auto group = std::make_shared<Group>();
    Listing listing;
    listing.heading_always = false;
    listing.sort = [classic = context.classic](auto& sockets) { sort(sockets, classic); };
    for (const Protocol protocol : inet_protocols)
        listing.sections.push_back(inet_section(view, protocol, group));
    listing.heading = inet_heading(*view, listing.sections.front().columns, {});
    listing.sections.push_back(unix_section(view, group));
    Section others; // only to be sorted with the rest
    others.table = {Protocol::Other};
    others.selects = [](const SocketRecord&) { return false; };
    others.regroup = [](Text&, const SocketRecord&) {};
    listing.sections.push_back(std::move(others));
    for (Section& section : listing.sections)
        section.finish = [classic = context.classic](Text&, const TableStatus& notes) {
            return end_of(notes, classic);
        };
    Plan plan;
    plan.wanted.owners = !context.classic;
    plan.wanted.rpc_names = !flags.numeric;
    plan.listings.push_back(std::move(listing));
    return plan;
}

std::vector<Column> usual_columns(Protocol protocol, const PlanContext& context) {
    Flags flags;
    flags.all = flags.numeric = true;
    return inet_columns(view_of(flags, context), protocol);
}

} // namespace netstat46::openbsd_look
