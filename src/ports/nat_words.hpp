// What the languages of packet filters share: words, values, targets.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ports/nat_rules.hpp"

namespace netstat46 {

using NatWords = std::vector<std::string_view>;

/// `line` at blanks, but for those between quotes (comments, names of interfaces). The comma at a word's end
/// is a word of its own.
NatWords nat_words(std::string_view line);

/// With a blank between any two.
std::string nat_text(std::span<const std::string_view> words);

/// Without quotes around it.
std::string unquoted(std::string_view word);

/// A number, decimal or `0x...`.
std::optional<std::uint64_t> nat_integer(std::string_view word);

/// A number, an address with or without prefix or mask, a range of those (`-`, and of numbers `:`), or a word
/// that stands for a number in the filters (`tcp`, `local`, `established`).
NatValue nat_value(std::string_view word);

/// All addresses, numbers or ports of `first` to `last`.
NatValue nat_range(std::uint64_t first, std::uint64_t last);

/// A name; one that ends with `wildcard` is a prefix.
NatValue nat_device(std::string_view word, char wildcard);

/// A set of `values` of one field.
std::shared_ptr<const NatSet> nat_set(std::vector<NatValue> values);

/// Met if the field is one of `values`, or none of them.
NatMatch nat_match(NatField field, std::vector<NatValue> values, bool negated = false);

/// Neither met nor unmet.
NatMatch nat_unknown();

/// `10.0.0.1`, `10.0.0.1-10.0.0.9:80-90`, `[fd00::1]:80`, `fd00::1`, `:80`.
NatTarget nat_target(std::string_view word);

/// Keeps the rule, unless there are too many.
void add_nat_rule(NatRules& out, const std::string& chain, NatRule rule, std::size_t size = 1);

// The sections of a listing. `covered` gets the tables (`ip nat`) that need not be read again, and has them.
void parse_iptables(NatRules& out, std::string_view text, Family family, bool legacy,
                    std::set<std::string>& covered);
void parse_nft(NatRules& out, std::string_view text, const std::set<std::string>& covered);

/// What a target that is not a chain does: Unclear for an unknown one.
NatAction::Kind iptables_target(std::string_view name);

/// The listings of pfctl by anchor, `` the main ruleset's.
struct PfListing {
    std::vector<std::pair<std::string, std::string_view>> nat, rules;
    std::string_view interfaces;
};

void parse_pf(NatRules& out, const PfListing& listing);

} // namespace netstat46
