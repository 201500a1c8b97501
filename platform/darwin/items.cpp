#include "darwin/items.hpp"

#include <algorithm>
#include <utility>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "darwin/wire.hpp"

namespace netstat46::darwin {
namespace {

using namespace darwin_wire;

/// How much longer than today a known item may have become.
constexpr std::size_t growth = 64;

constexpr std::size_t most_unknown_kinds_said = 16;

constexpr std::size_t rounded(std::size_t length) {
    return (length + item::alignment - 1) / item::alignment * item::alignment;
}

bool believable(const ItemKind& kind, std::size_t length) {
    return length >= kind.least && length <= kind.usual + growth;
}

} // namespace

void Complaints::damage(std::size_t offset, std::string_view what) {
    ++damages_;
    if (context_.notes != nullptr) context_.notes->damaged = true;
    if (context_.problem)
        context_.problem(
            {fmt::format(FMT_COMPILE("{}: offset {}: {}"), context_.interface, offset, what), true});
}

void Complaints::remark(std::size_t offset, std::string_view what) {
    if (context_.problem)
        context_.problem(
            {fmt::format(FMT_COMPILE("{}: offset {}: {}"), context_.interface, offset, what), false});
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
    const std::size_t length = at.u32(item::length);
    if (length == form_.header.size && at.size() == form_.header.size) return true;
    const auto kind = kind_of(at);
    return kind && length != 0 && (length == form_.kinds[*kind].usual || length == form_.kinds[*kind].older);
}

/// `certain` enough among bytes that may be anything: a first item, or one with another behind it.
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
        complaints_.damage(rest.offset(), fmt::format(FMT_COMPILE("cut in its header: {} of {} bytes"),
                                                      rest.size(), header.size));
        rest.skip(rest.size());
        return;
    }
    const std::size_t length = rest.u32(item::length);
    const bool grown =
        length > header.size && length < header.size + growth && certain(rest.sub(rounded(length)));
    if (length != header.size && !grown)
        complaints_.damage(rest.offset(), fmt::format(FMT_COMPILE("the header says it has {} bytes, not {}"),
                                                      length, header.size));
    if (length == header.size || grown || certain(rest.sub(header.size))) {
        generation_ = rest.u64(header.generation);
        count_ = count_of(rest);
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
    complaints_.remark(trailer.offset(), "sockets may have been created or deleted while the table was read");
}

std::optional<Item> ItemReader::known_item(Bytes& rest, std::size_t kind) {
    const ItemKind& known = form_.kinds[kind];
    const std::size_t length = rest.u32(item::length);
    const bool room = length <= rest.size();
    const bool sound = believable(known, length);
    const auto take = [&](std::size_t size) {
        const Item taken{kind, rest.sub(0, size)};
        rest.skip(rounded(size));
        return taken;
    };
    const auto odd_length = [&] {
        complaints_.damage(rest.offset(), fmt::format(FMT_COMPILE("{} says it has {} bytes, not {}"),
                                                      known.name, length, known.usual));
    };
    if (room && sound && plausible(rest.sub(rounded(length)))) return take(length);
    for (const std::size_t size : {known.usual, known.older}) {
        if (size == 0 || size == length || size > rest.size() || !certain(rest.sub(rounded(size)))) continue;
        odd_length();
        return take(size);
    }
    if (room && sound) {
        const std::size_t inner = found_within(rest.sub(0, length), rest);
        if (inner == length) return take(length);
        complaints_.damage(rest.offset(), fmt::format(FMT_COMPILE("{} ends after {} of {} bytes"), known.name,
                                                      inner, length));
        lose(rest, inner);
        return std::nullopt;
    }
    if (sound) {
        complaints_.damage(rest.offset(), fmt::format(FMT_COMPILE("{} is cut: {} of {} bytes"), known.name,
                                                      rest.size(), length));
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
        complaints_.damage(
            rest.offset(),
            fmt::format(FMT_COMPILE("an item of kind {:#x} says it has {} bytes of the {} left"), kind,
                        length, rest.size()));
    } else if (std::find(unknown_kinds_.begin(), unknown_kinds_.end(), kind) == unknown_kinds_.end() &&
               unknown_kinds_.size() < most_unknown_kinds_said) {
        unknown_kinds_.push_back(kind);
        complaints_.damage(
            rest.offset(),
            fmt::format(FMT_COMPILE("an item of unknown kind {:#x}, {} bytes, is skipped"), kind, length));
    }
    rest = next;
}

std::optional<Item> ItemReader::next(Bytes& rest) {
    if (!started_) read_header(rest);
    while (!rest.empty()) {
        const std::size_t header = form_.header.size;
        if (rest.size() < item::head) {
            complaints_.damage(rest.offset(), "cut within an item's length and kind");
            rest.skip(rest.size());
            break;
        }
        const std::size_t length = rest.u32(item::length);
        const auto kind = kind_of(rest);
        const bool is_item = kind && believable(form_.kinds[*kind], length);
        if (length == header && !is_item && rest.size() == header) {
            read_trailer(rest);
            rest.skip(header);
        } else if (length == header && !is_item && rest.size() < header) {
            complaints_.damage(rest.offset(), fmt::format(FMT_COMPILE("cut in its trailer: {} of {} bytes"),
                                                          rest.size(), header));
            rest.skip(rest.size());
        } else if (kind) {
            if (auto found = known_item(rest, *kind)) return found;
        } else {
            unknown_item(rest);
        }
    }
    return std::nullopt;
}

bool GroupReader::complete() const {
    for (std::size_t kind = 0; kind < items_.form().kinds.size(); ++kind)
        if (!pending_.has(kind)) return false;
    return true;
}

void GroupReader::clear() {
    pending_ = {};
    last_ = none;
    in_order_ = true;
    damages_before_ = items_.damages();
    losses_before_ = items_.losses();
}

void GroupReader::add(const Item& item) {
    if (empty()) pending_.offset = item.bytes.offset();
    in_order_ = in_order_ && (empty() || item.kind > last_);
    pending_.items[item.kind] = item.bytes;
    last_ = item.kind;
    end_ = item.bytes.offset() + rounded(item.bytes.size());
}

/// Where bytes were lost only the usual order tells what belongs together: an item joins what stands before
/// it if no other socket can have begun in between.
GroupReader::Place GroupReader::place_after_loss(const Item& item) const {
    if (item.kind <= last_) return Place::Begins;
    const auto kinds = items_.form().kinds;
    const std::size_t gap = item.bytes.offset() - std::min(end_, item.bytes.offset());
    std::size_t missing = 0;
    for (std::size_t kind = last_ + 1; kind < item.kind; ++kind) missing += rounded(kinds[kind].usual);
    return gap < rounded(kinds[0].usual) || gap == missing ? Place::Joins : Place::Begins;
}

GroupReader::Place GroupReader::place(const Item& item, Bytes rest) const {
    if (empty()) return Place::Joins;
    const Kinship kinship = relate_(item, pending_);
    const bool there = pending_.has(item.kind);
    if (kinship == Kinship::Other) return Place::Begins;
    if (kinship == Kinship::Unknown) {
        if (items_.losses() != losses_before_) return place_after_loss(item);
        if (item.kind == 0 && (there || left_over(rest))) return Place::Begins;
    }
    return there ? Place::Doubled : Place::Joins;
}

/// Whether what was collected is the rest of a socket whose beginning is missing, as opposed to the beginning
/// of one in another order. Asked when a first item arrives.
bool GroupReader::left_over(Bytes rest) const {
    if (shuffled_) return false;
    const bool tail = in_order_ && last_ + 1 == items_.form().kinds.size();
    return (tail || items_.damages() != damages_before_) && items_.repeats(rest, pending_);
}

/// Hands over what was collected, complaining about what is missing unless damage explains it; false if that
/// is nothing that can be listed.
bool GroupReader::finish(Group& group) {
    group = pending_;
    if (items_.damages() == damages_before_) {
        std::string missing;
        for (std::size_t kind = 0; kind < items_.form().kinds.size(); ++kind)
            if (!group.has(kind))
                missing += (missing.empty() ? "" : ", ") + std::string(items_.form().kinds[kind].name);
        if (!missing.empty())
            items_.complaints().damage(group.offset,
                                       fmt::format(FMT_COMPILE("a socket lacks its {}"), missing));
    }
    group.damaged = items_.damages() > 0;
    clear();
    return group.has(0);
}

bool GroupReader::next(Bytes& rest, Group& group) {
    while (const auto item = items_.next(rest)) {
        const Place where = place(*item, rest);
        if (where == Place::Doubled) {
            items_.complaints().damage(item->bytes.offset(),
                                       fmt::format(FMT_COMPILE("a second {} for one socket is ignored"),
                                                   items_.form().kinds[item->kind].name));
            continue;
        }
        const bool given = where == Place::Begins && finish(group);
        add(*item);
        if (given) return true;
        if (!complete()) continue;
        shuffled_ = shuffled_ || (!in_order_ && items_.damages() == damages_before_);
        return finish(group);
    }
    if (empty()) return false;
    if (items_.trailer_seen()) return finish(group);
    if (items_.damages() == damages_before_)
        items_.complaints().damage(pending_.offset, "the last socket is cut");
    clear();
    return false;
}

} // namespace netstat46::darwin
