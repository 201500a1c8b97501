#include "format/color.hpp"

#include <utility>

namespace netstat46 {
namespace {

constexpr std::string_view red = "\x1b[31m", green = "\x1b[32m", yellow = "\x1b[33m", cyan = "\x1b[36m",
                           plain = "\x1b[0m"; // ECMA-48 SGR

std::string_view color_of(std::string_view cell) {
    if (cell == "LISTEN" || cell == "LISTENING") return green;
    if (cell == "ESTABLISHED" || cell == "CONNECTED") return cyan;
    if (cell == "no") return yellow;
    const bool no_state = cell.empty() || cell == "-" || cell == "yes" || cell == "?";
    return no_state ? std::string_view{} : yellow;
}

/// The cell pads itself, since codes take no room.
void color(Column& column) {
    column.cell = [cell = std::move(column.cell), width = column.width](Text& out, const Row& row) {
        Text text;
        cell(text, row);
        const std::string_view code = color_of({text.data(), text.size()});
        justify(text, 0, width);
        put(out, code);
        put(out, std::string_view(text.data(), text.size()));
        if (!code.empty()) put(out, plain);
    };
    column.width = 0;
}

/// Colours `word` wherever a verdict begins with it.
void color_word(std::string& text, std::string_view word, std::string_view code) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
        const bool begins = at == 0 || text[at - 1] == ' ';
        const bool ends = at + word.size() == text.size() ||
                          std::string_view(" ,\n").find(text[at + word.size()]) != std::string_view::npos;
        if (begins && ends) {
            text.insert(at + word.size(), plain);
            text.insert(at, code);
            at += code.size() + plain.size();
        }
        at += word.size();
    }
}

} // namespace

void color_columns(Plan& plan) {
    for (Listing& listing : plan.listings)
        for (Section& section : listing.sections)
            for (Column& column : section.columns)
                if (column.title.find("State") != std::string::npos ||
                    column.title.find("(state)") != std::string::npos || column.title == "V6ONLY")
                    color(column);
}

std::string with_color(std::string_view answer) {
    std::string text(answer);
    color_word(text, "refused", red);
    color_word(text, "works", green);
    return text;
}

} // namespace netstat46
