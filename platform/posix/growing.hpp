// Answers whose size is known only when they are there.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace netstat46 {

/// Asks as sysctlbyname(3) is asked, `room` null to ask only for the size; 0 or an errno, ENOMEM if there is
/// not room enough.
using SizedAsk = std::function<int(void* room, std::size_t* size)>;

/// Fills `buffer` with the whole answer, in ever more room while it outgrows what was announced. 0 or an
/// errno.
int read_growing(const SizedAsk& ask, std::vector<std::byte>& buffer);

inline constexpr std::size_t least_room = 4096;
inline constexpr std::size_t largest_answer = std::size_t{1} << 34;

} // namespace netstat46
