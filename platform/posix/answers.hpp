// One interface of a kernel after the other, each answered whole.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/raw_block.hpp"

namespace netstat46 {

/// One interface to be asked.
struct Question {
    std::string_view interface; ///< lives as long as the reader
    std::size_t table = no_table;
};

/// Why there is no answer.
struct NoAnswer {
    std::string why;
    bool absent = false; ///< the interface does not exist, with which nothing is wrong
};

/// Fills the buffer, or says why not.
using AskInterface =
    std::function<std::optional<NoAnswer>(std::string_view interface, std::vector<std::byte>&)>;

/// Works through the questions as live_blocks() promises. Of one interface asked again at once the answer is
/// kept.
BlockReader answers_to(std::vector<Question> questions, AskInterface ask, ProblemSink problem);

} // namespace netstat46
