// --explain, --who-answers and --can-bind, from the text of the option to the exit status.
#pragma once

#include <string>
#include <variant>

#include "capture/source.hpp"
#include "format/dialect.hpp"
#include "options.hpp"

namespace netstat46 {

/// What the native options leave to be asked about.
struct Narrowing {
    bool tcp = true, udp = true, inet = true, inet6 = true;
    bool both_named = false; ///< TCP and UDP and nothing else
};

/// By the tables that `plan` lists.
Narrowing narrowing_of(const Plan& plan);

/// Where the answers come from, and how their rows look.
struct PortAsker {
    const Source& source;
    const Dialect& dialect;
    bool classic = false;
    bool json = false;
    Narrowing narrowing = {};
};

/// Status: explain 0 held, 1 free; who-answers 0, 1 nobody, 3 depends; can-bind 0, 1 refused, 3 depends; each
/// 2 where nothing certain can be said.
struct PortReply {
    std::string text;
    int status = 0;
};

/// A wrong target gives one line that shows the form. Throws as read_port_table() does.
std::variant<PortReply, UsageError> answer_port_question(const PortQuestion& question, const PortAsker& asker,
                                                         const ProblemSink& problem);

} // namespace netstat46
