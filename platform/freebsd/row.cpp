#include "freebsd/row.hpp"

#include "bsd/own_messages.hpp"
#include "freebsd/dialect.hpp"
#include "freebsd/fields.hpp"
#include "freebsd/port_rules.hpp"
#include "messages.hpp"

namespace netstat46 {

const System freebsd_system{
    "freebsd",        freebsd_decoders, OwnerKeys::Addresses, &freebsd_port_rules,
    &freebsd_dialect, freebsd_fields,   freebsd_groups,       [] { return texts_of(bsd_messages); }};

} // namespace netstat46
