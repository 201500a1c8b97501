// Programs of the system that a live part asks, within limits.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace netstat46 {

/// Directories of the system's own programs, the only ones that are looked in; also a child's PATH.
inline constexpr std::string_view system_path = "/usr/sbin:/sbin:/usr/bin:/bin";

struct ChildLimits {
    std::chrono::milliseconds time{5000};            ///< over everything, by CLOCK_MONOTONIC
    std::size_t bytes = std::size_t{16} << 20U;      ///< of standard output
    std::size_t error_bytes = std::size_t{4} << 10U; ///< of standard error; the rest is dropped
};

struct ChildEnd {
    enum class How : unsigned char { Exited, Signalled, Late, Long, NotFound, NotStarted };

    How how = How::NotStarted;
    int code = 0; ///< Exited: the status. Signalled: the signal. NotStarted: an errno.
    std::string out, error;

    [[nodiscard]] bool good() const { return how == How::Exited && code == 0; }
};

/// Runs `program`, a name without `/` that is looked for in system_path, without a shell: its environment is
/// PATH alone, its standard input /dev/null. It leads a process group of its own, which is killed as soon as
/// it has ended or a limit is passed; it is always reaped.
ChildEnd run_child(std::string_view program, const std::vector<std::string>& arguments,
                   const ChildLimits& limits = {});

/// Why `end` is not good, for a message: `not found`, `ended with 1: what it wrote on standard error`.
std::string why_of(const ChildEnd& end);

} // namespace netstat46
