// Lines of the text files in /proc/net.
#pragma once

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "capture/decoders.hpp"
#include "linux/own_messages.hpp"
#include "messages.hpp"

namespace netstat46 {

/// Words of one line of /proc/net, and the characters between them that count as blanks too.
class Words {
public:
    explicit Words(std::string_view line) : rest_(line) {}

    std::string_view next(char separator = ' ') {
        const std::size_t begin = rest_.find_first_not_of(' ');
        if (begin == std::string_view::npos) return rest_ = {};
        rest_.remove_prefix(begin);
        const std::size_t end = std::min(rest_.find(separator), rest_.size());
        const std::string_view word = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return word;
    }

    /// All that is left, without one leading blank.
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

/// Where a line that holds no newline ends.
inline std::size_t line_end(std::string_view text) { return text.find('\n'); }

/// The line of titles in front of the sockets.
inline bool is_heading(std::string_view line) {
    return line.find("sl ") != std::string_view::npos || line.starts_with("Num ");
}

/// Reports that the line at `offset` is not a socket; `whole`: it has an end.
inline void say_damaged(const DecodeContext& context, bool whole, std::size_t offset, bool fails) {
    context.notes->damaged = true;
    context.problem({fmt::format(messages.damaged, context.interface,
                                 whole ? linux_messages.no_socket : linux_messages.cut_line, offset),
                     fails});
}

/// Lines off the front; `end_of` finds where one ends, `read` makes a record of it or refuses it. `fails`:
/// whether a damaged line makes the run fail.
template <class LineEnd, class Read>
SocketDecoder line_decoder(const DecodeContext& context, bool fails, LineEnd end_of, Read read) {
    return [context, fails, end_of, read, first = true](Bytes& rest, SocketRecord& record) mutable {
        while (!rest.empty()) {
            const std::size_t at = rest.offset();
            const std::string_view text = rest.text();
            const std::size_t end = first ? line_end(text) : end_of(text);
            const std::string_view line = text.substr(0, end);
            rest.skip(end == std::string_view::npos ? text.size() : end + 1);
            if (first) {
                first = false;
                if (is_heading(line)) continue;
            }
            const bool whole = end != std::string_view::npos;
            if (whole && read(line, record)) return true;
            say_damaged(context, whole, at, fails);
        }
        return false;
    };
}

} // namespace netstat46
