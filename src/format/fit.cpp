#include "format/fit.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace netstat46 {
namespace {

constexpr std::size_t least_owner = 8, least_address = 9; // `0.0.0.0:*`

bool has_title(const Column& column, std::string_view title) {
    const std::size_t begin = std::min(column.title.find_first_not_of(' '), column.title.size());
    return std::string_view(column.title).substr(begin) == title;
}

bool is_queue(const Column& column) { return has_title(column, "Recv-Q") || has_title(column, "Send-Q"); }
bool is_owner(const Column& column) {
    return has_title(column, "PID/Program name") || has_title(column, "process:pid");
}
bool is_address(const Column& column) {
    return has_title(column, "Local Address") || has_title(column, "Foreign Address");
}

std::size_t width_of(const Column& column) {
    const auto cells = static_cast<std::size_t>(std::abs(column.width));
    const auto titles = static_cast<std::size_t>(std::abs(column.title_width));
    return column.gap.size() + std::max({cells, titles, column.title.size()});
}

std::size_t width_of(const std::vector<Column>& columns) {
    std::size_t sum = 0;
    for (const Column& column : columns) sum += width_of(column);
    return sum;
}

/// Cuts what was put from `start` on to `length`; of an address what stands before the port.
void cut_cell(Text& out, std::size_t start, std::size_t length, bool address) {
    const std::string_view cell(out.data() + start, out.size() - start);
    if (cell.size() <= length) return;
    const std::size_t port = address ? cell.find_last_of(":.") : std::string_view::npos;
    if (port == std::string_view::npos) return cut(out, start, length);
    const std::string end(cell.substr(port));
    cut(out, start, length - std::min(length, end.size()));
    put(out, end);
}

void narrow_column(Column& column, std::size_t by, std::size_t least) {
    const std::size_t gap = column.gap.size(), before = width_of(column) - gap;
    const std::size_t length = std::max(before - std::min(before, by), least);
    if (length >= before) return;
    const bool address = is_address(column);
    column.title.resize(std::min(column.title.size(), length));
    column.width = column.title_width = -static_cast<int>(length);
    column.cell = [cell = std::move(column.cell), length, address](Text& out, const Row& row) {
        const std::size_t start = out.size();
        cell(out, row);
        cut_cell(out, start, length, address);
    };
}

/// What `columns` are too wide by.
std::size_t excess(const std::vector<Column>& columns, std::size_t width) {
    const std::size_t sum = width_of(columns);
    return sum > width ? sum - width : 0;
}

void fit(std::vector<Column>& columns, std::size_t width) {
    if (excess(columns, width) == 0) return;
    std::erase_if(columns, is_queue);
    for (Column& column : columns)
        if (is_owner(column)) narrow_column(column, excess(columns, width), least_owner);
    std::size_t addresses =
        static_cast<std::size_t>(std::count_if(columns.begin(), columns.end(), is_address));
    for (Column& column : columns)
        if (is_address(column)) {
            const std::size_t over = excess(columns, width);
            narrow_column(column, (over + addresses - 1) / addresses, least_address);
            --addresses;
        }
}

} // namespace

void fit_to(Plan& plan, std::size_t width) {
    for (Listing& listing : plan.listings) {
        if (listing.sections.empty()) continue;
        const std::vector<Column>& first = listing.sections.front().columns;
        if (std::none_of(first.begin(), first.end(), is_address)) continue;
        const std::string before = heading_of(first) + "\n";
        if (!listing.heading.ends_with(before)) continue; // a heading of another form
        for (Section& section : listing.sections) fit(section.columns, width);
        listing.heading.replace(listing.heading.size() - before.size(), before.size(),
                                heading_of(listing.sections.front().columns) + "\n");
    }
}

} // namespace netstat46
