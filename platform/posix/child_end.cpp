// How a child ended, in words.
#include <cstring>

#include <fmt/format.h>

#include "posix/child.hpp"

namespace netstat46 {

std::string why_of(const ChildEnd& end) {
    const std::string_view said =
        std::string_view(end.error).substr(0, std::string_view(end.error).find('\n'));
    const auto with = [&](std::string text) {
        return said.empty() ? text : fmt::format("{}: {}", text, said);
    };
    switch (end.how) {
    case ChildEnd::How::NotFound:
        return "not found";
    case ChildEnd::How::NotStarted:
        return std::strerror(end.code);
    case ChildEnd::How::Late:
        return with("killed, since it took too long");
    case ChildEnd::How::Long:
        return with("killed, since it wrote too much");
    case ChildEnd::How::Signalled:
        return with(fmt::format("ended by signal {}", end.code));
    case ChildEnd::How::Exited:
        return with(fmt::format("ended with {}", end.code));
    }
    return {};
}

} // namespace netstat46
