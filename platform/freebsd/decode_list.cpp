// The walk over a list of FreeBSD's: header, records, trailer, each of which begins with its length.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "bsd/grown_record.hpp"
#include "bsd/own_messages.hpp"
#include "freebsd/decode.hpp"
#include "freebsd/wire.hpp"
#include "messages.hpp"

namespace netstat46::freebsd {
namespace {

/// The way the native program takes through a list: by each record's length, whatever it is, until one is not
/// longer than the header and so must be the trailer.
class NativePath {
public:
    NativePath(const ListLayout& layout, TableStatus* notes) : layout_(layout), notes_(notes) {}

    /// Stands after `header`, as far on as that says. One of length 0 ends it without a word. Trailers
    /// have `header_size` bytes.
    void begin(const Bytes& header, std::size_t header_size) {
        layout_.header = header_size;
        generation_ = header.u64(gen::generation);
        count_ = header.u32(gen::count);
        at_ = header.offset();
        if (header.u64(gen::length) == 0)
            at_.reset();
        else
            step(header);
    }

    /// Whether it takes what stands at `offset` of `block` for a record.
    bool meets(const Bytes& block, std::size_t offset) {
        while (at_ && *at_ < offset) step(block);
        if (at_ != offset) return false;
        step(block);
        return at_ || notes_->native_fails;
    }

    void finish(const Bytes& block) {
        while (at_ && *at_ < block.offset() + block.size()) step(block);
    }

    [[nodiscard]] std::uint64_t generation() const { return generation_; }

private:
    void step(const Bytes& block) {
        const Bytes there = block.sub(*at_ - block.offset());
        const std::uint64_t length = there.u64(gen::length);
        const bool behind_header = *at_ != 0;
        if (behind_header && length <= layout_.header && there.size() >= layout_.header) {
            compare(there);
            at_.reset();
        } else if (length > there.size() || there.size() < layout_.header) {
            notes_->native_fails = true;
            at_.reset();
        } else {
            *at_ += static_cast<std::size_t>(length);
        }
    }

    void compare(const Bytes& trailer) {
        notes_->generation_changed = trailer.u64(gen::generation) != generation_;
        notes_->count_change = std::int64_t{trailer.u32(gen::count)} - std::int64_t{count_};
        if (layout_.remark_name == nullptr || !notes_->generation_changed) return;
        const char* change = notes_->count_change < 0   ? "deleted."
                             : notes_->count_change > 0 ? "created."
                                                        : "created or deleted";
        notes_->remarks.push_back(
            fmt::format("Some {} sockets may have been {}", layout_.remark_name, change));
    }

    ListLayout layout_;
    TableStatus* notes_;
    std::optional<std::size_t> at_; ///< offset; nothing: it has ended
    std::uint64_t generation_ = 0;
    std::uint32_t count_ = 0;
};

/// The walk over one list. Where a length is wrong it goes on at the next record that can be made out.
class Walk {
public:
    Walk(const DecodeContext& context, const ListLayout& layout)
        : layout_(layout), interface_(context.interface), problem_(context.problem), notes_(context.notes),
          native_(layout, context.notes), header_(layout.header), step_(layout.record) {}

    bool operator()(Bytes& rest, SocketRecord& record) {
        if (rest.offset() + rest.size() != block_.offset() + block_.size()) block_ = rest;
        if (!begun_ && !rest.empty()) begin(rest);
        while (!rest.empty()) {
            const std::uint64_t length = rest.u64(gen::length);
            if (begins_record(rest) || grown_record(rest)) {
                if (take(rest, record, static_cast<std::size_t>(length))) return true;
            } else if (begins_trailer(rest)) {
                rest.skip(rest.size());
            } else if (is_known(length) || rest.size() < sizeof length) {
                if (cut(rest, record)) return true;
            } else if (take_damaged(rest, record, length)) {
                return true;
            }
        }
        if (begun_) native_.finish(block_);
        return false;
    }

private:
    [[nodiscard]] bool is_known(std::uint64_t length) const {
        return length == layout_.record || length == step_;
    }
    [[nodiscard]] bool begins_record(const Bytes& at) const {
        const std::uint64_t length = at.u64(gen::length);
        return is_known(length) && at.size() >= length;
    }
    [[nodiscard]] bool begins_trailer(const Bytes& at) const {
        return at.size() == header_ && at.u64(gen::length) == header_;
    }
    [[nodiscard]] bool begins(const Bytes& at) const { return begins_record(at) || begins_trailer(at); }

    [[nodiscard]] bool grown_record(const Bytes& at) const {
        const auto length_of = [](const Bytes& record) { return record.u64(gen::length); };
        return has_grown(at, length_of(at), layout_.record, step_, length_of,
                         [this](const Bytes& there) { return begins(there); });
    }

    /// Whether a record begins among bytes that may be anything: the struct in it has its length too.
    [[nodiscard]] bool holds_socket(const Bytes& at) const {
        const std::uint64_t length = at.u64(layout_.socket);
        return length >= xsocket::size && length - xsocket::size <= at.u64(gen::length) - layout_.record;
    }

    void begin(Bytes& rest) {
        begun_ = true;
        if (rest.size() < layout_.header) {
            notes_->native_fails = true;
            return cut_short(rest, "header");
        }
        const std::uint64_t length = rest.u64(gen::length);
        if (grown_header(rest)) {
            header_ = static_cast<std::size_t>(length);
            say_grown(rest, "header", length, layout_.header);
        } else if (length != layout_.header) {
            say(rest, fmt::format(bsd_messages.header_length, length, layout_.header));
        }
        native_.begin(rest, header_);
        rest.skip(length == header_ ? header_ : to_next_sound(rest));
        const Bytes sound = begins(rest) ? rest : rest.sub(to_next_sound(rest));
        if (grown_record(rest))
            learn(rest);
        else if (grown_record(sound))
            learn(sound);
    }

    [[nodiscard]] bool grown_header(const Bytes& rest) const {
        const std::uint64_t length = rest.u64(gen::length);
        const auto sound = [this](const Bytes& at) { return begins(at) || grown_record(at); };
        const auto trailer_of = [&](const Bytes& at) { // of the header's own length
            return at.size() == length && at.u64(gen::length) == length;
        };
        if (length <= layout_.header || length > rest.size() || length - layout_.header > most_growth)
            return false;
        const Bytes next = rest.sub(static_cast<std::size_t>(length));
        return !sound(rest.sub(layout_.header)) &&
               (next.empty() || sound(next) || trailer_of(next) || grown_before_trailer(next, trailer_of));
    }

    /// Whether the only record has grown as its header and trailer have.
    template <class Trailer>
    [[nodiscard]] bool grown_before_trailer(const Bytes& at, Trailer trailer_of) const {
        const auto length_of = [](const Bytes& record) { return record.u64(gen::length); };
        return has_grown(at, length_of(at), layout_.record, step_, length_of, trailer_of) ||
               (length_of(at) == layout_.record && trailer_of(at.sub(layout_.record)));
    }

    /// The record at the front, of `size` bytes; false if it is newer than the header, which the native
    /// program skips too.
    bool take(Bytes& rest, SocketRecord& record, std::size_t size) {
        if (!is_known(size)) learn(rest);
        const Bytes bytes = rest.sub(0, size);
        rest.skip(size);
        const bool met = native_.meets(block_, bytes.offset());
        return decode(bytes, record, met);
    }

    bool decode(const Bytes& bytes, SocketRecord& record, bool met) const {
        const Growth growth = bytes.size() > layout_.record ? growth_ : Growth{};
        const std::size_t moved = layout_.generation > layout_.socket ? growth.socket : 0;
        if (bytes.u64(layout_.generation + moved) > native_.generation()) return false;
        record.clear();
        layout_.decode(bytes, growth, record);
        record.past_damage = !met;
        return true;
    }

    /// From the first record that has grown. The structs in it begin with lengths of their own, which are 0
    /// where a connection has no socket, so other records are asked too.
    void learn(const Bytes& rest) {
        const auto size = static_cast<std::size_t>(rest.u64(gen::length));
        say_grown(rest, "record", size, layout_.record);
        step_ = size;
        growth_ = {};
        const std::size_t most = size - layout_.record;
        const auto more = [&](const Bytes& at, std::size_t inner, std::size_t known) {
            const std::uint64_t length = at.u64(inner);
            return length > known && length - known <= most ? static_cast<std::size_t>(length) - known : 0;
        };
        for (Bytes at = rest; at.size() >= size && at.u64(gen::length) == size; at.skip(size)) {
            if (growth_.socket == 0) growth_.socket = more(at, layout_.socket, xsocket::size);
            if (layout_.pcb == 0) {
                if (growth_.socket != 0) break;
                continue;
            }
            if (growth_.pcb == 0) growth_.pcb = more(at, layout_.pcb, xinpcb::size);
            if (growth_.pcb != 0 && growth_.socket != 0) break;
        }
        if (layout_.pcb != 0) growth_.socket = std::min(growth_.socket, growth_.pcb);
    }

    bool take_damaged(Bytes& rest, SocketRecord& record, std::uint64_t length) {
        say(rest, fmt::format(bsd_messages.record_length, length, step_));
        const std::size_t distance = to_next_sound(rest);
        const bool whole =
            distance % step_ == 0 ||
            (rest.size() >= step_ && rest.u64(layout_.socket) == xsocket::size + growth_.socket);
        if (whole) return take(rest, record, step_);
        rest.skip(distance);
        return false;
    }

    /// How far it is to the next record or trailer that can be made out, or to the end.
    std::size_t to_next_sound(const Bytes& rest) {
        if (sound_ > rest.offset()) return sound_ - rest.offset();
        std::size_t at = 1;
        for (; at < rest.size(); ++at) {
            const Bytes there = rest.sub(at);
            if (begins(there) || (grown_record(there) && holds_socket(there))) break;
        }
        sound_ = rest.offset() + at;
        return at;
    }

    /// The last record, of which only the end that is not known may be missing.
    bool cut(Bytes& rest, SocketRecord& record) {
        const Bytes bytes = rest;
        cut_short(rest, "record");
        const std::size_t front = layout_.record + std::max(growth_.pcb, growth_.socket);
        return bytes.size() >= front && decode(bytes, record, false);
    }

    void cut_short(Bytes& rest, std::string_view what) {
        say(rest, fmt::format(bsd_messages.cut_record, what, rest.size()));
        rest.skip(rest.size());
    }

    void say(const Bytes& rest, std::string_view what) {
        notes_->damaged = true;
        problem_({fmt::format(messages.damaged_at, interface_, rest.offset(), what)});
    }

    void say_grown(const Bytes& rest, std::string_view what, std::uint64_t length, std::size_t known) {
        if (std::exchange(said_grown_, true)) return;
        const std::string sentence = fmt::format(messages.grown, what, length, known);
        problem_({fmt::format(messages.damaged_at, interface_, rest.offset(), sentence), false});
    }

    ListLayout layout_;
    std::string interface_;
    ProblemSink problem_;
    TableStatus* notes_;
    NativePath native_;
    Bytes block_; ///< under way, from its first byte
    bool begun_ = false, said_grown_ = false;
    std::size_t header_;    ///< bytes of the list's header and trailer
    std::size_t step_;      ///< bytes of its records, as far as is known
    Growth growth_;         ///< of records of `step_`
    std::size_t sound_ = 0; ///< offset of the next sound record, once it was looked for
};

} // namespace

SocketDecoder list_decoder(const DecodeContext& context, const ListLayout& layout) {
    return Walk(context, layout);
}

} // namespace netstat46::freebsd
