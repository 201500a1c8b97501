#include <utility>

#include "platform.hpp"
#include "posix/pf.hpp"
#include "posix/port_facts.hpp"

namespace netstat46 {

PortFacts live_port_facts() {
    PortFacts facts = port_facts_beside_tables();
    NatListing nat = pf_rules(PfKind::FiltersOnly);
    facts.nat = std::move(nat.known);
    facts.nat_rules = std::move(nat.rules);
    return facts;
}

} // namespace netstat46
