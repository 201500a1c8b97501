// Walking a sock_diag answer: netlink messages, and the attributes after each one's fixed part.
#pragma once

#include <optional>

#include <fmt/format.h>

#include "capture/decoders.hpp"
#include "linux/own_messages.hpp"
#include "linux/wire.hpp"
#include "messages.hpp"

namespace netstat46 {

/// The SOCK_DIAG_BY_FAMILY messages of an answer that came whole or in blocks cut between messages.
class DiagMessages {
public:
    /// `least` is the size of the fixed part.
    DiagMessages(const DecodeContext& context, std::size_t least) : context_(context), least_(least) {}

    /// The next message without its header, taken off the front of `rest`; nothing at the end.
    std::optional<Bytes> next(Bytes& rest) {
        using namespace linux_wire;
        while (!rest.empty()) {
            const std::size_t length = rest.u32(nl_length);
            if (rest.size() < nl_header || length < nl_header)
                return damaged(rest, linux_messages.impossible_length);
            if (length > rest.size()) return damaged(rest, linux_messages.cut_message);
            const Bytes message = rest.sub(nl_header, length - nl_header);
            const std::uint16_t type = rest.u16(nl_type);
            const std::size_t at = rest.offset();
            rest.skip((length + 3) & ~std::size_t{3});
            if (type == nlmsg_done || type == nlmsg_noop) continue;
            if (type != sock_diag_by_family) {
                unknown(at, type);
            } else if (message.size() < least_) {
                problem(at, linux_messages.short_message);
            } else {
                return message;
            }
        }
        return std::nullopt;
    }

    void problem(std::size_t at, std::string_view what) {
        context_.notes->damaged = true;
        context_.problem({fmt::format(messages.damaged, context_.interface, what, at)});
    }

private:
    std::nullopt_t damaged(Bytes& rest, std::string_view what) {
        problem(rest.offset(), what);
        rest.skip(rest.size());
        return std::nullopt;
    }

    void unknown(std::size_t at, unsigned type) {
        if (said_unknown_) return;
        said_unknown_ = true;
        problem(at, fmt::format(linux_messages.unknown_message, type));
    }

    DecodeContext context_;
    std::size_t least_;
    bool said_unknown_ = false;
};

/// Gives type and value of each attribute to `take`, up to one of impossible length.
template <class Take>
void for_each_attribute(Bytes rest, Take take) {
    using namespace linux_wire;
    while (rest.size() >= attr_header) {
        const std::size_t length = rest.u16(attr_length);
        if (length < attr_header || length > rest.size()) break;
        take(static_cast<std::uint16_t>(rest.u16(attr_type) & attr_type_mask),
             rest.sub(attr_header, length - attr_header));
        rest.skip((length + 3) & ~std::size_t{3});
    }
}

} // namespace netstat46
