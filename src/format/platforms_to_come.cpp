#include "capture/decoders.hpp"
#include "format/dialect_freebsd.hpp"
namespace netstat46 {
Parsed parse_freebsd(std::span<const std::string>, const ParseContext&) { return Say{{}, "not yet\n", 1}; }
std::span<const DecoderEntry> freebsd_decoders() { return {}; }
} // namespace netstat46
