// What only a Darwin host's listing reports (src/messages.hpp).
#pragma once

#include <string_view>

namespace netstat46::darwin {

struct DarwinMessages {
    std::string_view no_multipath = "multipath sessions are not listed";

    // What is wrong with a list of items
    std::string_view header_length = "the header says it has {} bytes, not {}";
    std::string_view cut_header = "cut in its header: {} of {} bytes";
    std::string_view cut_trailer = "cut in its trailer: {} of {} bytes";
    std::string_view cut_head = "cut within an item's length and kind";
    std::string_view item_length = "{} says it has {} bytes, not {}";
    std::string_view cut_item = "{} is cut: {} of {} bytes";
    std::string_view early_end = "{} ends after {} of {} bytes";
    std::string_view unknown_length = "an item of kind {:#x} says it has {} bytes of the {} left";
    std::string_view unknown_item = "an item of unknown kind {:#x}, {} bytes, is skipped";
    std::string_view second_item = "a second {} for one socket is ignored";
    std::string_view missing_item = "a socket lacks its {}";
    std::string_view cut_socket = "the last socket is cut";
};

inline constexpr DarwinMessages darwin_messages{};

} // namespace netstat46::darwin
