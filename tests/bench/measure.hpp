// How long programs take, and what they may take.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "load.hpp"

namespace netstat46::bench {

struct Program {
    std::string name; ///< as the table shows it
    std::vector<std::string> argv;
};

struct Measured {
    std::vector<double> seconds; ///< of each round
    long peak_kib = 0;
};
using Measurements = std::map<std::string, Measured>; ///< by name

double median(std::vector<double> values);

/// All programs in turn, `rounds` times after one that does not count; output to /dev/null.
Measurements measure(const std::vector<Program>& programs, int rounds);

/// Those that are installed; the others are named.
std::vector<Program> installed(const std::vector<Program>& programs);

/// The median of what `of` makes of each round's two times, in seconds.
template <class Of>
double median_of_pairs(const Measured& program, const Measured& peer, Of of) {
    std::vector<double> values;
    for (std::size_t i = 0; i < program.seconds.size() && i < peer.seconds.size(); ++i)
        values.push_back(of(program.seconds[i], peer.seconds[i]));
    return median(values);
}

/// Calls `work` in a process and a namespace of its own, so that no load leaves TIME_WAIT sockets to the
/// next, and gives what it returns.
double apart(const std::function<double()>& work);

} // namespace netstat46::bench
