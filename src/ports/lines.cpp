#include "ports/lines.hpp"

#include <algorithm>

namespace netstat46 {
namespace {

void put_line(Text& out, std::string& line) {
    line.erase(line.find_last_not_of(' ') + 1);
    put(out, line);
    out.push_back('\n');
}

/// Appends words to `line` as long as they fit; the rest goes on at `column`.
void put_words(Text& out, std::string line, std::string_view text, std::size_t column) {
    bool first = true;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' ', text.find_first_not_of(' ')));
        text.remove_prefix(word.size());
        const bool fits = first || line.size() + word.size() <= line_width;
        if (!fits) {
            put_line(out, line);
            line.assign(column, ' ');
        }
        line += fits ? word : word.substr(word.find_first_not_of(' '));
        first = false;
    }
    put_line(out, line);
}

std::size_t widest(const std::vector<std::vector<std::string>>& lines, std::size_t column) {
    std::size_t width = 0;
    for (const auto& line : lines) width = std::max(width, line[column].size());
    return width;
}

/// `812/nginx` loses the end of the name, and so does `nginx:812`: the id stays.
void shorten_owner(std::string& owner, std::size_t width) {
    if (owner.size() <= width) return;
    const std::size_t colon = owner.find('/') == std::string::npos ? owner.rfind(':') : std::string::npos;
    const std::size_t id = colon == std::string::npos ? 0 : owner.size() - colon;
    if (id < width)
        owner.erase(width - id, owner.size() - width);
    else
        owner.resize(width);
}

} // namespace

void put_cells(Text& out, const std::vector<std::vector<std::string>>& lines, Overlong overlong, Gaps gaps) {
    std::vector<std::size_t> widths;
    for (const auto& line : lines) {
        widths.resize(std::max(widths.size(), line.size()));
        for (std::size_t i = 0; i + 1 < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
    }
    for (const auto& line : lines) {
        std::string text;
        std::size_t column = 0;
        for (std::size_t i = 0; i + 1 < line.size(); ++i) {
            text += line[i];
            column += widths[i] + (i == 0 ? gaps.first : gaps.other);
            text.resize(std::max(text.size(), column), ' ');
        }
        if (overlong == Overlong::Wrap) {
            put_words(out, text, line.back(), column);
        } else {
            text += line.back();
            if (text.size() > line_width) text.resize(std::max(column, line_width));
            put_line(out, text);
        }
    }
}

Gaps fit_columns(std::vector<std::vector<std::string>>& lines) {
    Gaps gaps{2, 2};
    const auto too_wide = [&] {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < lines.front().size(); ++i)
            sum += widest(lines, i) + (i == 0 ? 0 : gaps.other);
        return sum > line_width;
    };
    if (!too_wide()) return gaps;
    for (std::size_t i = lines.front().size(); i > 0; --i)
        if (lines.front()[i - 1] == "Send-Q" || lines.front()[i - 1] == "Recv-Q")
            for (auto& line : lines) line.erase(line.begin() + static_cast<std::ptrdiff_t>(i - 1));
    if (too_wide()) gaps = {1, 1};
    for (std::size_t i = 0; i < lines.front().size(); ++i) {
        if (lines.front()[i] != "PID/Program name" && lines.front()[i] != "process:pid") continue;
        constexpr std::size_t least = 8;
        for (std::size_t width = widest(lines, i); too_wide() && width > least; --width)
            for (auto& line : lines) shorten_owner(line[i], width - 1);
    }
    return gaps;
}

void put_wrapped(Text& out, std::string_view text) { put_words(out, {}, text, 2); }

} // namespace netstat46
