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

void Complaints::damage(std::size_t offset, std::string what) {
    ++damages_;
    if (context_.notes != nullptr) context_.notes->damaged = true;
    if (context_.problem)
        context_.problem(
            {fmt::format(FMT_COMPILE("{}: offset {}: {}"), context_.interface, offset, what), true});
}

void Complaints::remark(std::size_t offset, std::string what) {
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
    return kind && believable(form_.kinds[*kind], length);
}

/// `certain`, or so near the end that nothing speaks against it.
bool ItemReader::plausible(Bytes at) const { return at.size() < item::head || certain(at); }

void ItemReader::search(Bytes& rest) const {
    while (rest.size() >= item::head && !certain(rest)) rest.skip(item::alignment);
    if (rest.size() < item::head) rest.skip(rest.size());
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
        rest.skip(item::alignment);
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
    for (const std::size_t size : {known.usual, known.least}) {
        if (size == length || size > rest.size() || !certain(rest.sub(rounded(size)))) continue;
        odd_length();
        return take(size);
    }
    if (room && sound) return take(length);
    if (sound) {
        complaints_.damage(rest.offset(), fmt::format(FMT_COMPILE("{} is cut: {} of {} bytes"), known.name,
                                                      rest.size(), length));
        rest.skip(rest.size());
        return std::nullopt;
    }
    odd_length();
    if (rest.size() >= known.usual && rest.size() <= rounded(known.usual)) return take(known.usual);
    rest.skip(item::alignment);
    search(rest);
    return std::nullopt;
}

void ItemReader::unknown_item(Bytes& rest) {
    const std::uint32_t kind = rest.u32(item::kind);
    const std::size_t length = rest.u32(item::length);
    const bool sound = length >= item::head && length <= rest.size();
    Bytes next = rest.sub(item::alignment);
    if (sound) {
        while (next.offset() < rest.offset() + length && !certain(next)) next.skip(item::alignment);
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

bool GroupReader::empty() const {
    return std::all_of(pending_.items.begin(), pending_.items.end(),
                       [](const Bytes& one) { return one.empty(); });
}

bool GroupReader::complete() const {
    for (std::size_t kind = 0; kind < items_.form().kinds.size(); ++kind)
        if (!pending_.has(kind)) return false;
    return true;
}

void GroupReader::add(const Item& item) {
    if (empty()) pending_.offset = item.bytes.offset();
    pending_.items[item.kind] = item.bytes;
}

/// Hands over what was collected, complaining about what is missing unless damage explains it; false if that
/// is nothing that can be listed.
bool GroupReader::finish(Group& group) {
    const std::size_t damages = items_.complaints().damages();
    pending_.damaged = damages > 0;
    group = std::exchange(pending_, {});
    const auto kinds = items_.form().kinds;
    for (std::size_t kind = 0; kind < kinds.size() && damages == damages_before_; ++kind)
        if (!group.has(kind))
            items_.complaints().damage(group.offset,
                                       fmt::format(FMT_COMPILE("a socket lacks its {}"), kinds[kind].name));
    damages_before_ = items_.complaints().damages();
    return group.has(0);
}

bool GroupReader::next(Bytes& rest, Group& group) {
    while (const auto item = items_.next(rest)) {
        if (!empty() && differ_(*item, pending_)) {
            const bool listed = finish(group);
            add(*item);
            if (listed) return true;
            continue;
        }
        if (pending_.has(item->kind)) {
            items_.complaints().damage(item->bytes.offset(),
                                       fmt::format(FMT_COMPILE("a second {} for one socket is ignored"),
                                                   items_.form().kinds[item->kind].name));
            damages_before_ = items_.complaints().damages();
            continue;
        }
        add(*item);
        if (complete()) return finish(group);
    }
    if (empty()) return false;
    if (items_.trailer_seen()) return finish(group);
    if (items_.complaints().damages() == damages_before_)
        items_.complaints().damage(pending_.offset, "the last socket is cut");
    pending_ = {};
    return false;
}

} // namespace netstat46::darwin
