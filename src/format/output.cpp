#include "format/output.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace netstat46 {

void Output::write(std::string_view text) {
    while (!text.empty() && error_ == 0) {
        const ssize_t wrote = ::write(fd_, text.data(), text.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) {
            error_ = errno;
        } else {
            text.remove_prefix(static_cast<std::size_t>(wrote));
        }
    }
}

std::string Output::failure() const {
    if (error_ == 0 || error_ == EPIPE) return {};
    return std::strerror(error_);
}

bool is_open(int fd) { return fcntl(fd, F_GETFD) != -1; }

void open_standard_descriptors() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (!is_open(fd) && open("/dev/null", O_RDWR) < 0) return;
}

bool is_terminal(int fd) { return isatty(fd) == 1; }

} // namespace netstat46
