// The tagged items of Darwin's `pcblist_n` answers, one at a time and one socket at a time, whatever the
// bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/bytes.hpp"
#include "capture/decoders.hpp"
#include "darwin/wire.hpp"

namespace netstat46::darwin {

/// Where an item of `length` bytes ends and the next one begins.
constexpr std::size_t rounded(std::size_t length) {
    constexpr std::size_t alignment = darwin_wire::item::alignment;
    return (length + alignment - 1) / alignment * alignment;
}

struct ItemKind {
    std::uint32_t kind = 0;
    std::string_view name;
    std::size_t least = 0; ///< the bytes a decoder needs of it
    std::size_t usual = 0; ///< what today's kernels write
    std::size_t older = 0; ///< what older ones wrote, if that differs
};

/// Where an answer's header (and its trailer, which has the same form) keeps what.
struct HeaderForm {
    std::size_t size = 0, count = 0, generation = 0;
    bool wide_count = false; ///< u64 instead of u32
};

/// What one decoder knows before it reads. `kinds[0]` is the item that a socket cannot be listed without.
struct ListForm {
    HeaderForm header;
    std::span<const ItemKind> kinds;
};

inline constexpr std::size_t most_kinds = 8;

struct Item {
    std::size_t kind = 0; ///< index into ListForm::kinds
    Bytes bytes;
};

/// The items of one socket by their place in ListForm::kinds; empty where one is missing.
struct Group {
    std::array<Bytes, most_kinds> items;
    std::size_t offset = 0;
    bool damaged = false; ///< damage came before or in it

    [[nodiscard]] bool has(std::size_t kind) const { return !items[kind].empty(); }
};

/// Says what is wrong with an answer.
class Complaints {
public:
    explicit Complaints(const DecodeContext& context) : context_(context) {}

    void damage(std::size_t offset, std::string_view what);
    void remark(std::size_t offset, std::string_view what); ///< worth a line, no failure
    [[nodiscard]] std::size_t damages() const { return damages_; }

private:
    DecodeContext context_;
    std::size_t damages_ = 0;
};

/// Takes items off the front. Items longer than known are reported once and their front is read. One whose
/// length cannot be is read by its kind where what follows proves it right; else reading goes on at the next
/// thing that looks like an item. Header and trailer are handled on the way.
class ItemReader {
public:
    ItemReader(ListForm form, const DecodeContext& context)
        : form_(form), context_(context), complaints_(context), header_size_(form.header.size) {}

    /// The next known item; nothing at the end, with `rest` empty.
    std::optional<Item> next(Bytes& rest);

    [[nodiscard]] const ListForm& form() const { return form_; }
    [[nodiscard]] Complaints& complaints() { return complaints_; }
    /// Of the header. Records of a later generation came after it and do not belong to the answer.
    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    [[nodiscard]] std::size_t damages() const { return complaints_.damages(); }
    /// How often bytes were passed over that nothing was made of.
    [[nodiscard]] std::size_t losses() const { return losses_; }
    /// Whether one of the items that follow, up to the next first kind, is of a kind that `group` has.
    [[nodiscard]] bool repeats(Bytes rest, const Group& group) const;
    /// What an item of this kind takes up, as far as is known.
    [[nodiscard]] std::size_t room_of(std::size_t kind) const;
    [[nodiscard]] bool trailer_seen() const { return trailer_seen_; }
    [[nodiscard]] std::optional<std::uint64_t> trailer_count() const { return trailer_count_; }

private:
    void read_header(Bytes& rest);
    void read_trailer(Bytes trailer);
    void learn_lengths(Bytes rest);
    void note_length(const Item& taken);
    void say_grown(std::size_t offset, std::string_view what, std::size_t length, std::size_t known);
    [[nodiscard]] bool has_known_length(std::size_t kind, std::size_t length) const;
    [[nodiscard]] bool is_cut_short(Bytes at, std::size_t kind, std::size_t length) const;
    static bool is_trailer(Bytes at, std::size_t size);
    [[nodiscard]] bool ends_grown_list(Bytes trailer) const;
    bool plausible(Bytes at) const;
    bool certain(Bytes at) const;
    bool found(Bytes at) const;
    void search(Bytes& rest);
    void lose(Bytes& rest, std::size_t count);
    [[nodiscard]] std::size_t found_within(Bytes item, Bytes rest) const;
    std::optional<Item> known_item(Bytes& rest, std::size_t kind);
    void unknown_item(Bytes& rest);
    [[nodiscard]] std::optional<std::size_t> kind_of(Bytes at) const;
    [[nodiscard]] std::uint64_t count_of(Bytes header) const;

    ListForm form_;
    DecodeContext context_;
    Complaints complaints_;
    std::size_t header_size_; ///< of this answer
    std::array<std::size_t, most_kinds>
        other_lengths_{}; ///< that items of a kind have here, besides the usual; 0: none
    bool said_grown_ = false;
    bool started_ = false;
    bool trailer_seen_ = false;
    std::uint64_t generation_ = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t count_ = 0;
    std::size_t losses_ = 0;
    std::optional<std::uint64_t> trailer_count_;
    std::vector<std::uint32_t> unknown_kinds_;
};

/// Whether an item and a group are of one socket, as far as they show.
enum class Kinship : std::uint8_t { Unknown, Same, Other };

/// Collects items into sockets. A socket ends when it has one item of each kind; kernels write them in the
/// order of ListForm::kinds, but any order will do as long as no bytes were lost. A doubled item is ignored,
/// a missing one said; a socket without its first kind, or cut off by the end of the answer, is not given.
class GroupReader {
public:
    using Relate = Kinship (*)(const Item& item, const Group& group);

    GroupReader(ListForm form, Relate relate, const DecodeContext& context)
        : items_(form, context), relate_(relate) {}

    bool next(Bytes& rest, Group& group);

    [[nodiscard]] const ItemReader& reader() const { return items_; }

private:
    enum class Place : std::uint8_t { Joins, Doubled, Begins };

    [[nodiscard]] bool empty() const { return last_ == none; }
    [[nodiscard]] bool complete() const;
    [[nodiscard]] Place place(const Item& item, Bytes rest) const;
    [[nodiscard]] bool left_over(Bytes rest) const;
    [[nodiscard]] Place place_after_loss(const Item& item) const;
    void add(const Item& item);
    bool finish(Group& group);
    void clear();

    static constexpr std::size_t none = most_kinds;

    ItemReader items_;
    Relate relate_;
    Group pending_;
    std::size_t last_ = none; ///< the last kind that joined
    std::size_t end_ = 0;     ///< offset of its end
    bool in_order_ = true;    ///< so far
    bool shuffled_ = false;   ///< this answer has a whole socket in another order
    std::size_t damages_before_ = 0, losses_before_ = 0;
};

} // namespace netstat46::darwin
