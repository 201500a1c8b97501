#include "list.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "capture/complete.hpp"
#include "capture/host_tables_reader.hpp"
#include "plan.hpp"
#include "record/no_owner.hpp"
#include "sorted_sockets.hpp"
#include "system.hpp"

namespace netstat46 {
namespace {

/// Walks the sections of a plan as the blocks of their tables arrive.
class Lister {
public:
    Lister(const Plan& plan, const Source& source, const std::function<bool(const SocketRecord&)>& selects,
           HostTables& tables, const Streams& streams)
        : source_(source), selects_(selects), tables_(tables), streams_(streams), bound_(plan.wanted.bound),
          owners_wanted_(plan.wanted.owners), problems_([this](Problem problem) {
              if (problem.fails) listed_.status = 1;
              streams_.problem(std::move(problem));
          }),
          tables_reader_(source.host, problems_) {
        for (const Listing& listing : plan.listings)
            for (const Section& section : listing.sections) places_.push_back({&listing, &section});
        listed_.status = plan.status;
    }

    Listed run(const Plan& plan) {
        const BlockReader next = source_.blocks(request_of(plan), problems_.of("the source"));
        while (const auto block = next()) {
            if (stopped_ || failed()) break;
            if (block->table == no_table) {
                tables_reader_.read(*block, tables_);
                continue;
            }
            go_to(block->table);
            if (!stopped_) read_sockets(*block);
        }
        go_to(places_.size());
        flush();
        if (!stopped_) streams_.error(plan.epilogue);
        listed_.owners_withheld = tables_.owners_withheld;
        listed_.owners_read = tables_.owners_read;
        return listed_;
    }

private:
    struct Place {
        const Listing* listing;
        const Section* section;
    };

    [[nodiscard]] const Place& here() const { return places_[begun_ - 1]; }

    /// Finishes the sections before `place` and begins that one, unless one of them ends the listing.
    void go_to(std::size_t place) {
        while (!stopped_ && (begun_ == 0 || begun_ - 1 < place)) {
            if (begun_ > 0) finish_section();
            if (stopped_ || begun_ == places_.size()) return;
            ++begun_;
            begin_section();
        }
    }

    void begin_section() {
        if (here().listing->sort && !sorted_) sorted_.emplace();
        written_ = here().section;
        notes_ = {};
        decoder_ = nullptr;
        interfaces_.clear();
        if (begun_ == 1 || here().listing != places_[begun_ - 2].listing) heading_due_ = true;
        if (here().listing->heading_always && !here().section->regroup) put_heading();
    }

    [[nodiscard]] bool ends_listing() const {
        return begun_ == places_.size() || places_[begun_].listing != here().listing;
    }

    void put_heading() {
        if (!std::exchange(heading_due_, false)) return;
        const Listing& listing = *here().listing;
        put(text_, listing.late_heading ? listing.late_heading() : listing.heading);
    }

    void finish_section() {
        if (sorted_ && ends_listing()) write_sorted();
        release();
        if (ends_listing() && here().listing->heading_always) put_heading();
        const Section& section = *here().section;
        notes_.present = !interfaces_.empty();
        if (!section.finish) return;
        const Section::End end = section.finish(text_, notes_);
        if (!end.error.empty()) {
            flush();
            streams_.error(end.error);
        }
        if (end.status) listed_.status = *end.status;
        stopped_ = end.stop;
    }

    void read_sockets(const RawBlock& block) {
        const auto [interface, first] = interfaces_.emplace(block.interface);
        const Protocol protocol = here().section->table.protocol;
        if (first)
            decoder_ =
                completed(find_decoder(*source_.host.system, *interface)
                              ->sockets({*interface, &source_.host, problems_.of(*interface), &notes_}),
                          protocol, tables_);
        const std::span<const std::byte> bytes = sorted_ ? sorted_->keep(block) : block.bytes;
        Bytes rest(bytes, source_.host.byte_order, block.offset);
        while (decoder_(rest, *place_)) {
            if (place_->protocol != protocol) continue; // an interface may hold those of several
            if (sorted_)
                sorted_->add(*place_, *here().section);
            else
                take(*here().section);
        }
        const std::span<const SocketRecord> waiting = held();
        if (!streams_.await_names || std::any_of(waiting.begin(), waiting.end(), views_block)) release();
    }

    /// The socket at place_, of that section.
    void take(const Section& section) {
        const SocketRecord& socket = *place_;
        if (section.announces && heading_due_ && section.announces(socket) && selects_(socket)) put_heading();
        if ((section.selects(socket) || selects_bound(section, socket)) && selects_(socket)) hold_back();
    }

    void write_sorted() {
        sorted_->each_in_order(here().listing->sort,
                               [this](const SocketRecord& socket, const Section& section) {
                                   if (written_ != &section) release();
                                   written_ = &section;
                                   *place_ = socket;
                                   take(section);
                               });
        release();
        sorted_.reset();
    }

    [[nodiscard]] bool failed() const { return streams_.out != nullptr && streams_.out->failed(); }

    /// All text so far.
    void flush() {
        if (streams_.out != nullptr) streams_.out->write(text_);
    }

    void put_out(const Row& row) {
        ++listed_.sockets;
        if (owners_wanted_ && !row.owner && !listed_.owners_hidden)
            listed_.owners_hidden = why_no_owner(row.socket, tables_, source_.host.system->owner_keys,
                                                 source_.host.visibility) == NoOwner::NotPermitted;
        if (written_->regroup) {
            heading_due_ = false;
            written_->regroup(text_, row.socket);
        } else {
            put_heading();
        }
        if (streams_.write) {
            streams_.write(text_, row);
        } else {
            put_row(text_, written_->columns, row);
            text_.push_back('\n');
        }
        if (streams_.out != nullptr) streams_.out->write_if_long(text_);
    }

    /// Keeps the socket at place_. Names are waited for together; owners come from memory while the next
    /// sockets are decoded.
    void hold_back() {
        constexpr std::size_t most_named = 4096, most_owned = 8;
        tables_.owners.prefetch(place_->owner_key);
        if (++waiting_ == (streams_.await_names ? most_named : most_owned)) return release();
        if (waiting_ == held_.size()) held_.emplace_back();
        place_ = &held_[waiting_];
    }

    [[nodiscard]] std::span<const SocketRecord> held() const { return std::span(held_).first(waiting_); }

    /// What is held gets its owners and is printed. Whoever reads along sees what is known before names are
    /// waited for.
    void release() {
        if (waiting_ == 0) return;
        if (streams_.await_names) {
            flush();
            if (!failed()) streams_.await_names(held());
        }
        for (const SocketRecord& socket : held()) put_out(with_owner(socket, tables_));
        waiting_ = 0;
        place_ = held_.data();
    }

    /// Where bound-but-idle sockets are asked for, they belong where closed ones do.
    [[nodiscard]] bool selects_bound(const Section& section, const SocketRecord& socket) const {
        if (!bound_ || socket.state != State::Bound) return false;
        SocketRecord closed = socket;
        closed.state = State::Closed;
        return section.selects(closed);
    }

    const Source& source_;
    const std::function<bool(const SocketRecord&)>& selects_;
    HostTables& tables_;
    Streams streams_;
    bool bound_, owners_wanted_;
    Listed listed_;
    Problems problems_;
    HostTablesReader tables_reader_;
    std::vector<Place> places_;

    // Where it is.
    std::size_t begun_ = 0; ///< sections, the last of which is under way
    bool heading_due_ = false, stopped_ = false;
    const Section* written_ = nullptr;              ///< whose rows are written: its columns
    std::optional<SortedSockets> sorted_;           ///< of the listing under way, if it sorts
    std::set<std::string, std::less<>> interfaces_; ///< that have answered the section's table so far
    SocketDecoder decoder_;
    TableStatus notes_;
    std::vector<SocketRecord> held_ = std::vector<SocketRecord>(1);
    std::size_t waiting_ = 0;            ///< of held_: selected, not yet written
    SocketRecord* place_ = held_.data(); ///< after them: where the next one is decoded
    Text text_;
};

} // namespace

Row with_owner(const SocketRecord& socket, const HostTables& tables) {
    Row row{socket, tables.owners.lowest(socket.owner_key), tables};
    if (!row.owner && socket.last_pid) row.owner = Owner{*socket.last_pid, -1};
    return row;
}

Listed list(const Plan& plan, const Source& source, const std::function<bool(const SocketRecord&)>& selects,
            HostTables& tables, const Streams& streams) {
    return Lister(plan, source, selects, tables, streams).run(plan);
}

} // namespace netstat46
