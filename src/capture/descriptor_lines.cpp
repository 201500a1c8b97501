#include "capture/descriptor_lines.hpp"

#include <fmt/format.h>

#include "parse.hpp"

namespace netstat46 {
namespace {

using KeyOf = std::optional<std::uint64_t> (*)(std::string_view link);

bool read_descriptor(std::string_view line, KeyOf key_of, SideTables& side) {
    Holder holder;
    if (!take_number(line, holder.pid, '\t')) return false;
    if (line.starts_with("-\t")) {
        (line == "-\tlinks"    ? side.links_withheld
         : line == "-\tunread" ? side.owners_unread
                               : side.owners_withheld) = true;
        return true;
    }
    if (!take_number(line, holder.fd, '\t')) return false;
    const auto key = key_of(line);
    if (!key) return false;
    side.owners.add(*key, holder);
    side.owners_read = true;
    return true;
}

} // namespace

SideDecoder descriptor_lines(const DecodeContext& context, KeyOf key_of) {
    return [context, key_of](Bytes block, SideTables& side) {
        if (block.empty()) side.owners_read = true; // looked at, and none is a socket
        for (std::string_view text = block.text(); !text.empty();) {
            const std::size_t left = text.size();
            const std::string_view line = take_line(text);
            const bool ended = left - text.size() > line.size();
            if (!ended || !read_descriptor(line, key_of, side))
                context.problem({fmt::format("{}: a line that is no descriptor at offset {}",
                                             context.interface, block.offset() + block.size() - left)});
        }
    };
}

} // namespace netstat46
