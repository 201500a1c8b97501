// What the port questions print.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "format/dialect.hpp"
#include "ports/explanation.hpp"

namespace netstat46 {

/// The sockets of a port in a listing's columns.
struct PortRows {
    const PortTable& table;
    std::vector<Column> columns;
    const Names& names; ///< of the host that the sockets are on
    std::function<std::string(std::int32_t pid)> command_line = {},
                                                 unit = {}; ///< of a process; unset: not known
};

/// The sockets of the port that a nat rule leads to.
struct LedTo {
    const PortRows* rows = nullptr; ///< null: they are not this host's
    std::vector<std::size_t> who;   ///< those that answer there
};

/// Heading and rows, as the listing prints them.
void put_rows(Text& out, const PortRows& rows, std::span<const std::size_t> which, bool heading);

/// Rows in columns as wide as these sockets need, under a heading. What does not fit in a line loses the
/// queues, then the end of the owner's name.
void put_fitted_rows(Text& out, const PortRows& rows, std::span<const std::size_t> which);

/// For people: who holds it, who answers, who could bind.
void put_explanation(Text& out, const Explanation& explanation, const PortRows& rows);

/// Of it only who answers.
void put_answers(Text& out, const Explanation& explanation, const PortRows& rows);

/// The verdict on one bind, in a sentence or two, and the rows that it is because of.
void put_bind_answer(Text& out, const BindRequest& request, const BindAnswer& answer,
                     const std::vector<std::string>& cures, const PortRows& rows);

/// The rows that answer, and a sentence where that is not the whole truth.
void put_who_answers(Text& out, const PortTarget& target, const WhoAnswer& answer, const PortRows& rows,
                     const LedTo& led = {});

// The same as one JSON document each.
void put_explanation_json(Text& out, const Explanation& explanation, const PortRows& rows);
void put_answers_json(Text& out, const Explanation& explanation, const PortRows& rows);
void put_bind_answer_json(Text& out, const BindRequest& request, const BindAnswer& answer,
                          const PortRows& rows);
void put_who_answers_json(Text& out, const PortTarget& target, const WhoAnswer& answer, const PortRows& rows,
                          const LedTo& led = {});

} // namespace netstat46
