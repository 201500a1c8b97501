#include "capture/decoders.hpp"
#include "format/dialect_darwin.hpp"
namespace netstat46 {
Parsed parse_darwin(std::span<const std::string>, const ParseContext&) { return Say{{}, "not yet\n", 1}; }
std::span<const DecoderEntry> darwin_decoders() { return {}; }
} // namespace netstat46
