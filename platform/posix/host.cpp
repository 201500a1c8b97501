#include "posix/host.hpp"

#include <bit>
#include <ctime>

#include <sys/utsname.h>

namespace netstat46 {
namespace {

std::string rfc3339_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

} // namespace

HostFacts posix_host(const System& system) {
    HostFacts host;
    host.system = &system;
    host.byte_order = native_order;
    host.time = rfc3339_now();
    utsname names{};
    if (uname(&names) != 0) return host;
    host.release = names.release;
    host.hostname = names.nodename;
    host.machine = names.machine;
    return host;
}

} // namespace netstat46
