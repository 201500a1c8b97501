// Who holds a port, for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "ports/explain.hpp"
#include "record/no_owner.hpp"

namespace netstat46 {

bool has_no_owner(const PortTable& table, std::size_t row);

/// `nginx, pid 812, and 2 connections`; `2 connections in TIME_WAIT (47 s more)`.
std::string holders_in_words(const PortTable& table, std::span<const std::size_t> which);

/// The longest time that one of these connections, of those that are over, keeps its port; nothing where no
/// timer is known.
std::optional<std::int64_t> seconds_left(const PortTable& table, std::span<const std::size_t> which);

/// The processes that hold any of them.
std::set<std::int32_t> pids_of(const PortTable& table, std::span<const std::size_t> which);

/// A line for each process that holds one of them: its id, name and user, and what it was started as.
void put_holders(Text& out, const PortRows& rows, std::span<const std::size_t> which);

/// Why some owners are not known: a sentence for each reason, and of how many sockets if there are several.
void put_owner_note(Text& out, std::span<const std::size_t> which, const PortRows& rows);

/// What connections that are over do to the port, and for how long.
void put_leftover_note(Text& out, const PortTable& table, std::span<const std::size_t> which);

} // namespace netstat46
