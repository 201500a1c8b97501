// A printed listing, read back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace netstat46::live {

/// An internet row of netstat46's own look with -e: cells by the places of their titles.
struct ListedSocket {
    std::string line, protocol, local, foreign, state, program, v6only;
    std::string inode;
};

/// For `-e` without -W. Rows whose numbers need more than their columns are read by what shifts them.
std::vector<ListedSocket> internet_rows(std::string_view listing);

/// Behind the last colon; 0 for `*`.
unsigned port_of(std::string_view endpoint);

/// The header of the internet sockets.
std::string internet_header(std::string_view listing);

/// `text` with `#` for what is left of timers: `on (#/2/0)`. It differs between two runs.
std::string timers_masked(std::string_view text);

/// The same of JSON: without times and what depends on them.
std::string json_masked(std::string text);

/// Without the `+N` that stands after an owner where more processes hold the socket; the native program has
/// none.
std::string without_counts(const std::string& text);

/// Where they differ first; empty if they do not. (To make a difference of many lines readable takes long.)
std::string first_difference(std::string_view one, std::string_view other);

} // namespace netstat46::live
