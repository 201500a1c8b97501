// Text for people within 80 columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text.hpp"

namespace netstat46 {

inline constexpr std::size_t line_width = 80;

/// What becomes of the last cell of a line that is longer than line_width: it goes on below itself, or ends.
enum class Overlong : std::uint8_t { Wrap, Cut };

/// Lines of cells under each other, two blanks between them and `gap` behind the first. Lines of fewer cells
/// do not widen the others' columns by their last cell.
void put_cells(Text& out, const std::vector<std::vector<std::string>>& lines,
               Overlong overlong = Overlong::Wrap, std::size_t gap = 3);

/// Takes what a line is too long for out of a table whose first line has the titles: the queues, then the end
/// of the owner's cells.
void fit_columns(std::vector<std::vector<std::string>>& lines);

/// A sentence; it goes on two columns to the right.
void put_wrapped(Text& out, std::string_view text);

} // namespace netstat46
