// What decides over ports besides the sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "record/socket_record.hpp"

namespace netstat46 {

/// What getsockopt(2) tells of a socket; nothing where it is not permitted or there is no such option.
struct SocketOptions {
    std::optional<bool> reuseaddr, reuseport, v6only;
};

/// Whether it is known what rules of packet filters do before any socket is asked.
struct NatKnown {
    enum class State : std::uint8_t {
        NotTold, ///< a capture does not say
        Read,    ///< the rules are all there
        None,    ///< there are none
        NotRead,
    };
    State state = State::NotTold;
    std::string reason; ///< None: how that is known, or empty. NotRead: why, and what would help.

    friend bool operator==(const NatKnown&, const NatKnown&) = default;
};

struct NatListing {
    NatKnown known;
    std::string rules; ///< as parse_nat_rules() reads them; empty unless they are Read
};

/// What a capture holds of that. BSD socket tables tell options themselves.
struct KeptPortFacts {
    std::unordered_map<std::uint64_t, SocketOptions> options; ///< by owner key
    std::vector<Address> addresses;                           ///< of the host; empty: not told
    std::optional<std::uint16_t> first_unprivileged;
    std::string nat_rules; ///< as PortFacts::nat_rules
};

} // namespace netstat46
