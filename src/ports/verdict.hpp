// What the port rules say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace netstat46 {

/// Why an answer is not certain.
enum class Doubt : std::uint8_t {
    None,
    Option,         ///< a socket's SO_REUSEADDR or SO_REUSEPORT cannot be read
    V6Only,         ///< this capture lacks a socket's V6ONLY
    User,           ///< the newcomer's user was not given
    ReuseportCache, ///< refused by rule; Linux may admit a SO_REUSEPORT newcomer by its cache
    Order,          ///< which of two sockets the kernel meets first
    Group,          ///< SO_REUSEPORT sockets take turns
    Interface,      ///< where the client's packets come in
    IncomingCpu,    ///< a socket's SO_INCOMING_CPU cannot be read
    Processor,      ///< SO_INCOMING_CPU: which processor receives
    HolderUser,     ///< the user of a socket without a known descriptor
    RoutingDomain,  ///< OpenBSD: whether another routing table is in the same domain
    Membership,     ///< which multicast groups are joined, and from whom they take what is sent
};

enum class Outcome : std::uint8_t { Ok, Refused, Depends };

/// What bind(2), and for TCP listen(2) after it, would do. Numbers are rows of holders.
struct BindVerdict {
    Outcome outcome = Outcome::Ok;
    std::string_view error;           ///< `EADDRINUSE`; for Depends: what it would be if it is refused
    std::vector<std::size_t> because; ///< the sockets that refuse it, or may
    Doubt doubt = Doubt::None;
    std::vector<Doubt> doubts; ///< Depends: that of each of `because`; empty: all have `doubt`
};

/// Who receives a new client's connection or datagram. `who` empty: nobody; several: one of them.
struct AnswerVerdict {
    std::vector<std::size_t> who;
    bool maybe_nobody = false;
    bool copies = false;             ///< multicast and broadcast: each of `who` receives it
    std::vector<std::size_t> silent; ///< bound without listening: it gets the connection and refuses it
    Doubt doubt = Doubt::None;
};

} // namespace netstat46
