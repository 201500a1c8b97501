// The whole program, called as a function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "files.hpp"
#include "run.hpp"

namespace netstat46 {

struct Printed {
    std::string out, error;
    int status = 0;
};

/// `text` at blanks.
inline std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> found;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        if (!word.empty()) found.emplace_back(word);
        text.remove_prefix(std::min(word.size() + 1, text.size()));
    }
    return found;
}

/// What netstat46 prints with these arguments; `classic` is NETSTAT46_CLASSIC.
inline Printed run_program(const std::vector<std::string>& arguments, const std::string& classic = "") {
    Printed printed;
    printed.out = written([&](int out) {
        printed.error = written([&](int error) {
            Console console{Output(out), Output(error)};
            Environment environment;
            environment.classic = classic;
            printed.status = run(arguments, environment, console);
        });
    });
    return printed;
}

} // namespace netstat46
