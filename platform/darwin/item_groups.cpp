// Items collected into sockets.
#include <algorithm>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "darwin/items.hpp"
#include "darwin/own_messages.hpp"

namespace netstat46::darwin {

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

/// Where bytes were lost only the usual order shows what belongs together: an item joins what stands before
/// it if no other socket can have begun in between.
GroupReader::Place GroupReader::place_after_loss(const Item& item) const {
    if (item.kind <= last_) return Place::Begins;
    const std::size_t gap = item.bytes.offset() - std::min(end_, item.bytes.offset());
    std::size_t missing = 0;
    for (std::size_t kind = last_ + 1; kind < item.kind; ++kind) missing += items_.room_of(kind);
    return gap < items_.room_of(0) || gap == missing ? Place::Joins : Place::Begins;
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
            items_.complaints().damage(group.offset, fmt::format(darwin_messages.missing_item, missing));
    }
    group.damaged = items_.damages() > 0;
    clear();
    return group.has(0);
}

bool GroupReader::next(Bytes& rest, Group& group) {
    while (const auto item = items_.next(rest)) {
        const Place where = place(*item, rest);
        if (where == Place::Doubled) {
            items_.complaints().damage(
                item->bytes.offset(),
                fmt::format(darwin_messages.second_item, items_.form().kinds[item->kind].name));
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
        items_.complaints().damage(pending_.offset, darwin_messages.cut_socket);
    clear();
    return false;
}

} // namespace netstat46::darwin
