// Sockets on a port, as the tests of the rules write them down.
#pragma once

#include <string_view>

#include "ports/bound_socket.hpp"
#include "record/address.hpp"

namespace netstat46 {

/// `0.0.0.0`, `::`, `:: v6only`, `::1 reuseaddr reuseport`.
inline BindRequest socket(std::string_view text, Protocol protocol = Protocol::Tcp,
                          std::uint32_t uid = 1000) {
    const auto has = [&](std::string_view word) { return text.find(word) != std::string_view::npos; };
    BindRequest out;
    out.protocol = protocol;
    out.address = *parse_address(text.substr(0, text.find(' ')));
    out.family = out.address.family;
    out.v6only = has("v6only");
    out.reuseaddr = has("reuseaddr");
    out.reuseport = has("reuseport");
    out.uid = uid;
    return out;
}

inline BoundSocket bound(std::string_view text, State state = State::Listen, std::size_t row = 0,
                         Protocol protocol = Protocol::Tcp) {
    BoundSocket out = bound_socket(socket(text, protocol));
    out.state = state;
    out.row = row;
    return out;
}

} // namespace netstat46
