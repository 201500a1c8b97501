// What /proc has of one process, for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace netstat46 {

/// The words that it was started with, a blank between them, and no more than a line of them; empty if it may
/// not be read, has ended, or is the kernel's.
std::string command_line_of(std::int32_t pid);

/// The systemd unit in the text of a /proc/PID/cgroup: the innermost service, else scope, of its path; empty
/// if there is none.
std::string unit_in(std::string_view cgroups);

/// That of a process.
std::string unit_of(std::int32_t pid);

} // namespace netstat46
