#include "list.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/for_each.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/transform.hpp>

#include "capture/decoders.hpp"
#include "capture/record_stream.hpp"

namespace netstat46 {
namespace {

/// Passes problems on: each once, since a table may be read by several sections, and of one interface no more
/// than most_problems_said.
class Problems {
public:
    explicit Problems(ProblemSink sink) : sink_(std::move(sink)) {}

    /// Of `interface`.
    ProblemSink of(std::string_view interface) {
        return [this, name = std::string(interface)](Problem problem) { say(name, std::move(problem)); };
    }

private:
    void say(const std::string& interface, Problem problem) {
        std::set<std::string>& said = said_[interface];
        if (said.size() > most_problems_said || said.count(problem.text) != 0) return;
        if (said.size() == most_problems_said)
            problem.text = fmt::format("{}: there are more problems; they are not said", interface);
        said.insert(problem.text);
        sink_(std::move(problem));
    }

    ProblemSink sink_;
    std::map<std::string, std::set<std::string>> said_;
};

/// Decoders of side tables, kept for the whole run: a long table comes in several blocks.
class SideReader {
public:
    SideReader(const HostFacts& host, Problems& problems) : host_(&host), problems_(&problems) {}

    void read(const RawBlock& block, SideTables& side) {
        auto decoder = decoders_.find(block.interface);
        if (decoder == decoders_.end()) {
            decoder = decoders_.emplace(std::string(block.interface), nullptr).first;
            const DecoderEntry* entry = find_decoder(host_->os, block.interface);
            if (entry != nullptr && entry->side != nullptr)
                decoder->second =
                    entry->side({decoder->first, host_, problems_->of(block.interface), &notes_});
        }
        if (decoder->second) decoder->second(Bytes(block.bytes, host_->byte_order, block.offset), side);
    }

private:
    const HostFacts* host_;
    Problems* problems_;
    TableNotes notes_;
    std::map<std::string, SideDecoder, std::less<>> decoders_;
};

/// What sock_diag does not say of a half-open connection. Both name them in the same order: `next` is where
/// the next one is likely to stand.
void amend(SocketRecord& socket, const std::vector<HalfOpen>& half_open, std::size_t& next) {
    if (socket.state != State::SynReceived) return;
    const auto is_it = [&](const HalfOpen& other) {
        return other.local.port == socket.local.port && other.foreign == socket.foreign &&
               other.local.address.bytes == socket.local.address.bytes;
    };
    const auto likely = half_open.begin() + static_cast<std::ptrdiff_t>(next);
    auto found = std::find_if(likely, half_open.end(), is_it);
    if (found == half_open.end()) found = std::find_if(half_open.begin(), likely, is_it);
    if (found == half_open.end() || !is_it(*found)) return;
    next = static_cast<std::size_t>(found - half_open.begin()) + 1;
    socket.uid = found->uid;
    if (socket.timer) socket.timer->retransmits = found->retransmits;
}

/// What /proc/net/unix does not say of a socket.
void amend(SocketRecord& socket, const std::unordered_map<std::uint64_t, UnixSide>& known) {
    if (socket.protocol != Protocol::Unix) return;
    const auto found = known.find(socket.inode);
    if (found == known.end()) return;
    const UnixSide& told = found->second;
    if (told.queues) {
        const bool listens = (socket.unix_.flags & unix_accepting) != 0;
        socket.unix_.has_queues = true;
        socket.recv_q = told.queues->receive;
        socket.send_q = listens ? 0 : told.queues->send;
        if (listens) socket.backlog = Backlog{told.queues->receive, 0, told.queues->send};
    }
    socket.unix_.peer = told.peer;
    const auto peer = told.peer != 0 ? known.find(told.peer) : known.end();
    if (peer != known.end()) socket.unix_.peer_path = peer->second.path;
}

/// Walks the sections of a plan as the blocks of their tables arrive.
class Lister {
public:
    Lister(const Plan& plan, const Source& source, const std::function<bool(const SocketRecord&)>& selects,
           SideTables& side, const Streams& streams)
        : source_(source), selects_(selects), side_(side), streams_(streams), bound_(plan.bound),
          problems_([this](Problem problem) {
              if (problem.fails) listed_.status = 1;
              streams_.problem(std::move(problem));
          }),
          side_reader_(source.host, problems_) {
        for (const Listing& listing : plan.listings)
            for (const Section& section : listing.sections) places_.push_back({&listing, &section});
        listed_.status = plan.status;
    }

    Listed run(const Plan& plan) {
        const BlockReader next = source_.blocks(request_of(plan), problems_.of("the source"));
        while (const auto block = next()) {
            if (stopped_ || streams_.out.failed()) break;
            if (block->table == no_table) {
                side_reader_.read(*block, side_);
                continue;
            }
            go_to(block->table);
            if (!stopped_) read_sockets(*block);
        }
        go_to(places_.size());
        streams_.out.write(text_);
        if (!stopped_) streams_.error(plan.epilogue);
        listed_.owners_withheld = side_.owners_withheld;
        listed_.owners_read = side_.owners_read;
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
        notes_ = {};
        decoder_ = nullptr;
        interfaces_.clear();
        if (begun_ == 1 || here().listing != places_[begun_ - 2].listing) heading_due_ = true;
        if (here().listing->heading_always) put_heading();
    }

    void put_heading() {
        if (!std::exchange(heading_due_, false)) return;
        const Listing& listing = *here().listing;
        put(text_, listing.late_heading ? listing.late_heading() : listing.heading);
    }

    void finish_section() {
        release();
        const Section& section = *here().section;
        notes_.present = !interfaces_.empty();
        if (!section.finish) return;
        const Section::End end = section.finish(text_, notes_);
        if (!end.error.empty()) {
            streams_.out.write(text_);
            streams_.error(end.error);
        }
        if (end.status) listed_.status = *end.status;
        stopped_ = end.stop;
    }

    void read_sockets(const RawBlock& block) {
        const auto [interface, first] = interfaces_.emplace(block.interface);
        if (first)
            decoder_ = find_decoder(source_.host.os, *interface)
                           ->sockets({*interface, &source_.host, problems_.of(*interface), &notes_});
        const Section& section = *here().section;
        RecordStream records(decoder_, Bytes(block.bytes, source_.host.byte_order, block.offset), place_);
        const auto wanted = [&](const SocketRecord& socket) {
            if (!side_.half_open.empty()) amend(*place_, side_.half_open, half_open_next_);
            if (!side_.unix_sockets.empty()) amend(*place_, side_.unix_sockets);
            if (section.announces && heading_due_ && section.announces(socket) && selects_(socket))
                put_heading();
            return (section.selects(socket) || selects_bound(section, socket)) && selects_(socket);
        };
        const auto hold = [&](const SocketRecord& /*at place_*/) { hold_back(); };
        ranges::for_each(records | ranges::views::filter(wanted), hold);
        const std::span<const SocketRecord> waiting = held();
        if (!streams_.await_names || std::any_of(waiting.begin(), waiting.end(), views_block)) release();
    }

    void put_out(const Row& row) {
        ++listed_.sockets;
        put_heading();
        if (streams_.write) {
            streams_.write(text_, row);
        } else {
            put_row(text_, here().section->columns, row);
            text_.push_back('\n');
        }
        streams_.out.write_if_long(text_);
    }

    /// Keeps the socket at place_. Names are waited for together; owners come from memory while the next
    /// sockets are decoded.
    void hold_back() {
        constexpr std::size_t most_named = 4096, most_owned = 8;
        side_.owners.prefetch(place_->owner_key);
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
            streams_.out.write(text_);
            if (!streams_.out.failed()) streams_.await_names(held());
        }
        const auto owned = [&](const SocketRecord& socket) { return with_owner(socket, side_); };
        const auto print = [&](const Row& row) { put_out(row); };
        ranges::for_each(held() | ranges::views::transform(owned), print);
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
    SideTables& side_;
    Streams streams_;
    bool bound_;
    Listed listed_;
    Problems problems_;
    SideReader side_reader_;
    std::vector<Place> places_;

    // Where it is.
    std::size_t begun_ = 0; ///< sections, the last of which is under way
    bool heading_due_ = false, stopped_ = false;
    std::set<std::string, std::less<>> interfaces_; ///< that have answered the section's table so far
    SocketDecoder decoder_;
    TableNotes notes_;
    std::size_t half_open_next_ = 0;
    std::vector<SocketRecord> held_ = std::vector<SocketRecord>(1);
    std::size_t waiting_ = 0;            ///< of held_: selected, not yet written
    SocketRecord* place_ = held_.data(); ///< behind them: where the next one is decoded
    Text text_;
};

} // namespace

Row with_owner(const SocketRecord& socket, const SideTables& side) {
    Row row{socket, side.owners.lowest(socket.owner_key), side};
    if (!row.owner && socket.darwin.last_pid) row.owner = Holder{*socket.darwin.last_pid, -1};
    return row;
}

Request request_of(const Plan& plan) {
    Request request;
    for (const Listing& listing : plan.listings)
        for (const Section& section : listing.sections) request.tables.push_back(section.table);
    request.owners = plan.owners;
    request.holders = plan.holders;
    request.leaders_only = plan.leaders_only;
    request.contexts = plan.contexts;
    request.half_open = plan.half_open;
    request.tcp_info = plan.tcp_info;
    request.unix_peers = plan.unix_peers;
    request.bound = plan.bound;
    request.filter = plan.filter;
    return request;
}

namespace {

bool lists_internet(const Listing& listing) {
    return std::any_of(listing.sections.begin(), listing.sections.end(),
                       [](const Section& section) { return section.table.inet || section.table.inet6; });
}

} // namespace

void narrow(Plan& plan, const Selection& selection) {
    // The heading of a listing that can have no row helps nobody, unless it is all that was asked for.
    if (selection.internet_only() && std::any_of(plan.listings.begin(), plan.listings.end(), lists_internet))
        std::erase_if(plan.listings, [](const Listing& listing) { return !lists_internet(listing); });
    const std::uint32_t states = selected_states(selection);
    plan.holders = plan.holders || selection.needs_owners();
    plan.owners = plan.owners || plan.holders;
    plan.bound = plan.bound || (states & state_bit(State::Bound)) != 0;
    plan.filter = kernel_filter(selection);
    if (!selection.empty() && !plan.listings.empty())
        plan.listings.front().heading_always = true; // what matches nothing prints a heading on every system
    if (states == 0) return;
    for (Listing& listing : plan.listings)
        for (Section& section : listing.sections) {
            std::uint32_t& asked = section.table.states;
            asked = asked == 0 ? states : asked & states;
        }
}

Plan each_table_once(const Plan& plan) {
    Plan once = plan;
    once.named_address = nullptr;
    once.listings.assign(1, {});
    std::vector<Section>& tables = once.listings.front().sections;
    for (const Listing& listing : plan.listings)
        for (const Section& section : listing.sections) {
            const Protocol protocol = section.table.protocol;
            if (protocol == Protocol::Multipath || protocol == Protocol::KernelControl) continue;
            const auto same = std::find_if(tables.begin(), tables.end(), [&](const Section& other) {
                return other.table.protocol == protocol;
            });
            if (same == tables.end()) {
                tables.push_back({section.table, section.selects, {}, {}, {}});
                continue;
            }
            Table& table = same->table;
            table.inet = table.inet || section.table.inet;
            table.inet6 = table.inet6 || section.table.inet6;
            const bool limited = table.states != 0 && section.table.states != 0;
            table.states = limited ? table.states | section.table.states : 0;
            same->selects = [one = same->selects, other = section.selects](const SocketRecord& socket) {
                return one(socket) || other(socket);
            };
        }
    return once;
}

Plan bare_plan(const Chosen& chosen, const Selection& selection, const Look& look) {
    Plan plan = each_table_once(chosen.plan(look));
    plan.owners = plan.holders = plan.half_open = false;
    narrow(plan, selection);
    return plan;
}

void read_side_tables(const Source& source, SideTables& side, const ProblemSink& problem, bool owners) {
    Problems problems(problem);
    SideReader reader(source.host, problems);
    Request request;
    request.owners = owners;
    const BlockReader next = source.blocks(request, problem);
    while (const auto block = next()) reader.read(*block, side);
}

Listed list(const Plan& plan, const Source& source, const std::function<bool(const SocketRecord&)>& selects,
            SideTables& side, const Streams& streams) {
    return Lister(plan, source, selects, side, streams).run(plan);
}

} // namespace netstat46
