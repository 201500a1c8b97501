// What becomes of a look's plan before it is listed.
#pragma once

#include "capture/request.hpp"
#include "format/dialect.hpp"
#include "record/select.hpp"

namespace netstat46 {

/// What `plan` asks the kernel for.
Request request_of(const Plan& plan);

/// Leaves out of what `plan` asks of the kernel what `selection` does not want, and adds what it needs.
void narrow(Plan& plan, const Selection& selection);

/// The same internet and unix sockets without a look: each table once, with what any of its sections
/// selects.
Plan each_table_once(const Plan& plan);

/// The sockets that the native options and ours select, each table once, and nothing that a look needs.
Plan bare_plan(const ParsedOptions& chosen, const Selection& selection, const PlanContext& context);

} // namespace netstat46
