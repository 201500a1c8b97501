#include "darwin/row.hpp"

#include "darwin/dialect.hpp"
#include "darwin/fields.hpp"
#include "darwin/own_messages.hpp"
#include "darwin/port_rules.hpp"
#include "messages.hpp"

namespace netstat46 {

const System darwin_system{
    "darwin",        darwin_decoders, OwnerKeys::Addresses, &darwin_port_rules,
    &darwin_dialect, darwin_fields,   darwin_groups,        [] { return texts_of(darwin::darwin_messages); }};

} // namespace netstat46
