// One rule, or the elements of one set, in nft(8)'s language.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ports/nat_words.hpp"

namespace netstat46 {

/// The table in which a rule stands.
struct NftTable {
    std::string key; ///< `nft ip nat`
    std::unordered_map<std::string, std::shared_ptr<const NatSet>> sets;
};

/// The elements that stand from `words[at]` to the `}` after them; `at` goes past that. Of a map with what
/// each maps to.
NatSet read_nft_elements(const NatWords& words, std::size_t& at, const NftTable& table);

/// A rule; braces in `words` are balanced.
NatRule read_nft_rule(const NatWords& words, const NftTable& table);

} // namespace netstat46
