#include "capture/problems.hpp"

#include <utility>

#include <fmt/format.h>

#include "messages.hpp"

namespace netstat46 {

ProblemSink Problems::of(std::string_view interface) {
    return [this, name = std::string(interface)](Problem problem) { say(name, std::move(problem)); };
}

void Problems::say(const std::string& interface, Problem problem) {
    std::set<std::string>& said = said_[interface];
    if (said.size() > most_problems_said || said.count(problem.text) != 0) return;
    if (said.size() == most_problems_said) problem.text = fmt::format(messages.more_problems, interface);
    said.insert(problem.text);
    sink_(std::move(problem));
}

} // namespace netstat46
