// Captures: directories that hold what a kernel answered.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "capture/capture_files.hpp"
#include "capture/source.hpp"
#include "record/names.hpp"
#include "record/port_facts.hpp"

namespace netstat46 {

/// A capture, ready to be listed. Throws std::runtime_error, naming the path and what is wrong, if
/// `directory` is not a whole capture (no readable `manifest` of one of `systems`).
Source open_capture(const std::string& directory, std::span<const System* const> systems);

/// Asks `source` for everything and writes it to `directory`, which must be new, or empty and the caller's
/// alone, else it throws before anything is touched; all of it is for its owner only. The manifest is written
/// when all else is on disk, and by renaming: without it no directory is a capture. After a failure or an
/// ending signal what was written is removed again. `names` fill services.tsv and users.tsv, and with
/// `resolve_hosts` hosts.tsv; `port_facts`, null if there is nobody to ask, what decides over ports; it is
/// called when the sockets are saved. The result is that capture, whatever has become of its path.
Source save_capture(const std::string& directory, const Source& source, const Names& names,
                    bool resolve_hosts, const std::function<PortFacts()>& port_facts,
                    const ProblemSink& problem);

/// Host tables of a capture up to this size are handed out whole; of larger ones only what the sockets need,
/// for which those are read twice.
inline constexpr std::size_t whole_host_tables = std::size_t{1} << 20;

/// The blocks of a capture of `host`, whether or not its manifest is there yet.
Source captured_source(const std::shared_ptr<const CaptureDirectory>& directory, const HostFacts& host,
                       std::size_t whole = whole_host_tables);

/// One field of a host table: control characters, `\` and `"` escaped as in JSON strings.
std::string escaped_field(std::string_view text);

/// And back; anything else after a `\` stays as it is.
std::string unescaped_field(std::string_view text);

} // namespace netstat46
