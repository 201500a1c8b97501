#include "openbsd/row.hpp"

#include "bsd/own_messages.hpp"
#include "messages.hpp"
#include "openbsd/dialect.hpp"
#include "openbsd/fields.hpp"
#include "openbsd/port_rules.hpp"

namespace netstat46 {
namespace {

/// Of the asker: the length of records, the effective user, its routing table; and those that exist.
constexpr std::string_view particulars[] = {"elem_size", "euid", "rtable", "rtables"};

} // namespace

const System openbsd_system{
    "openbsd",        openbsd_decoders, OwnerKeys::Addresses, &openbsd_port_rules,
    &openbsd_dialect, openbsd_fields,   openbsd_groups,       [] { return texts_of(bsd_messages); },
    particulars};

} // namespace netstat46
