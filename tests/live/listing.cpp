#include "listing.hpp"

#include <algorithm>
#include <cstdlib>
#include <regex>

#include <fmt/format.h>

#include "run.hpp"

namespace netstat46::live {
namespace {

std::string trimmed(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

bool is_internet(std::string_view line) {
    return line.starts_with("tcp") || line.starts_with("udp") || line.starts_with("raw") ||
           line.starts_with("sctp");
}

} // namespace

std::string internet_header(std::string_view listing) {
    for (std::string& line : lines_of(listing))
        if (line.starts_with("Proto Recv-Q")) return line;
    return {};
}

std::vector<ListedSocket> internet_rows(std::string_view listing) {
    const std::string header = internet_header(listing);
    std::vector<ListedSocket> rows;
    for (const std::string& line : lines_of(listing)) {
        if (!is_internet(line)) continue;
        // Proto, Recv-Q, Send-Q and two addresses are words; a Send-Q of more than 6 digits moves the rest.
        const std::vector<std::string> words = words_of(line);
        const std::size_t shift =
            std::max<std::size_t>(words[1].size(), 6) - 6 + std::max<std::size_t>(words[2].size(), 6) - 6;
        const auto cell = [&](const char* title, std::size_t width) {
            const std::size_t at = header.find(title);
            return at == std::string::npos || at + shift > line.size()
                       ? std::string{}
                       : trimmed(line.substr(at + shift, width));
        };
        rows.push_back({line, words[0], words[3], words[4], cell("State", 11), cell("PID/", 20),
                        cell("V6ONLY", std::string::npos), cell("Inode", 10)});
    }
    return rows;
}

unsigned port_of(std::string_view endpoint) {
    return static_cast<unsigned>(
        std::strtoul(std::string(endpoint.substr(endpoint.rfind(':') + 1)).c_str(), nullptr, 10));
}

std::string timers_masked(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        out += text[at];
        if (text[at] != '(') continue;
        const std::size_t end = text.find_first_not_of("0123456789.", at + 1);
        if (end == std::string_view::npos || end == at + 1 || text[end] != '/') continue;
        out += '#';
        at = end - 1;
    }
    return out;
}

std::string json_masked(std::string text) {
    for (const char* key : {"\"time\":", "_ms\":", "_us\":", "\"probes\":", "\"retransmits\":",
                            "\"retransmitted\":", "\"bytes_sent\":", "\"bytes_retransmitted\":"})
        for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at)) {
            at += std::string_view(key).size();
            text.erase(at, text.find_first_of(",}", at) - at);
        }
    return text;
}

std::string without_counts(const std::string& text) {
    static const std::regex count("( [0-9]+/[^ ]*)\\+[0-9]+");
    return std::regex_replace(text, count, "$1");
}

std::string first_difference(std::string_view one, std::string_view other) {
    const auto [left, right] = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
    if (left == one.end() && right == other.end()) return "";
    const auto begin = static_cast<std::size_t>(left - one.begin());
    const std::size_t line = begin == 0 ? 0 : one.rfind('\n', begin - 1) + 1;
    return fmt::format("byte {}: {}\ninstead of {}", begin, one.substr(line, begin - line + 200),
                       other.substr(line, begin - line + 200));
}

} // namespace netstat46::live
