#include "darwin/items.hpp"

#include <algorithm>
#include <utility>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "bsd/grown_record.hpp"
#include "darwin/own_messages.hpp"
#include "darwin/wire.hpp"
#include "messages.hpp"

namespace netstat46::darwin {
namespace {

using namespace darwin_wire;

constexpr std::size_t most_unknown_kinds_said = 16;

bool believable(const ItemKind& kind, std::size_t length) {
    return length >= kind.least && length <= kind.usual + most_growth;
}

} // namespace

void Complaints::damage(std::size_t offset, std::string_view what) {
    ++damages_;
    if (context_.notes != nullptr) context_.notes->damaged = true;
    if (context_.problem)
        context_.problem({fmt::format(messages.damaged_at, context_.interface, offset, what), true});
}

void Complaints::remark(std::size_t offset, std::string_view what) {
    if (context_.problem)
        context_.problem({fmt::format(messages.damaged_at, context_.interface, offset, what), false});
}

std::optional<std::size_t> ItemReader::kind_of(Bytes at) const {
    const std::uint32_t kind = at.u32(item::kind);
    for (std::size_t i = 0; i < form_.kinds.size(); ++i)
        if (form_.kinds[i].kind == kind) return i;
    return std::nullopt;
}

std::uint64_t ItemReader::count_of(Bytes header) const {
    return form_.header.wide_count ? header.u64(form_.header.count) : header.u32(form_.header.count);
}

/// Something that looks like an item, or the trailer that ends the answer.
bool ItemReader::certain(Bytes at) const {
    if (at.size() < item::head) return false;
    if (is_trailer(at, header_size_)) return true;
    const auto kind = kind_of(at);
    return kind && has_known_length(*kind, at.u32(item::length));
}

bool ItemReader::has_known_length(std::size_t kind, std::size_t length) const {
    const ItemKind& known = form_.kinds[kind];
    return length != 0 && (length == known.usual || length == known.older || length == other_lengths_[kind]);
}

bool ItemReader::is_trailer(Bytes at, std::size_t size) {
    return at.size() == size && at.u32(item::length) == size;
}

/// From the first items that can be made out to be one socket's, how long items are in this answer.
void ItemReader::learn_lengths(Bytes rest) {
    const std::size_t trailer = rest.u32(item::length);
    for (rest.skip(form_.header.size); rest.size() >= item::head; rest.skip(item::alignment)) {
        std::array<std::size_t, most_kinds> lengths{};
        Bytes at = rest;
        std::size_t count = 0;
        for (; count < form_.kinds.size(); ++count) {
            const auto kind = kind_of(at);
            const std::size_t length = at.u32(item::length);
            if (!kind || lengths[*kind] != 0 || length > at.size()) break;
            if (!believable(form_.kinds[*kind], length) || is_cut_short(at, *kind, length)) break;
            lengths[*kind] = length;
            at.skip(rounded(length));
        }
        const bool goes_on = at.empty() || is_trailer(at, form_.header.size) || is_trailer(at, trailer) ||
                             kind_of(at) || at.size() < item::head;
        if (count < form_.kinds.size() || !goes_on) continue;
        for (std::size_t kind = 0; kind < form_.kinds.size(); ++kind)
            if (!has_known_length(kind, lengths[kind])) other_lengths_[kind] = lengths[kind];
        return;
    }
}

/// Whether an item that says it has more than the usual length ends as usual.
bool ItemReader::is_cut_short(Bytes at, std::size_t kind, std::size_t length) const {
    const std::size_t usual = form_.kinds[kind].usual;
    return rounded(length) > rounded(usual) && !has_known_length(kind, length) &&
           certain(at.sub(rounded(usual)));
}

/// An item of a length that other kernels than today's write.
void ItemReader::note_length(const Item& taken) {
    const std::size_t length = taken.bytes.size();
    const ItemKind& kind = form_.kinds[taken.kind];
    if (length == kind.usual || length == kind.older) return;
    other_lengths_[taken.kind] = length;
    if (length > kind.usual) say_grown(taken.bytes.offset(), kind.name, length, kind.usual);
}

void ItemReader::say_grown(std::size_t offset, std::string_view what, std::size_t length, std::size_t known) {
    if (!std::exchange(said_grown_, true))
        complaints_.remark(offset, fmt::format(messages.grown, what, length, known));
}

/// `certain` enough among bytes that may be anything: a first item, or one that another follows.
bool ItemReader::found(Bytes at) const {
    if (!certain(at)) return false;
    const std::size_t length = rounded(at.u32(item::length));
    return kind_of(at) == std::size_t{0} || at.size() <= length || certain(at.sub(length));
}

/// `certain`, or so near the end that nothing speaks against it.
bool ItemReader::plausible(Bytes at) const { return at.size() < item::head || certain(at); }

void ItemReader::lose(Bytes& rest, std::size_t count) {
    ++losses_;
    rest.skip(count);
}

/// On to the next thing that looks like an item. Bytes may have been lost before it, so it may stand
/// anywhere.
void ItemReader::search(Bytes& rest) {
    lose(rest, 1);
    while (rest.size() >= item::head && !found(rest)) rest.skip(1);
    if (rest.size() < item::head) rest.skip(rest.size());
}

/// Where within `item` another one begins, its size if none does. `rest` begins with it.
std::size_t ItemReader::found_within(Bytes item, Bytes rest) const {
    std::size_t at = item::head;
    while (at < item.size() && !found(rest.sub(at))) ++at;
    return std::min(at, item.size());
}

bool ItemReader::repeats(Bytes rest, const Group& group) const {
    for (std::size_t i = 0; i < form_.kinds.size() && certain(rest); ++i) {
        const auto kind = kind_of(rest);
        if (!kind || *kind == 0) return false;
        if (group.has(*kind)) return true;
        rest.skip(rounded(rest.u32(item::length)));
    }
    return false;
}

void ItemReader::read_header(Bytes& rest) {
    started_ = true;
    if (rest.empty()) return;
    const HeaderForm& header = form_.header;
    if (rest.size() < header.size) {
        complaints_.damage(rest.offset(), fmt::format(darwin_messages.cut_header, rest.size(), header.size));
        rest.skip(rest.size());
        return;
    }
    learn_lengths(rest);
    const std::size_t length = rest.u32(item::length);
    const Bytes behind = rest.sub(rounded(length));
    const bool grown = length > header.size && length <= header.size + most_growth && length <= rest.size() &&
                       !certain(rest.sub(header.size)) &&
                       (behind.empty() || is_trailer(behind, length) || certain(behind));
    if (length != header.size && !grown)
        complaints_.damage(rest.offset(), fmt::format(darwin_messages.header_length, length, header.size));
    if (length == header.size || grown || certain(rest.sub(header.size))) {
        generation_ = rest.u64(header.generation);
        count_ = count_of(rest);
        if (grown) {
            header_size_ = length;
            say_grown(rest.offset(), "header", length, header.size);
        }
        rest.skip(grown ? rounded(length) : header.size);
    } else {
        search(rest);
    }
}

void ItemReader::read_trailer(Bytes trailer) {
    trailer_seen_ = true;
    const std::uint64_t generation = trailer.u64(form_.header.generation);
    trailer_count_ = count_of(trailer);
    if (generation_ == std::numeric_limits<std::uint64_t>::max() || generation == generation_) return;
    if (context_.notes != nullptr) {
        context_.notes->generation_changed = true;
        context_.notes->count_change = static_cast<std::int64_t>(*trailer_count_ - count_);
    }
    complaints_.remark(trailer.offset(), messages.changed);
}

std::optional<Item> ItemReader::known_item(Bytes& rest, std::size_t kind) {
    const ItemKind& known = form_.kinds[kind];
    const std::size_t length = rest.u32(item::length);
    const bool room = length <= rest.size();
    const bool sound = believable(known, length);
    const auto take = [&](std::size_t size) {
        const Item taken{kind, rest.sub(0, size)};
        note_length(taken);
        rest.skip(rounded(size));
        return taken;
    };
    const auto odd_length = [&] {
        complaints_.damage(rest.offset(),
                           fmt::format(darwin_messages.item_length, known.name, length, known.usual));
    };
    if (room && sound && !is_cut_short(rest, kind, length) && plausible(rest.sub(rounded(length))))
        return take(length);
    for (const std::size_t size : {other_lengths_[kind], known.usual, known.older}) {
        if (size == 0 || size == length || size > rest.size() || !certain(rest.sub(rounded(size)))) continue;
        odd_length();
        return take(size);
    }
    if (room && sound) {
        const std::size_t inner = found_within(rest.sub(0, length), rest);
        if (inner == length) return take(length);
        complaints_.damage(rest.offset(), fmt::format(darwin_messages.early_end, known.name, inner, length));
        lose(rest, inner);
        return std::nullopt;
    }
    if (sound) {
        complaints_.damage(rest.offset(),
                           fmt::format(darwin_messages.cut_item, known.name, rest.size(), length));
        lose(rest, rest.size());
        return std::nullopt;
    }
    odd_length();
    if (rest.size() >= known.usual && rest.size() <= rounded(known.usual)) return take(known.usual);
    search(rest);
    return std::nullopt;
}

void ItemReader::unknown_item(Bytes& rest) {
    const std::uint32_t kind = rest.u32(item::kind);
    const std::size_t length = rest.u32(item::length);
    const bool sound = length >= item::head && length <= rest.size();
    Bytes next = rest;
    if (sound) {
        const std::size_t inner = found_within(rest.sub(0, length), rest);
        if (inner < length) ++losses_;
        next.skip(inner < length ? inner : rounded(length));
    } else {
        search(next);
    }
    if (!sound) {
        complaints_.damage(rest.offset(),
                           fmt::format(darwin_messages.unknown_length, kind, length, rest.size()));
    } else if (std::find(unknown_kinds_.begin(), unknown_kinds_.end(), kind) == unknown_kinds_.end() &&
               unknown_kinds_.size() < most_unknown_kinds_said) {
        unknown_kinds_.push_back(kind);
        complaints_.damage(rest.offset(), fmt::format(darwin_messages.unknown_item, kind, length));
    }
    rest = next;
}

/// A trailer longer than known may look like an item: its count is where that has its kind.
bool ItemReader::ends_grown_list(Bytes trailer) const {
    return header_size_ != form_.header.size && trailer.u64(form_.header.generation) == generation_;
}

std::size_t ItemReader::room_of(std::size_t kind) const {
    return rounded(std::max(form_.kinds[kind].usual, other_lengths_[kind]));
}

std::optional<Item> ItemReader::next(Bytes& rest) {
    if (!started_) read_header(rest);
    while (!rest.empty()) {
        const std::size_t header = header_size_;
        if (rest.size() < item::head) {
            complaints_.damage(rest.offset(), darwin_messages.cut_head);
            rest.skip(rest.size());
            break;
        }
        const std::size_t length = rest.u32(item::length);
        const auto kind = kind_of(rest);
        const bool is_item = kind && believable(form_.kinds[*kind], length);
        if (is_trailer(rest, header) && (!is_item || ends_grown_list(rest))) {
            read_trailer(rest);
            rest.skip(header);
        } else if (length == header && !is_item && rest.size() < header) {
            complaints_.damage(rest.offset(), fmt::format(darwin_messages.cut_trailer, rest.size(), header));
            rest.skip(rest.size());
        } else if (kind) {
            if (auto found = known_item(rest, *kind)) return found;
        } else {
            unknown_item(rest);
        }
    }
    return std::nullopt;
}

} // namespace netstat46::darwin
