#include "posix/pf.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>

#include <fmt/format.h>

#include "parse.hpp"

namespace netstat46 {
namespace {

using Known = NatKnown::State;

constexpr std::size_t most_anchors = 100;

/// `http` as 80; what is not a service stays.
std::string service_number(std::string_view word) {
    for (const char* protocol : {"tcp", "udp"}) {
        const servent* entry = ::getservbyname(std::string(word).c_str(), protocol);
        if (entry != nullptr) return fmt::format("{}", ntohs(static_cast<std::uint16_t>(entry->s_port)));
    }
    return std::string(word);
}

/// The line with numbers for the ports that it names: `port = http`, `port http >< https`, `port http:https`.
std::string numbered(std::string_view line) {
    constexpr std::string_view operators[] = {"=", "!=", "<", "<=", ">", ">=", "><", "<>"};
    const auto compares = [&](std::string_view word) {
        return std::find(std::begin(operators), std::end(operators), word) != std::end(operators);
    };
    std::string out;
    bool in_port = false;
    while (!line.empty()) {
        const std::size_t blank = std::min(line.find(' '), line.size());
        const std::string_view word = line.substr(0, blank);
        const std::size_t colon = word.find(':');
        if (!in_port || compares(word))
            out += word;
        else if (colon == std::string_view::npos)
            out += service_number(word);
        else
            out += service_number(word.substr(0, colon)) + ":" + service_number(word.substr(colon + 1));
        // A second number may follow the first: after what stands between them.
        in_port =
            word == "port" || (in_port && compares(word)) || (!in_port && (word == "><" || word == "<>"));
        out += line.substr(blank, 1);
        line.remove_prefix(std::min(blank + 1, line.size()));
    }
    return out;
}

/// The rules that pfctl shows after a heading, appended; else how it ended.
std::optional<ChildEnd> append(std::string& out, std::string_view kind, const std::string& anchor) {
    std::vector<std::string> words{"-s", std::string(kind)};
    if (kind == "Interfaces") words.insert(words.begin(), "-v");
    if (!anchor.empty()) words.insert(words.begin(), {"-a", anchor});
    ChildEnd end = run_child("pfctl", words);
    if (!end.good()) return end;
    out += fmt::format("# pf {}{}{}\n", kind == "Interfaces" ? "interfaces" : kind, anchor.empty() ? "" : " ",
                       anchor);
    for (std::string_view text = end.out; !text.empty();) out += numbered(take_line(text)) + "\n";
    return std::nullopt;
}

/// The paths of all anchors.
std::vector<std::string> anchors_of(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        std::string_view line = take_line(text);
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (!line.empty()) names.emplace_back(line);
    }
    return names;
}

} // namespace

NatListing nat_not_read(std::string_view program, const ChildEnd& end) {
    const bool refused = end.error.find("Permission denied") != std::string::npos ||
                         end.error.find("Operation not permitted") != std::string::npos;
    return {{Known::NotRead, refused ? "run as root" : fmt::format("{}: {}", program, why_of(end))}, {}};
}

NatListing pf_rules(PfKind kind) {
    const ChildEnd info = run_child("pfctl", {"-s", "info"});
    if (!info.good()) return nat_not_read("pfctl", info);
    if (info.out.find("Status: Disabled") != std::string::npos) return {{Known::None, "pf is disabled"}, {}};
    const ChildEnd shown = run_child("pfctl", {"-v", "-s", "Anchors"});
    if (!shown.good()) return nat_not_read("pfctl", shown);
    std::vector<std::string> anchors = anchors_of(shown.out);
    if (anchors.size() > most_anchors)
        return {{Known::NotRead, fmt::format("pf has more than {} anchors", most_anchors)}, {}};
    anchors.insert(anchors.begin(), "");
    NatListing out{{Known::Read, {}}, {}};
    for (const std::string& anchor : anchors) {
        if (anchor.find_first_of(" \t\"") != std::string::npos)
            return {{Known::NotRead, "the name of a pf anchor has a blank in it"}, {}};
        for (const char* rules : {"nat", "rules"}) {
            if (kind == PfKind::FiltersOnly && std::string_view(rules) == "nat") continue;
            if (const auto end = append(out.rules, rules, anchor)) return nat_not_read("pfctl", *end);
        }
    }
    if (const auto end = append(out.rules, "Interfaces", "")) return nat_not_read("pfctl", *end);
    return out;
}

} // namespace netstat46
