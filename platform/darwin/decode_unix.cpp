#include <array>
#include <string>
#include <utility>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "bsd/grown_record.hpp"
#include "darwin/decode.hpp"
#include "darwin/facts.hpp"
#include "darwin/own_messages.hpp"
#include "darwin/wire.hpp"
#include "messages.hpp"

namespace netstat46::darwin {
namespace {

using namespace darwin_wire;

constexpr std::array unix_kinds{ItemKind{kind::unpcb, "xunpcb_n", xunpcb_n::size, xunpcb_n::size},
                                socket_kind, receive_kind, send_kind, statistics_kind};

constexpr HeaderForm unix_header{xinpgen::size, xinpgen::count, xinpgen::generation};

/// `net.local.stream.pcblist_n` holds stream sockets, and so on.
std::string type_name(std::string_view interface) {
    constexpr std::string_view prefix = "net.local.";
    if (interface.starts_with(prefix)) interface.remove_prefix(prefix.size());
    return std::string(interface.substr(0, interface.find('.')));
}

std::uint16_t type_of(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, std::uint16_t>, 4> types{
        // sys/socket.h: SOCK_*
        {{"stream", 1}, {"dgram", 2}, {"raw", 3}, {"seqpacket", 5}}};
    for (const auto& [known, number] : types)
        if (known == name) return number;
    return 0;
}

/// The path of a sockaddr_un, no data at all where the socket has no name.
std::string_view load_path(Bytes record, std::size_t at) {
    const std::size_t length = record.u8(at + sockaddr_un::length);
    if (length == 0) return {};
    const std::size_t path = length > sockaddr_un::path ? length - sockaddr_un::path : 0;
    return record.sub(at + sockaddr_un::path, path).c_string();
}

/// Where a record keeps what is the same in both forms.
struct PcbOffsets {
    std::size_t pcb, generation, vnode, peer, refs, next_ref, address, peer_address;
};

constexpr PcbOffsets unpcb_n{xunpcb_n::pcb,  xunpcb_n::generation, xunpcb_n::vnode,   xunpcb_n::peer,
                             xunpcb_n::refs, xunpcb_n::next_ref,   xunpcb_n::address, xunpcb_n::peer_address};
constexpr PcbOffsets unpcb64{xunpcb64::pcb,  xunpcb64::generation, xunpcb64::vnode,   xunpcb64::peer,
                             xunpcb64::refs, xunpcb64::next_ref,   xunpcb64::address, xunpcb64::peer_address};

/// `record` knows its socket already.
void load_unix_pcb(Bytes pcb, const PcbOffsets& at, SocketRecord& record) {
    record.protocol = Protocol::Unix;
    record.family = Family::Local;
    record.pcb = pcb.u64(at.pcb);
    darwin_facts(record).pcb_generation = pcb.u64(at.generation);
    UnixFacts& facts = unix_facts(record);
    facts.type = static_cast<std::uint16_t>(darwin_facts(record).socket_type);
    facts.protocol = static_cast<std::uint32_t>(darwin_facts(record).socket_protocol);
    facts.vnode = pcb.u64(at.vnode);
    facts.peer = pcb.u64(at.peer);
    facts.refs = pcb.u64(at.refs);
    facts.next_ref = pcb.u64(at.next_ref);
    facts.path = load_path(pcb, at.address);
    facts.peer_path = load_path(pcb, at.peer_address);
}

void load_unix(const Group& group, std::uint16_t type, SocketRecord& record) {
    record.clear();
    record.past_damage = group.damaged;
    darwin_facts(record).socket_type = static_cast<std::int16_t>(type);
    load_socket_items(group, record);
    load_unix_pcb(group.items[pcb_item], unpcb_n, record);
}

void load_unix64(Bytes pcb, bool damaged, SocketRecord& record) {
    const Bytes so = pcb.sub(xunpcb64::socket);
    const auto buffer = [](Bytes one) {
        return BufferFacts{one.u32(xsocket64::buffer_high_water), one.u32(xsocket64::buffer_low_water),
                           one.u32(xsocket64::buffer_mbuf_bytes), one.u32(xsocket64::buffer_mbuf_limit)};
    };
    record.clear();
    DarwinFacts& facts = darwin_facts(record);
    record.past_damage = damaged;
    record.owner_key = so.u64(xsocket64::so);
    facts.socket_type = so.i16(xsocket64::type);
    facts.socket_protocol = so.i32(xsocket64::protocol);
    facts.options = so.u16(xsocket64::options);
    facts.socket_state = so.u16(xsocket64::state);
    settle_options(record);
    record.uid = so.u32(xsocket64::uid);
    record.backlog = load_backlog(so, {xsocket64::queued, xsocket64::incomplete, xsocket64::queue_limit});
    record.recv_q = so.u32(xsocket64::receive + xsocket64::buffer_bytes);
    record.send_q = so.u32(xsocket64::send + xsocket64::buffer_bytes);
    facts.receive = buffer(so.sub(xsocket64::receive));
    facts.send = buffer(so.sub(xsocket64::send));
    load_unix_pcb(pcb, unpcb64, record);
}

/// Apple's netstat takes the trailer for an item, its count for a kind, and with -vvv says so of every one
/// but these.
bool taken_for_known(std::uint64_t count) {
    for (const ItemKind& known : unix_kinds)
        if (count == known.kind) return true;
    return false;
}

void note_trailer(std::uint64_t count, const std::string& type, TableStatus& notes) {
    if (!taken_for_known(count))
        notes.remarks.push_back(
            fmt::format(FMT_COMPILE("{}: unexpected kind {} which {:#x}"), type, count, count));
}

/// Reads the records of `pcblist64`: 724 bytes each or more, unpadded, between a header and a trailer of
/// 24.
class Unix64Reader {
public:
    explicit Unix64Reader(const DecodeContext& context) : context_(context), complaints_(context) {}

    bool next(Bytes& rest, SocketRecord& record);

private:
    void read_header(Bytes& rest);
    void read_trailer(Bytes trailer);
    [[nodiscard]] static std::uint64_t length_of(const Bytes& at) { return at.u32(xunpcb64::length); }
    [[nodiscard]] bool certain(Bytes at) const {
        const std::uint64_t length = length_of(at);
        return ((length == xunpcb64::size || length == step_) && at.size() >= length) ||
               (length == xinpgen::size && at.size() == xinpgen::size);
    }
    [[nodiscard]] bool grown(Bytes at) const {
        return has_grown(at, length_of(at), xunpcb64::size, step_, length_of,
                         [this](const Bytes& there) { return certain(there); });
    }
    void settle_step(Bytes rest);
    void search(Bytes& rest) const;

    DecodeContext context_;
    Complaints complaints_;
    bool started_ = false;
    std::size_t step_ = xunpcb64::size; ///< of this answer's records
    Bytes header_;
};

void Unix64Reader::search(Bytes& rest) const {
    while (!rest.empty() && !certain(rest) && !grown(rest)) rest.skip(4);
}

/// Takes note of a record that is longer than known.
void Unix64Reader::settle_step(Bytes rest) {
    if (certain(rest) || !grown(rest)) return;
    if (step_ == xunpcb64::size)
        complaints_.remark(rest.offset(),
                           fmt::format(messages.grown, "xunpcb64", length_of(rest), xunpcb64::size));
    step_ = static_cast<std::size_t>(length_of(rest));
}

void Unix64Reader::read_header(Bytes& rest) {
    started_ = true;
    if (rest.empty()) return;
    if (rest.size() < xinpgen::size) {
        complaints_.damage(rest.offset(),
                           fmt::format(darwin_messages.cut_header, rest.size(), xinpgen::size));
        rest.skip(rest.size());
        return;
    }
    const std::size_t length = rest.u32(xinpgen::length);
    const Bytes header = rest.sub(0, xinpgen::size);
    const Bytes behind = rest.sub(xinpgen::size);
    if (length == xinpgen::size || certain(behind) || grown(behind)) header_ = header;
    if (length != xinpgen::size)
        complaints_.damage(rest.offset(), fmt::format(darwin_messages.header_length, length, xinpgen::size));
    rest.skip(header_.empty() ? 4 : xinpgen::size);
    if (header_.empty()) search(rest);
}

void Unix64Reader::read_trailer(Bytes trailer) {
    if (header_.empty() || trailer.u64(xinpgen::generation) == header_.u64(xinpgen::generation)) return;
    const std::string type = type_name(context_.interface);
    const auto change = static_cast<std::int64_t>(trailer.u32(xinpgen::count)) - header_.u32(xinpgen::count);
    const std::string_view what = change < 0   ? "have been deleted."
                                  : change > 0 ? "have been created."
                                               : "have been created or deleted";
    if (context_.notes != nullptr) {
        context_.notes->generation_changed = true;
        context_.notes->count_change = change;
        context_.notes->remarks.push_back(
            fmt::format(FMT_COMPILE("{}: Some {} sockets may {}"), type, type, what));
    }
    complaints_.remark(trailer.offset(), messages.changed);
}

bool Unix64Reader::next(Bytes& rest, SocketRecord& record) {
    if (!started_) read_header(rest);
    while (!rest.empty()) {
        const std::size_t length = rest.u32(xunpcb64::length);
        if (length == xinpgen::size && rest.size() <= xinpgen::size) {
            if (rest.size() == xinpgen::size) {
                read_trailer(rest);
            } else {
                complaints_.damage(rest.offset(),
                                   fmt::format(darwin_messages.cut_trailer, rest.size(), xinpgen::size));
            }
            rest.skip(rest.size());
            return false;
        }
        settle_step(rest);
        const bool known = length == xunpcb64::size || length == step_;
        const std::size_t step = known ? length : step_;
        if (rest.size() < step && (known || rest.size() < xinpgen::size)) {
            complaints_.damage(rest.offset(),
                               fmt::format(darwin_messages.cut_item, "xunpcb64", rest.size(), step));
            rest.skip(rest.size());
            return false;
        }
        const Bytes pcb = rest.sub(0, xunpcb64::size);
        if (!known) {
            complaints_.damage(rest.offset(),
                               fmt::format(darwin_messages.item_length, "xunpcb64", length, step_));
            const Bytes behind = rest.sub(step);
            if (rest.size() < step || !(behind.empty() || certain(behind))) {
                rest.skip(4);
                search(rest);
                continue;
            }
        }
        rest.skip(step);
        if (!header_.empty() && pcb.u64(xunpcb64::generation) > header_.u64(xinpgen::generation)) continue;
        load_unix64(pcb, complaints_.damages() > 0, record);
        return true;
    }
    return false;
}

} // namespace

SocketDecoder decode_unix(const DecodeContext& context) {
    return [groups = GroupReader({unix_header, unix_kinds}, same_control_block, context),
            type = type_name(context.interface),
            notes = context.notes](Bytes& rest, SocketRecord& record) mutable {
        Group group;
        const bool trailer_was_seen = groups.reader().trailer_seen();
        while (groups.next(rest, group)) {
            load_unix(group, type_of(type), record);
            if (darwin_facts(record).pcb_generation <= groups.reader().generation()) return true;
        }
        if (const auto count = groups.reader().trailer_count();
            count && !trailer_was_seen && notes != nullptr)
            note_trailer(*count, type, *notes);
        return false;
    };
}

SocketDecoder decode_unix64(const DecodeContext& context) {
    return [reader = Unix64Reader(context)](Bytes& rest, SocketRecord& record) mutable {
        return reader.next(rest, record);
    };
}

} // namespace netstat46::darwin
