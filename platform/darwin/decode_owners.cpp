// Who holds which socket: the lines that the live part writes from libproc's answers.
#include "capture/descriptor_lines.hpp"
#include "darwin/decode.hpp"
#include "parse.hpp"

namespace netstat46::darwin {

HostTablesDecoder decode_owners(const DecodeContext& context) {
    return descriptor_lines(context,
                            [](std::string_view socket) { return parse_number<std::uint64_t>(socket, 16); });
}

} // namespace netstat46::darwin
