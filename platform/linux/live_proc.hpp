// Reading /proc.
#pragma once

#include <string>
#include <string_view>

#include "platform.hpp"

namespace netstat46 {

/// A file of /proc in blocks of whole lines. `error` is 0, or errno of a file that could not be opened.
struct FileBlocks {
    int error = 0;
    BlockReader blocks; ///< each block named `interface`, answering `table`
};

FileBlocks read_proc_file(const std::string& path, std::string_view interface, std::size_t table,
                          const ProblemSink& problem);

/// `proc.pid.fd`, then `processes.tsv` for the processes that stand in it (and `contexts.tsv` if asked for).
/// Processes that end meanwhile are left out; those whose descriptors are refused are `pid TAB - TAB reason`.
BlockReader read_owners(bool contexts, const ProblemSink& problem);

} // namespace netstat46
