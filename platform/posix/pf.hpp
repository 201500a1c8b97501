// What pf(4) of macOS and the BSDs redirects.
#pragma once

#include "posix/child.hpp"
#include "record/port_facts.hpp"

namespace netstat46 {

/// Asks pfctl(8), of every anchor, with the names of services as numbers. Where pf is disabled it redirects
/// nothing.
/// Where redirections are options of filter rules (OpenBSD), none others exist.
enum class PfKind : bool { WithNat, FiltersOnly };
NatListing pf_rules(PfKind kind = PfKind::WithNat);

/// What a program's end means for whoever could not read rules: a reason with its remedy.
NatListing nat_not_read(std::string_view program, const ChildEnd& end);

} // namespace netstat46
