// A question about a port, of one target.
#pragma once

#include <string>

#include "platform.hpp"
#include "ports/ask.hpp"
#include "ports/target.hpp"
#include "text.hpp"

namespace netstat46 {

/// What a part, and a reply, exit with.
inline constexpr int answer_ok = 0, answer_no = 1, answer_unknown = 2, answer_depends = 3;

struct Asked {
    const PortAsker& asker;
    const ProblemSink& problem;
    const PortFacts& facts; ///< of this host; empty over a capture
};

/// The answer about one target.
struct Part {
    Text text;
    int status = answer_ok;
    std::string in_a_line; ///< instead, beside another protocol that is held
};

// Each throws as read_port_table() does.
Part explain_one(const Asked& asked, const PortTarget& target);
/// Without an address: of every kind of destination.
Part who_answers_one(const Asked& asked, const PortTarget& target);
Part can_bind_one(const Asked& asked, BindRequest request);

/// One status for several: theirs if all have the same, else that it depends on which is meant.
template <class Range, class Status>
int common_status(const Range& range, Status status) {
    std::optional<int> common;
    for (const auto& each : range) {
        const int one = status(each);
        common = !common || *common == one ? one : std::max(answer_depends, std::max(*common, one));
    }
    return common.value_or(answer_no);
}

} // namespace netstat46
