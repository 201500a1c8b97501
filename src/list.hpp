// The listing: blocks to records to rows.
#pragma once

#include <functional>

#include "capture/source.hpp"
#include "format/dialect.hpp"
#include "format/output.hpp"

namespace netstat46 {

/// How a listing went.
struct Listed {
    int status = 0;
    bool owners_withheld = false; ///< some holders are hidden for want of privilege
    bool owners_read = false;
};

/// Where a listing goes, and what else it needs.
struct Streams {
    Output& out;
    ProblemSink problem;                         ///< for one line on standard error each
    std::function<void(std::string_view)> error; ///< whole lines for standard error, as they are
};

/// Lists `plan` from `source`. `selects` is our own selection; `side` receives what the listing learns
/// besides sockets (and what `names` of a replay look into), and is empty at first.
Listed list(const Plan& plan, const Source& source, const std::function<bool(const SocketRecord&)>& selects,
            SideTables& side, const Streams& streams);

/// Only the side tables of a capture.
void read_side_tables(const Source& source, SideTables& side, const ProblemSink& problem);

/// What `plan` asks the kernel for.
Request request_of(const Plan& plan);

} // namespace netstat46
