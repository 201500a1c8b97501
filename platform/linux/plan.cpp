// Which tables net-tools lists, under which headings, and what it says where one is missing.
#include <algorithm>

#include <fmt/format.h>

#include "linux/look.hpp"
#include "record/address.hpp"

namespace netstat46::linux_look {
namespace {

constexpr std::string_view no_bluetooth =
    "netstat: feature `AF BLUETOOTH' not supported.\n"
    "Please recompile `net-tools' with newer kernel source or full configuration.\n";

std::string no_support(std::string_view what) {
    if (what == "AF BLUETOOTH") return std::string(no_bluetooth);
    return fmt::format("netstat: no support for `{}' on this system.\n", what);
}

/// Which rows -a, -l or neither lets through.
std::function<bool(const SocketRecord&)> selection(Protocol protocol, bool all, bool listening) {
    if (all) return [](const SocketRecord& socket) { return socket.state != State::Bound; };
    switch (protocol) {
    case Protocol::Tcp:
        return [listening](const SocketRecord& socket) {
            return socket.state != State::Bound && (socket.foreign.port == 0) == listening;
        };
    case Protocol::Sctp:
        return [](const SocketRecord&) { return true; };
    case Protocol::Unix:
        return [listening](const SocketRecord& socket) {
            const UnixFacts& facts = unix_facts(socket);
            return (facts.state == ss_unconnected && (facts.flags & unix_accepting) != 0) == listening;
        };
    default:
        return [listening](const SocketRecord& socket) {
            return is_unspecified(socket.foreign.address) == listening;
        };
    }
}

/// What of it the kernel may do: of a TCP table only listeners have no foreign port.
std::uint32_t kernel_states(Protocol protocol, bool all, bool listening) {
    constexpr std::uint32_t listen = state_bit(State::Listen), bound = state_bit(State::Bound);
    if (protocol != Protocol::Tcp || all) return 0;
    return listening ? listen : ~(listen | bound);
}

/// net-tools says which table it misses if protocols were named (and then ends) or with -v.
/// Only the IPv4 table counts.
std::function<Section::End(Text&, const TableStatus&)> missing(const std::string& what, const Flags& flags) {
    const bool named = flags.any_table() && !flags.implied_protocols;
    const bool said = named || (flags.verbose && !flags.implied_protocols);
    return [=](Text&, const TableStatus& notes) {
        Section::End end;
        if (notes.present) return end;
        if (said) end.error = no_support(what);
        if (named) {
            end.status = 1;
            end.stop = true;
        }
        return end;
    };
}

std::string banner(std::string_view what, const Flags& flags, bool all) {
    return fmt::format("Active {} ({})\n", what,
                       all               ? "servers and established"
                       : flags.listening ? "only servers"
                                         : "w/o servers");
}

struct InternetTable {
    Protocol protocol;
    bool Flags::*flag;
    std::string_view missing;
};

constexpr InternetTable internet_tables[] = {
    {Protocol::Tcp, &Flags::tcp, "AF INET (tcp)"}, {Protocol::Sctp, &Flags::sctp, "AF INET (sctp)"},
    {Protocol::Udp, &Flags::udp, "AF INET (udp)"}, {Protocol::UdpLite, &Flags::udplite, "AF INET (udplite)"},
    {Protocol::Raw, &Flags::raw, "AF INET (raw)"},
};

Listing internet_listing(const View& view, bool all, bool everything) {
    const Flags& flags = view.flags;
    Listing listing;
    listing.heading =
        banner("Internet connections", flags, all) + heading_of(internet_columns(Protocol::Tcp, view)) + "\n";
    for (const InternetTable& table : internet_tables) {
        if (!everything && !(flags.*table.flag)) continue;
        Section section;
        section.table = {table.protocol, everything || flags.inet, everything || flags.inet6};
        section.table.states = kernel_states(table.protocol, all, flags.listening);
        section.selects = selection(table.protocol, all, flags.listening);
        section.columns = internet_columns(table.protocol, view);
        if (section.table.inet) section.finish = missing(std::string(table.missing), flags);
        listing.sections.push_back(std::move(section));
    }
    return listing;
}

Listing unix_listing(const View& view, bool all) {
    Listing listing;
    listing.heading = banner("UNIX domain sockets", view.flags, all) + heading_of(unix_columns(view)) + "\n";
    Section section;
    section.table = {Protocol::Unix, false, false};
    section.selects = selection(Protocol::Unix, all, view.flags.listening);
    section.columns = unix_columns(view);
    section.finish = missing("AF UNIX", view.flags);
    listing.sections.push_back(std::move(section));
    return listing;
}

/// What is printed of families that today's kernels lack: with -v of all, else of the first one asked for,
/// which ends the native program.
std::string absent_families(const Flags& flags, bool everything) {
    std::string said;
    for (const FamilyName& family : family_names) {
        if (family.means != FamilyName::Means::Absent) continue;
        const bool asked = std::find(flags.other_families.begin(), flags.other_families.end(),
                                     family.missing) != flags.other_families.end();
        if (asked) return no_support(family.missing);
        if (everything && flags.verbose && family.missing != "AF BLUETOOTH")
            said += no_support(family.missing);
    }
    return said;
}

/// Networks are not asked of the resolver.
Address looked_up(const SocketRecord&, const Address& address) {
    return is_network(address) ? Address{} : address;
}

} // namespace

Plan make_plan(const Flags& flags, const PlanContext& context) {
    const View view{flags, context};
    const bool everything = !flags.any_table();
    const bool all = flags.all || (context.all && !flags.listening);
    Plan plan;
    if (everything || flags.any_protocol()) plan.listings.push_back(internet_listing(view, all, everything));
    if (everything || flags.unix_) plan.listings.push_back(unix_listing(view, all));
    plan.wanted.owners = view.programs();
    plan.wanted.all_owners = !context.classic;  // the cell says how many there are
    plan.wanted.leaders_only = context.classic; // net-tools reads no other threads' descriptors
    plan.wanted.contexts = flags.context;
    plan.wanted.half_open = flags.extend || flags.timers;
    plan.named_address = looked_up;
    plan.epilogue = absent_families(flags, everything);
    if (!flags.other_families.empty()) plan.status = 1;
    return plan;
}

std::vector<Column> usual_columns(Protocol protocol, const PlanContext& context) {
    Flags flags;
    flags.all = true;
    flags.numeric = {true, true, true};
    return internet_columns(protocol, {flags, context});
}

} // namespace netstat46::linux_look
