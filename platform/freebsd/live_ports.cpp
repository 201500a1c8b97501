#include <sys/param.h>

#include <sys/module.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "parse.hpp"
#include "platform.hpp"
#include "posix/pf.hpp"
#include "posix/port_facts.hpp"

namespace netstat46 {
namespace {

using Known = NatKnown::State;

/// modfind(2): built into the kernel, or loaded.
bool has_module(const char* name) { return ::modfind(name) >= 0; }

/// Whether a line has one of the words.
template <std::size_t count>
bool has_word(std::string_view text, const std::string_view (&words)[count]) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());
        if (std::find(std::begin(words), std::end(words), text.substr(0, end)) != std::end(words))
            return true;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return false;
}

/// Another packet filter than pf: fine if none of its rules has one of the words, with which they send
/// packets elsewhere; how they do that is not followed.
template <std::size_t count>
NatKnown other_filter(const char* module, const char* program, const char* option,
                      const std::string_view (&words)[count]) {
    if (!has_module(module)) return {Known::None, {}};
    const ChildEnd listed = run_child(program, {option});
    if (!listed.good()) return nat_not_read(program, listed).known;
    if (has_word(listed.out, words))
        return {Known::NotRead,
                fmt::format("{} sends packets elsewhere, see {} {}", module, program, option)};
    return {Known::None, {}};
}

NatListing nat_rules() {
    constexpr std::string_view ipfw[] = {"fwd", "forward", "nat", "divert", "tee"};
    constexpr std::string_view ipnat[] = {"rdr", "bimap", "map", "map-block", "encap", "rewrite", "divert"};
    for (const NatKnown& known :
         {other_filter("ipfw", "ipfw", "list", ipfw), other_filter("ipfilter", "ipnat", "-l", ipnat)})
        if (known.state == Known::NotRead) return {known, {}};
    if (has_module("pf")) return pf_rules();
    return {{Known::None, "no packet filter of the kernel redirects"}, {}};
}

} // namespace

PortFacts live_port_facts() { return port_facts_beside_tables(nat_rules()); }

} // namespace netstat46
