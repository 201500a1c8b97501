// Captures for tests/golden.
#pragma once

#include <string>

namespace netstat46::live {

/// argv[1] of a run that records instead of testing.
inline constexpr const char* record_word = "--record";

/// Makes the directories `zoo-grids` and `ipv6` in `directory`: what this kernel answers in a namespace full
/// of sockets, and in expected/ what the installed netstat prints there at the same moment. Prints their
/// lines of tests/golden/linux.tsv. Returns an exit status.
int record(const std::string& directory);

} // namespace netstat46::live
