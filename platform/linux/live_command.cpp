#include "linux/live_command.hpp"

#include <algorithm>

#include <fcntl.h>

#include "linux/live_proc.hpp"
#include "parse.hpp"

namespace netstat46 {
namespace {

/// The beginning of a file of /proc/PID.
std::string beginning_of(std::int32_t pid, std::string_view name) {
    const Descriptor file(open(ProcPath(pid, name).c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return {};
    std::string text(4096, '\0');
    const ssize_t size = read(file.get(), text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return text;
}

} // namespace

std::string command_line_of(std::int32_t pid) {
    constexpr std::size_t longest = 200;
    std::string words = beginning_of(pid, "cmdline");
    words.erase(words.find_last_not_of('\0') + 1);
    std::replace(words.begin(), words.end(), '\0', ' ');
    if (words.size() > longest) words.resize(longest);
    return words;
}

std::string unit_in(std::string_view cgroups) {
    std::string_view service, scope;
    while (!cgroups.empty()) {
        std::string_view line = take_line(cgroups);
        const bool systemds =
            line.starts_with("0::") || line.find(":name=systemd:") != std::string_view::npos;
        if (!systemds) continue;
        for (std::string_view path = line.substr(line.rfind(':') + 1); !path.empty();) {
            const std::string_view part = path.substr(0, path.find('/'));
            path.remove_prefix(std::min(part.size() + 1, path.size()));
            if (part.ends_with(".service")) service = part;
            if (part.ends_with(".scope")) scope = part;
        }
    }
    return std::string(service.empty() ? scope : service);
}

std::string unit_of(std::int32_t pid) { return unit_in(beginning_of(pid, "cgroup")); }

} // namespace netstat46
