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

/// Blanks after the first cell of a line, and after each other one.
struct Gaps {
    std::size_t first = 3, other = 2;
};

/// Lines of cells under each other. Lines of fewer cells do not widen the others' columns by their last cell.
void put_cells(Text& out, const std::vector<std::vector<std::string>>& lines,
               Overlong overlong = Overlong::Wrap, Gaps gaps = {});

/// Makes a table whose first line has the titles as narrow as a line: takes the queues out, then gives fewer
/// blanks, then shortens the names of owners.
Gaps fit_columns(std::vector<std::vector<std::string>>& lines);

/// A sentence; it goes on two columns to the right.
void put_wrapped(Text& out, std::string_view text);

} // namespace netstat46
