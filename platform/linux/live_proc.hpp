// Reading /proc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include <fmt/compile.h>

#include "capture/raw_block.hpp"
#include "capture/request.hpp"

namespace netstat46 {

/// An open descriptor, or -1.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

/// `/proc/PID/NAME`. (A descriptor of /proc to begin at would be one more.)
class ProcPath {
public:
    ProcPath(std::int32_t pid, std::string_view name) {
        *fmt::format_to(text_, FMT_COMPILE("/proc/{}/{}"), pid, name) = '\0';
    }
    [[nodiscard]] const char* c_str() const { return text_; }

private:
    char text_[48];
};

/// Processes or threads.
struct Numbered {
    std::vector<std::int32_t> numbers; ///< ascending, as the directory lists them
    int error = 0;                     ///< errno: why there may be more
};

/// What is named by a number in `directory`: /proc or /proc/PID/task.
Numbered numbered_entries(const char* directory);

/// Whether this process is in the initial process id namespace; nothing if /proc does not show it.
std::optional<bool> in_initial_pid_namespace();

/// read(2), again after a signal.
ssize_t read_some(int fd, char* buffer, std::size_t size);

/// A file of /proc in blocks of whole lines. `error` is 0, or errno of a file that could not be opened.
struct FileBlocks {
    int error = 0;
    BlockReader blocks; ///< each block named `interface`, answering `table`
};

FileBlocks read_proc_file(const std::string& path, std::string_view interface, std::size_t table,
                          const ProblemSink& problem);

} // namespace netstat46
