#include "plan.hpp"

#include <algorithm>

namespace netstat46 {

Request request_of(const Plan& plan) {
    Request request;
    for (const Listing& listing : plan.listings)
        for (const Section& section : listing.sections) request.tables.push_back(section.table);
    request.wanted = plan.wanted;
    request.filter = plan.filter;
    return request;
}

namespace {

bool lists_internet(const Listing& listing) {
    return std::any_of(listing.sections.begin(), listing.sections.end(),
                       [](const Section& section) { return section.table.inet || section.table.inet6; });
}

} // namespace

void narrow(Plan& plan, const Selection& selection) {
    // The heading of a listing that can have no row helps nobody, unless it is all that was asked for.
    if (selection.internet_only() && std::any_of(plan.listings.begin(), plan.listings.end(), lists_internet))
        std::erase_if(plan.listings, [](const Listing& listing) { return !lists_internet(listing); });
    const std::uint32_t states = selected_states(selection);
    plan.wanted.all_owners = plan.wanted.all_owners || selection.needs_owners();
    plan.wanted.owner_details = plan.wanted.owner_details || selection.needs_owners();
    plan.wanted.owners = plan.wanted.owners || plan.wanted.all_owners;
    plan.wanted.bound = plan.wanted.bound || (states & state_bit(State::Bound)) != 0;
    plan.filter = kernel_filter(selection);
    if (!selection.empty() && !plan.listings.empty())
        plan.listings.front().heading_always = true; // what matches nothing prints a heading on every system
    if (states == 0) return;
    for (Listing& listing : plan.listings)
        for (Section& section : listing.sections) {
            std::uint32_t& asked = section.table.states;
            asked = asked == 0 ? states : asked & states;
        }
}

Plan each_table_once(const Plan& plan) {
    Plan once = plan;
    once.named_address = nullptr;
    once.listings.assign(1, {});
    std::vector<Section>& tables = once.listings.front().sections;
    for (const Listing& listing : plan.listings)
        for (const Section& section : listing.sections) {
            const Protocol protocol = section.table.protocol;
            if (protocol == Protocol::Multipath || protocol == Protocol::KernelControl ||
                protocol == Protocol::Other)
                continue;
            const auto same = std::find_if(tables.begin(), tables.end(), [&](const Section& other) {
                return other.table.protocol == protocol;
            });
            if (same == tables.end()) {
                tables.push_back({section.table, section.selects, {}, {}, {}});
                continue;
            }
            Table& table = same->table;
            table.inet = table.inet || section.table.inet;
            table.inet6 = table.inet6 || section.table.inet6;
            const bool limited = table.states != 0 && section.table.states != 0;
            table.states = limited ? table.states | section.table.states : 0;
            same->selects = [one = same->selects, other = section.selects](const SocketRecord& socket) {
                return one(socket) || other(socket);
            };
        }
    return once;
}

Plan bare_plan(const ParsedOptions& chosen, const Selection& selection, const PlanContext& context) {
    Plan plan = each_table_once(chosen.plan(context));
    plan.wanted.owners = plan.wanted.all_owners = plan.wanted.half_open = false;
    narrow(plan, selection);
    return plan;
}

} // namespace netstat46
