// Words for what went wrong where nothing else can be done about it.
#pragma once

#include <exception>

namespace netstat46 {

/// What went wrong, for standard error and JSON. Lives as long as `error`.
const char* words_for(const std::exception& error);

/// From here on an exception that nobody catches, as one that finds no memory for itself, ends the program
/// with a message and `status`, 1 or 2, instead of a signal.
void end_in_words(int status);

} // namespace netstat46
