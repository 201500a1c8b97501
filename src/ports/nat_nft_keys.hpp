// What nft(8)'s expressions look at, and the words that they are read from.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "ports/nat_words.hpp"

namespace netstat46 {

/// Whether `words` has the word.
template <std::size_t count>
bool among(const std::string_view (&words)[count], std::string_view word) {
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

/// A place among words. Behind the last one are empty ones.
class NftCursor {
public:
    explicit NftCursor(const NatWords& words) : words_(words) {}

    [[nodiscard]] bool at_end() const { return at_ >= words_.size(); }
    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] const NatWords& all() const { return words_; }
    [[nodiscard]] NatWords behind() const {
        return {words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end()};
    }
    [[nodiscard]] std::string_view peek(std::size_t ahead = 0) const {
        return at_ + ahead < words_.size() ? words_[at_ + ahead] : std::string_view{};
    }
    std::string_view take() { return at_end() ? std::string_view{} : words_[at_++]; }
    bool take_if(std::string_view word) {
        if (at_end() || peek() != word) return false;
        ++at_;
        return true;
    }
    void skip(std::size_t count) { at_ += std::min(count, words_.size() - at_); }
    void skip_all() { at_ = words_.size(); }
    void go_to(std::size_t at) { at_ = std::min(at, words_.size()); }

private:
    NatWords words_;
    std::size_t at_ = 0;
};

/// Fields of packets with a `.` between any two; empty if there is none at this place. What they imply
/// (`ip daddr` that it is IPv4) becomes a condition of `rule`, and `mod 2` its modulus.
std::vector<NatField> take_nft_keys(NftCursor& cursor, NatRule& rule);

} // namespace netstat46
