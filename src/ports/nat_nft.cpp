// What `nft list ruleset` writes.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "parse.hpp"
#include "ports/nat_nft_rule.hpp"

namespace netstat46 {
namespace {

/// linux/netfilter_ipv4.h, by nft's names.
constexpr std::pair<std::string_view, int> priorities[] = {{"raw", -300}, {"mangle", -150}, {"dstnat", -100},
                                                           {"filter", 0}, {"security", 50}, {"srcnat", 100}};

/// `dstnat;`, `-100;`, `filter + 10;`
std::optional<int> priority_of(const NatWords& words, std::size_t at) {
    int priority = 0;
    int sign = 1;
    for (; at < words.size(); ++at) {
        std::string_view word = words[at];
        const bool last = word.ends_with(';');
        if (last) word.remove_suffix(1);
        const auto* const named = std::find_if(std::begin(priorities), std::end(priorities),
                                               [&](const auto& each) { return each.first == word; });
        if (word == "+" || word == "-")
            sign = word == "-" ? -1 : 1;
        else if (named != std::end(priorities))
            priority += named->second;
        else if (const auto number = parse_number<int>(word);
                 number && *number > -1000000 && *number < 1000000)
            priority += sign * *number;
        else
            return std::nullopt;
        if (last) return priority;
    }
    return priority;
}

class NftReader {
public:
    NftReader(NatRules& out, const std::set<std::string>& covered) : out_(out), covered_(covered) {}

    void read(std::string_view text) {
        while (!text.empty()) {
            const NatWords words = nat_words(take_line(text));
            if (words.empty() || (words.front() == "#" && pending_.empty())) continue;
            if (block_.empty() || (opens(words) && pending_.empty())) {
                enter(words);
                continue;
            }
            pending_.insert(pending_.end(), words.begin(), words.end());
            const auto count = [&](std::string_view brace) {
                return std::count(pending_.begin(), pending_.end(), brace);
            };
            if (count("{") > count("}")) continue;
            const NatWords line = std::exchange(pending_, {});
            if (line.front() == "}")
                leave();
            else
                read_line(line);
        }
    }

private:
    /// `set s {` within a table.
    [[nodiscard]] bool opens(const NatWords& words) const { return block_ == "table" && words.back() == "{"; }

    void enter(const NatWords& words) {
        block_ = words.front();
        name_ = words.size() > 1 ? words[1] : std::string_view{};
        if (block_ != "table") return;
        const std::string_view family = words.size() > 2 ? words[1] : "ip";
        name_ = words.size() > 2 ? words[2] : name_;
        inet_ = family == "ip" || family == "inet";
        inet6_ = family == "ip6" || family == "inet";
        table_ = {fmt::format("nft {} {}", family, name_), {}};
        ignored_ = (!inet_ && !inet6_) || covered_.count(fmt::format("{} {}", family, name_)) != 0;
        if (words.back() == "}") block_.clear();
    }

    void leave() { block_ = block_ == "table" ? "" : "table"; }

    void read_line(const NatWords& words) {
        if (ignored_) return;
        if (block_ == "table" && words.front() == "flags" &&
            std::any_of(words.begin(), words.end(),
                        [](std::string_view word) { return word.find("dormant") != std::string_view::npos; }))
            ignored_ = true; // its chains are not called
        if ((block_ == "set" || block_ == "map") && words.front() == "elements") return read_set(words);
        if (block_ == "set" || block_ == "map") {
            table_.sets.emplace(name_, std::make_shared<const NatSet>());
            return;
        }
        if (block_ != "chain" || words.front() == "comment") return;
        if (words.front() == "type" && words.size() > 3 && words[2] == "hook")
            read_base(words);
        else if (words.front() != "policy")
            add_nat_rule(out_, key(), read_nft_rule(words, table_), words.size());
    }

    [[nodiscard]] std::string key() const { return fmt::format("{} {}", table_.key, name_); }

    /// `elements = { ... }`
    void read_set(const NatWords& words) {
        if (words.size() < 3 || words[2] != "{") return;
        std::size_t at = 3;
        NatSet set = read_nft_elements(words, at, table_);
        out_.size += words.size();
        if (out_.size > most_nat_parts) {
            out_.cut = true;
            return;
        }
        table_.sets[std::string(name_)] = std::make_shared<const NatSet>(std::move(set));
    }

    /// `type nat hook output priority -100; policy accept;`
    void read_base(const NatWords& words) {
        if (words[3] != "prerouting" && words[3] != "output") return;
        const auto at = std::find(words.begin(), words.end(), "priority");
        const auto priority = priority_of(words, static_cast<std::size_t>(at - words.begin()) + 1);
        const bool drops = std::find(words.begin(), words.end(), "drop;") != words.end();
        out_.bases.push_back({key(), words[3] == "output" ? NatHook::Output : NatHook::Prerouting, inet_,
                              inet6_, words[1] == "nat", drops, priority.value_or(0)});
        out_.chains[key()];
    }

    NatRules& out_;
    const std::set<std::string>& covered_;
    NftTable table_;
    std::string block_, name_; ///< which we are in
    NatWords pending_;         ///< lines of which a brace is open
    bool inet_ = false, inet6_ = false, ignored_ = false;
};

} // namespace

void parse_nft(NatRules& out, std::string_view text, const std::set<std::string>& covered) {
    NftReader(out, covered).read(text);
}

} // namespace netstat46
