#include "capture/descriptor_lines.hpp"

#include <fmt/format.h>

#include "messages.hpp"
#include "parse.hpp"

namespace netstat46 {
namespace {

using KeyOf = std::optional<std::uint64_t> (*)(std::string_view link);

bool read_descriptor(std::string_view line, KeyOf key_of, HostTables& tables) {
    Owner owner;
    if (!take_number(line, owner.pid, '\t')) return false;
    if (line.starts_with("-\t")) {
        (line == "-\tlinks"    ? tables.links_withheld
         : line == "-\tunread" ? tables.owners_unread
                               : tables.owners_withheld) = true;
        return true;
    }
    if (!take_number(line, owner.fd, '\t')) return false;
    const auto key = key_of(line);
    if (!key) return false;
    tables.owners.add(*key, owner);
    tables.owners_read = true;
    return true;
}

} // namespace

HostTablesDecoder descriptor_lines(const DecodeContext& context, KeyOf key_of) {
    return [context, key_of](Bytes block, HostTables& tables) {
        if (block.empty()) tables.owners_read = true; // looked at, and none is a socket
        for (std::string_view text = block.text(); !text.empty();) {
            const std::size_t left = text.size();
            const std::string_view line = take_line(text);
            const bool ended = left - text.size() > line.size();
            if (!ended || !read_descriptor(line, key_of, tables))
                context.problem({fmt::format(messages.damaged, context.interface, messages.not_descriptor,
                                             block.offset() + block.size() - left)});
        }
    };
}

} // namespace netstat46
