#include "linux/live_tcp_walk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "linux/decode.hpp"
#include "linux/own_messages.hpp"
#include "linux/wire.hpp"
#include "posix/read_ahead.hpp"

namespace netstat46 {
namespace {

// Why the walk exists. A listing of many TCP sockets spends most of its time where sock_diag fills in a
// message of 170 bytes for each: `make bench` (Walks) measured on 2 cores, owners off, medians of pairs,
// milliseconds:
//
//     sockets     walk   sock_diag   ss -an      with owners: walks   no BPF
//      20,000       25          34       68                      27       88
//     100,000       66         138      295                     116      351
//   1,000,000      659       1,554    3,362                   1,074    4,168
//
// So without it the listing takes 2.1 times as long at 100,000 sockets, 2.5 times at a million. It costs 3 to
// 5 ms to load, then 0.26 us a socket where sock_diag takes 1.0 us; from 12,000 sockets on it pays. One run
// of its program under RCU takes at most 0.7 ms, also where all million sockets are other namespaces'. It
// could write the namespace of each socket: sock_diag walks through all namespaces' sockets again for every
// namespace.

/// TCP sockets of this network namespace from which on the walk is made.
constexpr std::uint64_t walk_pays = 12'000;
/// In a table with more sockets in a bucket on the average, or with so few buckets (those in TIME_WAIT are
/// not counted), the walk might come to a bucket of which it cannot hold all (most_walked_sockets).
constexpr std::uint64_t most_a_bucket = 128, fewest_buckets = 4096;

/// How many the table of connections has; the file's number is negative where the table is another
/// namespace's (Linux 6.1 and later). 0: not known.
std::uint64_t buckets() {
    std::ifstream file("/proc/sys/net/ipv4/tcp_ehash_entries");
    std::int64_t number = 0;
    file >> number;
    return static_cast<std::uint64_t>(std::abs(number));
}

/// `TCP: inuse 5 orphan 0 tw 2 alloc 7 mem 1` in a file of that form: 5. Those in TIME_WAIT, which are not
/// among them, are as cheap either way.
std::uint64_t sockets_in_use(const char* path, std::string_view line) {
    std::ifstream file(path);
    std::string word;
    while (file >> word && word != line) file.ignore(4096, '\n');
    std::uint64_t number = 0;
    return file >> word >> number && word == "inuse" ? number : 0;
}

/// Records of IPv6 sockets that wait until those of IPv4 were walked to.
struct HeldRecords {
    std::size_t most; ///< bytes
    std::vector<std::byte> bytes = {};
    bool too_many = false;   ///< none is held any more
    bool lacks_some = false; ///< the walk did not come to all of them

    void add(std::span<const std::byte> record) {
        if (too_many) return;
        if (bytes.empty()) bytes.reserve(most); // no copies as it grows
        too_many = bytes.size() + record.size() > most;
        if (too_many)
            bytes = {};
        else
            bytes.insert(bytes.end(), record.begin(), record.end());
    }
};

/// The records of one family; those of the other, IPv6, are held or left out.
class FamilyWalk {
public:
    FamilyWalk(WalkBuffer walk, std::uint8_t family, std::shared_ptr<HeldRecords> others, std::size_t table,
               ProblemSink problem)
        : buffer_(std::move(walk)), family_(family), others_(std::move(others)), table_(table),
          problem_(std::move(problem)) {}

    std::optional<RawBlock> operator()() {
        do {
            if (const auto block = sort(); !block.empty()) return give(block);
        } while (buffer_.fill());
        if (std::exchange(ended_, true)) return std::nullopt;
        complain();
        if (given_) return std::nullopt;
        return give({}); // so that it is known to have been asked
    }

private:
    void complain() {
        const bool cut = buffer_.error() == 0 && !buffer_.bytes().empty();
        const int error = cut ? EBADMSG : buffer_.error();
        if (others_) others_->lacks_some = error != 0 || buffer_.partial();
        if (error != 0)
            problem_({fmt::format(linux_messages.broken_off, tcp_walk_name(family_), std::strerror(error))});
        if (buffer_.partial()) problem_({fmt::format(linux_messages.partial_walk, tcp_walk_name(family_))});
    }

    /// Moves this family's records to the front of what was read.
    std::span<const std::byte> sort() {
        const std::span<std::byte> bytes = buffer_.bytes();
        std::size_t at = 0, sorted = 0;
        while (const std::size_t size = tcp_walk_record(Bytes(bytes.subspan(at), native_order))) {
            const std::span<std::byte> record = bytes.subspan(at, size);
            if (std::to_integer<std::uint8_t>(record[linux_wire::walked_family]) != family_) {
                if (others_) others_->add(record);
            } else {
                if (sorted != at) std::memmove(bytes.data() + sorted, record.data(), size);
                sorted += size;
            }
            at += size;
        }
        buffer_.use(at);
        return bytes.first(sorted);
    }

    RawBlock give(std::span<const std::byte> bytes) {
        const RawBlock block{tcp_walk_name(family_), bytes, table_, offset_};
        offset_ += bytes.size();
        given_ = true;
        return block;
    }

    WalkBuffer buffer_;
    std::uint8_t family_;
    std::shared_ptr<HeldRecords> others_; ///< null: not wanted
    std::size_t table_;
    ProblemSink problem_;
    std::size_t offset_ = 0;
    bool given_ = false, ended_ = false;
};

BlockReader reader(std::shared_ptr<FamilyWalk> walk) {
    return [walk = std::move(walk)] { return (*walk)(); };
}

/// All that is held, in one block.
BlockReader reader(std::shared_ptr<const HeldRecords> held, std::size_t table) {
    return [held = std::move(held), table, given = false]() mutable -> std::optional<RawBlock> {
        if (std::exchange(given, true)) return std::nullopt;
        return RawBlock{tcp_walk_name(linux_wire::af_inet6), held->bytes, table, 0};
    };
}

} // namespace

NewWalk tcp_walk_that_pays(const Request& request) {
    if (request.everything || geteuid() != 0) return nullptr;
    if (request.wanted.half_open || request.wanted.tcp_info || request.wanted.bound ||
        !request.filter.empty())
        return nullptr;
    if (std::none_of(request.tables.begin(), request.tables.end(), tcp_walk_answers)) return nullptr;
    const std::uint64_t sockets =
        sockets_in_use("/proc/net/sockstat", "TCP:") + sockets_in_use("/proc/net/sockstat6", "TCP6:");
    if (sockets < walk_pays || buckets() < std::max(fewest_buckets, sockets / most_a_bucket)) return nullptr;
    return [loaded = std::make_shared<NewWalk>()] {
        if (!*loaded) *loaded = load_tcp_walk();
        return *loaded ? (*loaded)() : nullptr;
    };
}

bool tcp_walk_answers(const Table& table) {
    return table.protocol == Protocol::Tcp &&
           (table.states == 0 || (table.states & state_bit(State::Established)) != 0);
}

BlockReader walk_tcp(const NewWalk& walk, const Table& families, std::size_t table,
                     const BySockDiag& sock_diag, const ProblemSink& problem, std::size_t most_held) {
    using namespace linux_wire;
    auto begin = begun(walk);
    if (!begin) return nullptr;
    const auto held =
        families.inet && families.inet6 ? std::make_shared<HeldRecords>(HeldRecords{most_held}) : nullptr;
    const auto family_walk = [=](WalkBuffer buffer, std::uint8_t family) {
        return reader(std::make_shared<FamilyWalk>(std::move(buffer), family,
                                                   family == af_inet ? held : nullptr, table, problem));
    };
    BlockReader first = family_walk(std::move(*begin), families.inet ? af_inet : af_inet6);
    std::deque<std::function<BlockReader()>> makers;
    if (families.inet) {
        makers.push_back([=] { return sock_diag(af_inet, true); });
        makers.push_back([=] { return first; });
    }
    if (families.inet6) makers.push_back([=] { return sock_diag(af_inet6, true); });
    if (families.inet6 && !held) makers.push_back([=] { return first; });
    if (held)
        makers.push_back([=]() -> BlockReader {
            if (held->lacks_some) return sock_diag(af_inet6, false);
            if (!held->too_many) return reader(held, table);
            auto again = begun(walk);
            return again ? family_walk(std::move(*again), af_inet6) : sock_diag(af_inet6, false);
        });
    return in_turn(std::move(makers));
}

} // namespace netstat46
