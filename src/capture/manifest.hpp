// The file of a capture that names its host. A capture without it is not whole.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "capture/raw_block.hpp"

namespace netstat46 {

inline constexpr std::string_view manifest_name = "manifest";

/// The text of a manifest, lines `key: value`, into `host`; what is wrong with it, if anything is: none of
/// `systems`, or `` byte_order: `x' is not little or big``. Keys that mean nothing here are passed over.
std::optional<std::string> read_manifest(std::string_view text, std::span<const System* const> systems,
                                         HostFacts& host);

std::string manifest_of(const HostFacts& host, std::string_view origin);

} // namespace netstat46
