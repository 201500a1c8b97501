#include "hand_over.hpp"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "messages.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;

constexpr const char* tried_variable = "NETSTAT46_HANDED_OVER";

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t colon = text.find(':');
        parts.emplace_back(text.substr(0, colon));
        if (colon == std::string_view::npos) return parts;
        text.remove_prefix(colon + 1);
    }
}

bool is_this_program(const fs::path& path) {
    std::error_code error;
    const bool linux_says = fs::equivalent(path, "/proc/self/exe", error);
    if (!error) return linux_says;
    return fs::canonical(path, error).filename() == "netstat46";
}

} // namespace

std::string hand_over(const NativeMode& mode, std::span<const std::string> arguments) {
    const char* path = std::getenv("PATH");
    const char* tried_before = std::getenv(tried_variable);
    const std::string tried = tried_before == nullptr ? "" : tried_before;
    const std::vector<std::string> seen = split(tried);
    for (const char* name : {"netstat", "netstat.distrib"})
        for (const std::string& directory : split(path == nullptr ? "/usr/bin:/bin:/usr/sbin:/sbin" : path)) {
            const std::string program = fmt::format("{}/{}", directory, name);
            const bool again = std::find(seen.begin(), seen.end(), program) != seen.end();
            if (directory.empty() || again || access(program.c_str(), X_OK) != 0 || is_this_program(program))
                continue;
            setenv(tried_variable, fmt::format("{}:{}", tried, program).c_str(), 1);
            std::vector<char*> argv{const_cast<char*>("netstat")};
            for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
            argv.push_back(nullptr);
            execv(program.c_str(), argv.data());
        }
    const std::string nobody = fmt::format(messages.nobody_to_ask, mode.mode);
    return mode.instead.empty() ? nobody : fmt::format(messages.ask_instead, nobody, mode.instead);
}

} // namespace netstat46
