// Tables of figures over sizes of load.
#pragma once

#include <string>

namespace netstat46::bench {

/// With owners beside `ss -an`: sockets by processes, each of these with 20 other descriptors.
void print_grid(const std::string& program);

/// The walks by BPF beside what stands in for them, and how long one run of their programs takes.
void print_walks(const std::string& program, bool with_million);

} // namespace netstat46::bench
