#include "linux/live_tcp_walk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <string>

#include <unistd.h>

#include <fmt/format.h>

#include "linux/decode.hpp"
#include "linux/live_held_records.hpp"
#include "linux/own_messages.hpp"
#include "linux/wire.hpp"
#include "posix/read_ahead.hpp"

namespace netstat46 {
namespace {

/// Open sockets of this network namespace from which on the walk, 4 ms to load and 0.26 us a socket, costs
/// less than sock_diag, 1.05 us a socket, though half of it is beside other work where owners are read.
constexpr std::uint64_t walk_pays = 12'000;
/// From which on looking ahead costs less than waiting for memory.
constexpr std::uint64_t looking_ahead_pays = 200'000;
/// In a table with more sockets in a bucket on the average, or with so few buckets (those in TIME_WAIT are
/// not counted), the walk might come to a bucket of which it cannot hold all (most_walked_sockets).
constexpr std::uint64_t most_a_bucket = 128, fewest_buckets = 4096;

/// Of the table of connections; negative: another namespace's (Linux 6.1 and later). 0: not told.
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

/// One walk: the records of one family, and those of the other, IPv6's, held or left out.
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
        return give({}); // to say that it was there
    }

private:
    void complain() {
        const bool cut = buffer_.error() == 0 && !buffer_.bytes().empty();
        const int error = cut ? EBADMSG : buffer_.error();
        if (others_ && (error != 0 || buffer_.partial())) others_->note_lack();
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
    return [far = sockets >= looking_ahead_pays, loaded = std::make_shared<NewWalk>()] {
        if (!*loaded) *loaded = load_tcp_walk(far);
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
    const auto first = begun(walk);
    if (!first) return nullptr;
    const auto others = families.inet && families.inet6 ? std::make_shared<HeldRecords>(most_held) : nullptr;
    std::deque<std::function<BlockReader()>> makers;
    if (families.inet) {
        makers.push_back([=] { return sock_diag(af_inet, true); });
        makers.push_back([=] { return FamilyWalk(*first, af_inet, others, table, problem); });
    }
    if (families.inet6) {
        makers.push_back([=] { return sock_diag(af_inet6, true); });
        makers.push_back([=]() -> BlockReader {
            std::optional<WalkBuffer> rest;
            if (!others)
                rest = first;
            else if (others->are_all())
                rest = WalkBuffer(HeldRecords::walk(others));
            else if (!others->lacks_some())
                rest = begun(walk);
            if (!rest) return sock_diag(af_inet6, false);
            return FamilyWalk(std::move(*rest), af_inet6, nullptr, table, problem);
        });
    }
    return in_turn(std::move(makers));
}

} // namespace netstat46
