// The portmapper's protocol (RFC 1833, version 2): a question and its answer as bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "capture/bytes.hpp"

namespace netstat46::openbsd {

/// A call of PMAPPROC_DUMP in one record (RFC 5531).
std::array<std::byte, 44> portmap_call(std::uint32_t id);

/// The length of a fragment and whether it is the last, from the word before it.
struct Fragment {
    std::uint32_t length = 0;
    bool last = false;
};
Fragment fragment_of(std::uint32_t mark);

/// One entry of the answer.
struct Registered {
    std::uint32_t program = 0, protocol = 0, port = 0;
};

/// What `reply`, without marks of fragments, says of the call with this id; nothing if it is not an answer to
/// it.
std::optional<std::vector<Registered>> registered_in(const Bytes& reply, std::uint32_t id);

} // namespace netstat46::openbsd
