#include "systems.hpp"

#include <algorithm>
#include <vector>

#include "darwin/row.hpp"
#include "freebsd/row.hpp"
#include "linux/row.hpp"
#include "openbsd/row.hpp"
#include "text.hpp"

namespace netstat46 {
namespace {

constexpr const System* all_systems[] = {&linux_system, &darwin_system, &freebsd_system, &openbsd_system};

} // namespace

std::span<const System* const> systems() { return all_systems; }

const System* system_named(std::string_view name) {
    const auto* const found = std::find_if(std::begin(all_systems), std::end(all_systems),
                                           [&](const System* system) { return system->name == name; });
    return found == std::end(all_systems) ? nullptr : *found;
}

std::string system_names() {
    std::vector<std::string> names;
    for (const System* system : all_systems) names.emplace_back(system->name);
    return enumerated(names, " or ");
}

} // namespace netstat46
