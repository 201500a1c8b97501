#include "posix/limits.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/resource.h>

namespace netstat46 {

std::size_t descriptors_left(std::size_t most) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return most;
    std::size_t left = 0;
    for (int fd = 0; left < most && static_cast<rlim_t>(fd) < limit.rlim_cur; ++fd)
        if (fcntl(fd, F_GETFD) == -1) ++left;
    return left;
}

bool is_want(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

} // namespace netstat46
