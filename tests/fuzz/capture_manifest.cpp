// A capture's manifest: the whole input. Written and read again it names the same system.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "capture/manifest.hpp"
#include "systems.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    HostFacts host;
    if (read_manifest(std::string_view(reinterpret_cast<const char*>(data), size), systems(), host)) return 0;
    HostFacts again;
    if (read_manifest(manifest_of(host, "a fuzzer"), systems(), again)) __builtin_trap();
    if (again.system != host.system || again.byte_order != host.byte_order ||
        again.visibility != host.visibility)
        __builtin_trap();
    return 0;
}
