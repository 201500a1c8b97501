// The listing as data.
#pragma once

#include "list.hpp"
#include "plan.hpp"

namespace netstat46 {

/// What a document needs of a plan: every table once, every owner, all that TCP has.
Plan json_plan(const ParsedOptions& chosen, const Selection& selection, const PlanContext& context);

/// -n leaves out every kind of name from a document, though BSD's -n leaves users' names alone.
Numeric json_numeric(Numeric numeric);

/// As list(), and one JSON document: problems stand in it too, and it is whole even if nothing could be read.
/// `look.host` and `look.names` are set.
Listed list_json(const Plan& plan, const Source& source,
                 const std::function<bool(const SocketRecord&)>& selects, HostTables& tables,
                 const PlanContext& context, const Streams& streams);

} // namespace netstat46
