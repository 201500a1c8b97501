// Captures: directories that hold what a kernel answered.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "capture/source.hpp"
#include "record/names.hpp"

namespace netstat46 {

/// A capture, ready to be listed. Throws std::runtime_error, naming the path and what is wrong, if
/// `directory` is not a whole capture (no readable `manifest` of one of `systems`).
Source open_capture(const std::string& directory, std::span<const System* const> systems);

/// Asks `source` for everything and writes it to `directory`, which must be new or empty, else it throws
/// before anything is touched. The manifest is written when all else is on disk, and by renaming: without it
/// no directory is a capture. After a failure what was written is removed again. `names` fill services.tsv
/// and users.tsv, and with `resolve_hosts` hosts.tsv.
void save_capture(const std::string& directory, const Source& source, const Names& names, bool resolve_hosts,
                  const ProblemSink& problem);

/// The blocks of a capture of `host`, whether or not its manifest is there yet.
Source captured_source(const std::string& directory, const HostFacts& host);

/// One field of a side table: control characters, `\` and `"` escaped as in JSON strings.
std::string escaped_field(std::string_view text);

} // namespace netstat46
