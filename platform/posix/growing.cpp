#include "posix/growing.hpp"

#include <algorithm>
#include <cerrno>

namespace netstat46 {

int read_growing(const SizedAsk& ask, std::vector<std::byte>& buffer) {
    std::size_t size = 0;
    if (const int error = ask(nullptr, &size); error != 0) return error;
    for (std::size_t room = std::max(size, least_room); room <= largest_answer; room *= 2) {
        buffer.resize(room);
        size = room;
        const int error = ask(buffer.data(), &size);
        if (error == 0) buffer.resize(std::min(size, room));
        if (error != ENOMEM) return error;
    }
    return ENOMEM;
}

} // namespace netstat46
