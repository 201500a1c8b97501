// --explain, --who-answers and --can-bind, from the text of the option to the exit status.
#pragma once

#include <string>
#include <variant>

#include "capture/source.hpp"
#include "format/dialect.hpp"
#include "options.hpp"

namespace netstat46 {

/// Where the answers come from, and how their rows look.
struct PortAsker {
    const Source& source;
    const Dialect& dialect;
    bool classic = false;
    bool json = false;
};

/// Status: explain 0 held, 1 free; who-answers 0, 1 nobody, 3 depends; can-bind 0, 1 refused, 3 depends.
struct PortReply {
    std::string text;
    int status = 0;
};

/// A wrong target is said in one line that shows the form. Throws as read_port_table() does.
std::variant<PortReply, UsageError> answer_port_question(const PortQuestion& question, const PortAsker& asker,
                                                         const ProblemSink& problem);

} // namespace netstat46
