// Who holds which socket, as the live parts of Linux and Darwin write it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "capture/decoders.hpp"

namespace netstat46 {

inline constexpr std::string_view descriptor_lines_interface = "proc.pid.fd";

/// `proc.pid.fd`: lines `pid TAB fd TAB link`, in which `key_of` finds the socket. A process whose
/// descriptors were refused is `pid TAB - TAB reason`; the reason is `links` if they could be listed and not
/// read.
HostTablesDecoder descriptor_lines(const DecodeContext& context,
                                   std::optional<std::uint64_t> (*key_of)(std::string_view link));

} // namespace netstat46
