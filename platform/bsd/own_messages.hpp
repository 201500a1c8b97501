// What the listings of several BSDs report of a table of records (src/messages.hpp).
#pragma once

#include <string_view>

namespace netstat46 {

struct BsdMessages {
    std::string_view cut_record = "{} cut short, {} bytes left";
    std::string_view header_length = "header length {} instead of {}";
    std::string_view record_length = "record length {} instead of {}";
};

inline constexpr BsdMessages bsd_messages{};

} // namespace netstat46
