// Records that begin with their own length and are longer than known: a later kernel has added to their end.
#pragma once

#include <cstddef>
#include <cstdint>

#include "capture/bytes.hpp"

namespace netstat46 {

/// How much longer than known a record may have become.
inline constexpr std::size_t most_growth = 4096;

/// Whether the record at the front of `rest`, which says that it has `length` bytes, has grown from `known`,
/// as opposed to one whose length is damaged. What follows decides: `begins` says whether a record of a known
/// length or a trailer begins there, `length_of` what length a record there would have. Other records of the
/// answer have `usual` bytes.
template <class LengthOf, class Begins>
bool has_grown(const Bytes& rest, std::uint64_t length, std::size_t known, std::size_t usual,
               LengthOf length_of, Begins begins) {
    if (length <= known || length > rest.size() || length - known > most_growth) return false;
    if (begins(rest.sub(known)) || (length != usual && begins(rest.sub(usual)))) return false;
    const Bytes next = rest.sub(static_cast<std::size_t>(length));
    return next.empty() || length_of(next) == length || begins(next);
}

} // namespace netstat46
