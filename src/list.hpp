// The listing: blocks to records to rows.
#pragma once

#include <functional>
#include <span>

#include "capture/source.hpp"
#include "format/dialect.hpp"
#include "format/output.hpp"
#include "record/select.hpp"

namespace netstat46 {

/// Of one interface; that there are more is said once.
inline constexpr std::size_t most_problems_said = 1000;

/// How a listing went.
struct Listed {
    int status = 0;
    bool owners_withheld = false; ///< some holders are hidden for want of privilege
    bool owners_read = false;
    std::size_t sockets = 0; ///< that were listed
};

/// Where a listing goes, and what else it needs.
struct Streams {
    Output& out;
    ProblemSink problem;                         ///< for one line on standard error each
    std::function<void(std::string_view)> error; ///< whole lines for standard error, as they are
    /// How a socket is written, line end included; unset: as a row of its section's columns.
    std::function<void(Text&, const Row&)> write = {};
    /// Called with some sockets at a time before they are written; unset: each is written as it comes.
    std::function<void(std::span<const SocketRecord>)> await_names = {};
};

/// Lists `plan` from `source`. `selects` is our own selection; `side` receives what the listing learns
/// besides sockets (and what `names` of a replay look into), and is empty at first.
Listed list(const Plan& plan, const Source& source, const std::function<bool(const SocketRecord&)>& selects,
            SideTables& side, const Streams& streams);

/// Leaves out of what `plan` asks of the kernel what `selection` does not want, and adds what it needs.
void narrow(Plan& plan, const Selection& selection);

/// The same internet and unix sockets without a look: each table once, with what any of its sections
/// selects.
Plan each_table_once(const Plan& plan);

/// The sockets that the native options and ours select, each table once, and nothing that a look needs.
Plan bare_plan(const Chosen& chosen, const Selection& selection, const Look& look);

/// Only the side tables of a capture; with `owners` also who holds its sockets.
void read_side_tables(const Source& source, SideTables& side, const ProblemSink& problem,
                      bool owners = false);

/// The row of `socket`. Both outlive it.
Row with_owner(const SocketRecord& socket, const SideTables& side);

/// What `plan` asks the kernel for.
Request request_of(const Plan& plan);

} // namespace netstat46
