#include "platform.hpp"
#include "posix/pf.hpp"
#include "posix/port_facts.hpp"

namespace netstat46 {

PortFacts live_port_facts() { return port_facts_beside_tables(pf_rules(PfKind::FiltersOnly)); }

} // namespace netstat46
