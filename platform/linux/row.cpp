#include "linux/row.hpp"

#include "linux/dialect.hpp"
#include "linux/fields.hpp"
#include "linux/own_messages.hpp"
#include "linux/port_rules.hpp"
#include "messages.hpp"

namespace netstat46 {

const System linux_system{
    "linux",        linux_decoders, OwnerKeys::Inodes, &linux_port_rules,
    &linux_dialect, linux_fields,   linux_groups,      [] { return texts_of(linux_messages); }};

} // namespace netstat46
