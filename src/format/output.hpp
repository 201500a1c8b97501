// Standard output and standard error.
#pragma once

#include <string>
#include <string_view>

#include "text.hpp"

namespace netstat46 {

/// Whole writes to a descriptor, which may be one that does not block: then this waits. After a failure
/// nothing more is written.
class Output {
public:
    explicit Output(int fd) : fd_(fd) {}

    /// Writes `text` if it has grown past what one write(2) is worth, and empties it.
    void write_if_long(Text& text) {
        if (text.size() >= std::size_t{64} * 1024) write(text);
    }

    /// Writes all of `text` and empties it.
    void write(Text& text) {
        write(std::string_view(text.data(), text.size()));
        text.clear();
    }

    void write(std::string_view text);

    [[nodiscard]] bool failed() const { return error_ != 0; }

    /// What went wrong, for standard error; empty for a closed pipe, which is nobody's fault.
    [[nodiscard]] const char* failure() const;

private:
    int fd_;
    int error_ = 0; ///< errno of the first failed write(2)
};

/// Whether the descriptor is open at all.
bool is_open(int fd);

/// Opens something harmless where standard input, output or error is closed, so that no file or socket takes
/// its place and gets what is meant for it. What is written to such a standard output fails (EBADF). False
/// where nothing can be opened.
bool open_standard_descriptors();

bool is_terminal(int fd);

/// How many columns a terminal has: what COLUMNS says, else what it says itself; 0: not known.
std::size_t columns_of_terminal(int fd, const char* variable);

/// A pipe or a socket, so that a program reads it.
bool is_pipe(int fd);

} // namespace netstat46
