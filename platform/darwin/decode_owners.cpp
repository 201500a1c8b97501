// Who holds which socket: the lines that the live part writes of what libproc tells.
#include <charconv>

#include <fmt/format.h>

#include "darwin/decode.hpp"

namespace netstat46::darwin {
namespace {

/// A whole number followed by `end`; moves behind it.
template <class Integer>
bool take_number(std::string_view& text, Integer& value, char end, int base = 10) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    const auto length = static_cast<std::size_t>(stop - text.data());
    if (error != std::errc{} || length >= text.size() || text[length] != end) return false;
    text.remove_prefix(length + 1);
    return true;
}

/// `line` keeps its line end.
bool read_line(std::string_view line, SideTables& side) {
    Holder holder;
    std::uint64_t socket = 0;
    if (!take_number(line, holder.pid, '\t')) return false;
    if (line.starts_with("-\t")) {
        side.owners_withheld = true;
        return true;
    }
    if (!take_number(line, holder.fd, '\t') || !take_number(line, socket, '\n', 16)) return false;
    side.owners.add(socket, holder);
    side.owners_read = true;
    return true;
}

} // namespace

SideDecoder decode_owners(const DecodeContext& context) {
    return [interface = std::string(context.interface), problem = context.problem](Bytes block,
                                                                                   SideTables& side) {
        for (std::string_view text = block.text(); !text.empty();) {
            const std::size_t end = text.find('\n');
            const std::string_view line = text.substr(0, end == std::string_view::npos ? end : end + 1);
            if (!read_line(line, side))
                problem({fmt::format("{}: a line that is no descriptor at offset {}", interface,
                                     block.offset() + block.size() - text.size())});
            text.remove_prefix(line.size());
        }
    };
}

} // namespace netstat46::darwin
