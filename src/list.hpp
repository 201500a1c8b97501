// The listing: blocks to records to rows.
#pragma once

#include <functional>
#include <span>

#include "capture/source.hpp"
#include "format/dialect.hpp"
#include "format/output.hpp"
#include "record/select.hpp"

namespace netstat46 {

/// How a listing went.
struct Listed {
    int status = 0;
    bool owners_withheld = false; ///< some holders are hidden for want of privilege
    bool owners_hidden = false;   ///< and one of a socket that was listed may be among them
    bool owners_read = false;
    std::size_t sockets = 0; ///< that were listed
};

/// Where a listing goes, and what else it needs.
struct Streams {
    Output* out;                                 ///< null: nothing is printed, only `write` is called
    ProblemSink problem;                         ///< for one line on standard error each
    std::function<void(std::string_view)> error; ///< whole lines for standard error, as they are
    /// How a socket is written, line end included; unset: as a row of its section's columns.
    std::function<void(Text&, const Row&)> write = {};
    /// Called with some sockets at a time before they are written; unset: each is written as it comes.
    std::function<void(std::span<const SocketRecord>)> await_names = {};
};

/// Lists `plan` from `source`. `selects` is our own selection; `tables` receives what the listing learns
/// besides sockets (and what `names` of a replay look into), and is empty at first.
Listed list(const Plan& plan, const Source& source, const std::function<bool(const SocketRecord&)>& selects,
            HostTables& tables, const Streams& streams);

/// The row of `socket`. Both outlive it.
Row with_owner(const SocketRecord& socket, const HostTables& tables);

} // namespace netstat46
