#include "capture/complete.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace netstat46 {
namespace {

/// Adds what sock_diag lacks of a half-open connection. Both tables list them in the same order: `next` is
/// where the next one is likely to stand.
void complete_half_open(SocketRecord& socket, const std::vector<HalfOpen>& half_open, std::size_t& next) {
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

void complete_unix(SocketRecord& socket, const HostTables& tables) {
    if (!tables.unix_doubled.empty() && tables.unix_doubled.contains(socket.inode)) socket.owner_key = 0;
    const auto found = tables.unix_sockets.find(socket.inode);
    if (found == tables.unix_sockets.end()) return;
    const UnixDetails& details = found->second;
    UnixFacts& facts = unix_facts(socket);
    if (details.refs && !details.refs_disputed) {
        facts.refs = *details.refs;
        facts.refs_supposed = false;
    }
    if (details.queues) {
        const bool listens = (facts.flags & unix_accepting) != 0;
        facts.has_queues = true;
        socket.recv_q = details.queues->receive;
        socket.send_q = listens ? 0 : details.queues->send;
        if (listens) socket.backlog = Backlog{details.queues->receive, 0, details.queues->send};
    }
    facts.peer = details.peer;
    const auto peer = details.peer != 0 ? tables.unix_sockets.find(details.peer) : tables.unix_sockets.end();
    if (peer != tables.unix_sockets.end()) facts.peer_path = peer->second.path;
}

/// Unix sockets with the connections that wait between them.
class UnixDecoder {
public:
    UnixDecoder(SocketDecoder decode, const HostTables& tables)
        : decode_(std::move(decode)), tables_(&tables) {
        wait_behind(0);
    }

    bool operator()(Bytes& rest, SocketRecord& record) {
        if (waiting_ != waiting_end_) {
            record.clear();
            record.protocol = Protocol::Unix;
            record.family = Family::Local;
            record.unix_ = waiting_->second.facts;
            record.unix_->path = waiting_->second.path;
            ++waiting_;
            return true;
        }
        if (!decode_(rest, record)) return false;
        complete_unix(record, *tables_);
        if (record.inode != 0) wait_behind(record.inode);
        return true;
    }

private:
    using Waiting = std::multimap<std::uint64_t, UnixWaiting>::const_iterator;

    /// Once of each inode, however often a table has it.
    void wait_behind(std::uint64_t inode) {
        const auto [first, end] = tables_->unix_waiting.equal_range(inode);
        if (first == end || !begun_.insert(inode).second) return;
        waiting_ = first;
        waiting_end_ = end;
    }

    SocketDecoder decode_;
    const HostTables* tables_;
    Waiting waiting_{}, waiting_end_{};
    std::unordered_set<std::uint64_t> begun_;
};

/// What only the descriptors of its holders say, and whether those are known to be its own.
void complete_owners(SocketRecord& socket, const HostTables& tables) {
    if (const auto found = tables.opened_by.find(socket.owner_key);
        found != tables.opened_by.end() && !socket.uid)
        socket.uid = found->second;
    if (tables.ambiguous_keys.contains(socket.owner_key)) {
        socket.owner_key = 0;
        if (socket.protocol != Protocol::Unix) socket.uid.reset();
    }
}

} // namespace

SocketDecoder completed(SocketDecoder decode, Protocol protocol, const HostTables& tables) {
    if (!tables.opened_by.empty() || !tables.ambiguous_keys.empty())
        decode = [decode = std::move(decode), &tables](Bytes& rest, SocketRecord& record) {
            if (!decode(rest, record)) return false;
            complete_owners(record, tables);
            return true;
        };
    if (protocol == Protocol::Unix) return UnixDecoder(std::move(decode), tables);
    if (tables.half_open.empty()) return decode;
    return [decode = std::move(decode), &tables, next = std::size_t{0}](Bytes& rest,
                                                                        SocketRecord& record) mutable {
        if (!decode(rest, record)) return false;
        complete_half_open(record, tables.half_open, next);
        return true;
    };
}

} // namespace netstat46
