// What goes wrong while blocks are read, each reported once.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "capture/raw_block.hpp"

namespace netstat46 {

/// The most problems of one interface that are reported; one more line says that there are others.
inline constexpr std::size_t most_problems_said = 1000;

/// Passes problems on: each once, since a table may be read by several sections, and of one interface no more
/// than most_problems_said.
class Problems {
public:
    explicit Problems(ProblemSink sink) : sink_(std::move(sink)) {}

    /// The sink for what is wrong with `interface`. Lives as long as this.
    ProblemSink of(std::string_view interface);

private:
    void say(const std::string& interface, Problem problem);

    ProblemSink sink_;
    std::map<std::string, std::set<std::string>> said_;
};

} // namespace netstat46
