#include "format/output.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parse.hpp"

namespace netstat46 {
namespace {

/// Waits until a descriptor that does not block takes bytes again, or will report why it never does.
void wait_for_room(int fd) {
    constexpr useconds_t instead_of_poll = 10'000; // poll(2) fails where no descriptor may be opened
    pollfd room{fd, POLLOUT, 0};
    if (poll(&room, 1, -1) < 0 && errno != EINTR) usleep(instead_of_poll);
}

} // namespace

void Output::write(std::string_view text) {
    while (!text.empty() && error_ == 0) {
        const ssize_t wrote = ::write(fd_, text.data(), text.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0 && errno == EAGAIN) {
            wait_for_room(fd_);
        } else if (wrote < 0) {
            error_ = errno;
        } else {
            text.remove_prefix(static_cast<std::size_t>(wrote));
        }
    }
}

const char* Output::failure() const {
    if (error_ == 0 || error_ == EPIPE) return "";
    return std::strerror(error_);
}

bool is_open(int fd) { return fcntl(fd, F_GETFD) != -1; }

bool open_standard_descriptors() {
    const auto hold = [](const char* path, int flags) { return open(path, flags) >= 0; };
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (is_open(fd)) continue;
        // Where there is no /dev/null, a directory cannot be written to either.
        if (!hold("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) &&
            !hold("/", O_RDONLY | O_DIRECTORY))
            return false;
    }
    return true;
}

bool is_terminal(int fd) { return isatty(fd) == 1; }

std::size_t columns_of_terminal(int fd, const char* variable) {
    std::size_t columns = 0;
    if (variable != nullptr && read_number(std::string_view(variable), columns)) return columns;
    winsize size{};
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool is_pipe(int fd) {
    struct stat status {};
    return fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

} // namespace netstat46
