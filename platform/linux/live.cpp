// Linux: sock_diag over netlink, /proc/net where a handler is missing, /proc/PID/fd for owners; BPF iterators
// where TCP sockets are many.
#include "platform.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "capture/decoders.hpp"
#include "linux/filter_bytecode.hpp"
#include "linux/live_netlink.hpp"
#include "linux/live_owners.hpp"
#include "linux/live_pool.hpp"
#include "linux/live_proc.hpp"
#include "linux/live_tcp_walk.hpp"
#include "linux/live_unix.hpp"
#include "linux/own_messages.hpp"
#include "linux/row.hpp"
#include "linux/wire.hpp"
#include "messages.hpp"
#include "posix/host.hpp"
#include "posix/limits.hpp"
#include "posix/read_ahead.hpp"

namespace netstat46 {
namespace {

/// One protocol of one family: what sock_diag calls it, and the file that is read where sock_diag has no
/// handler for it.
struct Interface {
    Protocol protocol;
    std::uint8_t family;
    std::uint8_t ip_protocol;
    const char* name;
    const char* file; ///< in /proc/net; null: none has that form
    const char* file_name;
};

constexpr Interface interfaces[] = {
    {Protocol::Tcp, AF_INET, IPPROTO_TCP, "sock_diag.inet.tcp", "/proc/net/tcp", "proc.net.tcp"},
    {Protocol::Tcp, AF_INET6, IPPROTO_TCP, "sock_diag.inet6.tcp", "/proc/net/tcp6", "proc.net.tcp6"},
    {Protocol::Sctp, AF_INET, IPPROTO_SCTP, "sock_diag.inet.sctp", nullptr, nullptr},
    {Protocol::Sctp, AF_INET6, IPPROTO_SCTP, "sock_diag.inet6.sctp", nullptr, nullptr},
    {Protocol::Udp, AF_INET, IPPROTO_UDP, "sock_diag.inet.udp", "/proc/net/udp", "proc.net.udp"},
    {Protocol::Udp, AF_INET6, IPPROTO_UDP, "sock_diag.inet6.udp", "/proc/net/udp6", "proc.net.udp6"},
    {Protocol::UdpLite, AF_INET, IPPROTO_UDPLITE, "sock_diag.inet.udplite", "/proc/net/udplite",
     "proc.net.udplite"},
    {Protocol::UdpLite, AF_INET6, IPPROTO_UDPLITE, "sock_diag.inet6.udplite", "/proc/net/udplite6",
     "proc.net.udplite6"},
    {Protocol::Raw, AF_INET, IPPROTO_RAW, "sock_diag.inet.raw", "/proc/net/raw", "proc.net.raw"},
    {Protocol::Raw, AF_INET6, IPPROTO_RAW, "sock_diag.inet6.raw", "/proc/net/raw6", "proc.net.raw6"},
};

const Interface& tcp_of(std::uint8_t family) {
    return *std::find_if(std::begin(interfaces), std::end(interfaces), [family](const Interface& one) {
        return one.protocol == Protocol::Tcp && one.family == family;
    });
}

/// The states that `table` limits its answer to, as bits of the kernel's numbers (net/tcp_states.h).
std::uint32_t kernel_states(const Request& request, const Table& table) {
    constexpr std::uint32_t all = 0xfff; // TCP_ESTABLISHED 1 .. TCP_CLOSING 11, TCP_NEW_SYN_RECV above
    constexpr std::uint32_t new_syn_recv = 1U << 12;
    const std::uint32_t bound =
        request.wanted.bound || request.everything ? 1U << linux_wire::tcp_bound_inactive : 0;
    if (table.protocol != Protocol::Tcp) return 0xffffffff;
    if (table.states == 0) return all | new_syn_recv | bound;
    constexpr State by_number[] = {
        State::Unknown,  State::Established, State::SynSent,     State::SynReceived, State::FinWait1,
        State::FinWait2, State::TimeWait,    State::Closed,      State::CloseWait,   State::LastAck,
        State::Listen,   State::Closing,     State::SynReceived, State::Bound};
    std::uint32_t bits = 0;
    for (unsigned number = 1; number < std::size(by_number); ++number)
        if ((table.states & state_bit(by_number[number])) != 0) bits |= 1U << number;
    return bits;
}

/// Bytes of sockets that are read before their owners, so that reading owners may stop early.
constexpr std::size_t sockets_first = std::size_t{256} * 1024;
/// Bytes of sockets that are read while owners are, and of IPv6 sockets that wait for those of IPv4. With the
/// owner table of a million sockets (28 MB) the program takes less than 64 MiB.
constexpr std::size_t sockets_ahead = std::size_t{14} * 1024 * 1024;
constexpr std::size_t sockets_held = std::size_t{12} * 1024 * 1024;
/// The second of these where no owners are read: the program takes less than 8 MiB.
constexpr std::size_t sockets_held_alone = std::size_t{2} * 1024 * 1024;
constexpr unsigned most_threads = 8;

/// Descriptors that threads and walks by BPF may have open at a time, and some more for names. Where fewer
/// are left, one interface is read after the other and each as a whole, for which one is enough.
constexpr std::size_t descriptors_pay = 40;

/// Keeps problems that other threads meet for the thread that reads blocks.
class ProblemQueue {
public:
    void push(Problem problem) {
        const std::lock_guard lock(mutex_);
        problems_.push_back(std::move(problem));
    }
    void drain(const ProblemSink& sink) {
        std::vector<Problem> problems;
        {
            const std::lock_guard lock(mutex_);
            problems.swap(problems_);
        }
        for (Problem& problem : problems) sink(std::move(problem));
    }

private:
    std::mutex mutex_;
    std::vector<Problem> problems_;
};

/// The inodes of the sockets in `blocks`.
std::unordered_set<std::uint64_t> inodes_of(const HeldBlocks& blocks) {
    HostFacts host; // decoders use only the byte order
    host.byte_order = native_order;
    std::unordered_set<std::uint64_t> inodes;
    TableStatus notes;
    SocketRecord record;
    blocks.for_each([&](const RawBlock& block) {
        const DecoderEntry* entry = find_decoder(linux_system, block.interface);
        if (block.table == no_table || entry == nullptr) return;
        const SocketDecoder decode = entry->sockets({block.interface, &host, [](const Problem&) {}, &notes});
        Bytes rest(block.bytes, host.byte_order);
        while (decode(rest, record))
            if (record.inode != 0) inodes.insert(record.inode);
    });
    return inodes;
}

class LiveReader {
public:
    LiveReader(Request request, ProblemSink problem)
        : request_(std::move(request)), listener_(std::move(problem)),
          problem_([this](Problem what) { problems_.push(std::move(what)); }) {
        if (request_.everything) request_.tables = all_tables();
        if (request_.wanted.half_open || request_.everything) {
            tables_.push_back([this] { return file("/proc/net/tcp", "proc.net.tcp", no_table); });
            tables_.push_back([this] { return file("/proc/net/tcp6", "proc.net.tcp6", no_table); });
        }
        const bool lists_unix =
            request_.filter.empty() &&
            std::any_of(request_.tables.begin(), request_.tables.end(),
                        [](const Table& table) { return table.protocol == Protocol::Unix; });
        if (lists_unix) tables_.push_back([this] { return unix_.tables(); });
        for (std::size_t i = 0; i < request_.tables.size(); ++i) add_table(request_.tables[i], i);
    }

    std::optional<RawBlock> operator()() {
        if (!reader_) reader_ = start();
        auto block = reader_();
        problems_.drain(listener_);
        return block;
    }

private:
    BlockReader start() {
        BlockReader sockets = in_turn(std::move(sockets_));
        if (few_descriptors_) sockets = all_at_once(std::move(sockets));
        const bool owners = request_.wanted.owners || request_.everything;
        if (owners && !few_descriptors_ && !request_.everything) return beside_owners(sockets);
        if (owners) tables_.push_front([this] { return read_owners(by_links(), problem_); });
        tables_.push_back([sockets] { return sockets; });
        return in_turn(std::move(tables_));
    }

    OwnersRequest by_links() const {
        OwnersRequest owners;
        owners.details = {.contexts = request_.wanted.contexts,
                          .user = request_.wanted.owner_details || request_.everything,
                          .leaders_only = request_.wanted.leaders_only};
        if (!few_descriptors_)
            owners.threads = std::clamp(std::thread::hardware_concurrency(), 1U, most_threads);
        return owners;
    }

    /// Few sockets are read first and only their owners looked for; many are read while the owners are.
    BlockReader beside_owners(const BlockReader& sockets) {
        OwnersRequest owners = by_links();
        OwnersFacts facts = owners_facts(owners.threads);
        facts.may_walk = facts.may_walk && !request_.no_bpf;
        facts.many_sockets = tcp_walk_ != nullptr;
        owners.first = owners_way(facts);
        if (facts.may_walk) owners.walk = load_task_walk;
        if (owners.first == OwnersWay::Walk) owners.walk = begin_now(load_task_walk);
        const auto held = std::make_shared<HeldBlocks>();
        bool more = true;
        while (!tcp_walk_ && more && held->bytes() < sockets_first) {
            const auto block = sockets();
            more = block.has_value();
            if (block) held->push(*block);
        }
        // Others than root must look at every process to know whether owners are hidden from them.
        if (!more && !request_.wanted.all_owners && geteuid() == 0) owners.wanted = inodes_of(*held);
        BlockReader rest = more ? read_ahead(sockets, sockets_ahead) : nullptr;
        tables_.push_front([this, owners] { return read_owners(owners, problem_); });
        tables_.push_back([held]() -> BlockReader { return [held] { return held->pop(); }; });
        tables_.push_back([rest] { return rest; });
        return in_turn(std::move(tables_));
    }

    static std::vector<Table> all_tables() {
        return {{Protocol::Tcp, true, true}, {Protocol::Sctp, true, true},
                {Protocol::Udp, true, true}, {Protocol::UdpLite, true, true},
                {Protocol::Raw, true, true}, {Protocol::Unix, false, false}};
    }

    void add_table(const Table& table, std::size_t index) {
        if (table.protocol == Protocol::Unix && !request_.everything) // a capture has both answers once
            sockets_.push_back([this, index] {
                return request_.filter.empty() ? unix_.sockets(index) : nothing("sock_diag.unix", index);
            });
        std::deque<std::function<BlockReader()>> families;
        for (const Interface& interface : interfaces) {
            if (interface.protocol != table.protocol) continue;
            if (!(interface.family == AF_INET ? table.inet : table.inet6)) continue;
            families.push_back([this, &interface, index] {
                return sockets(interface, index, kernel_states(request_, request_.tables[index]));
            });
        }
        if (tcp_walk_ && tcp_walk_answers(table)) {
            sockets_.push_back([this, index, families] { return walked(index, families); });
        } else {
            std::move(families.begin(), families.end(), std::back_inserter(sockets_));
        }
    }

    /// TCP by a walk over the kernel's table; if that cannot begin, by sock_diag, one family after the other.
    BlockReader walked(std::size_t index, const std::deque<std::function<BlockReader()>>& otherwise) {
        Table families = request_.tables[index];
        families.inet6 = families.inet6 && family_exists(AF_INET6);
        const std::uint32_t all = kernel_states(request_, request_.tables[index]);
        const auto sock_diag = [this, index, all](std::uint8_t family, bool listening) {
            constexpr std::uint32_t listen = 1U << linux_wire::tcp_listen;
            const std::uint32_t states = all & (listening ? listen : ~listen);
            return states != 0 ? sockets(tcp_of(family), index, states) : nullptr;
        };
        BlockReader walk = walk_tcp(tcp_walk_, families, index, sock_diag, problem_,
                                    request_.wanted.owners ? sockets_held : sockets_held_alone);
        return walk ? walk : in_turn(otherwise);
    }

    /// A table whose sockets a filter leaves out: they have neither ports nor addresses.
    static BlockReader nothing(const char* name, std::size_t table) {
        return [name, table, given = false]() mutable -> std::optional<RawBlock> {
            if (std::exchange(given, true)) return std::nullopt;
            return RawBlock{name, {}, table, 0};
        };
    }

    /// Without IPv6 (ipv6.disable=1) sock_diag still answers, with nothing; /proc/net has no such files.
    static bool family_exists(std::uint8_t family) {
        return family != AF_INET6 || access("/proc/net/if_inet6", F_OK) == 0 ||
               access("/proc/net/tcp", F_OK) != 0;
    }

    BlockReader sockets(const Interface& interface, std::size_t table, std::uint32_t states) {
        if (!family_exists(interface.family)) return nullptr;
        DumpRequest wanted;
        wanted.family = interface.family;
        wanted.ip_protocol = interface.ip_protocol;
        wanted.states = states;
        const bool tcp = interface.protocol == Protocol::Tcp;
        wanted.congestion = tcp && (request_.wanted.tcp_info || request_.everything);
        wanted.tcp_info = wanted.congestion || (tcp && request_.wanted.half_open);
        // SCTP sockets have several addresses, of which inet_diag's filter knows one.
        if (interface.protocol != Protocol::Sctp) wanted.bytecode = filter_bytecode(request_.filter);
        auto dump = std::make_shared<Dump>(netlink_calls(), wanted, interface.name, problem_);
        std::span<const std::byte> first = dump->next();
        if (dump->result().end == DumpEnd::Refused && !std::exchange(wanted.bytecode, {}).empty()) {
            dump = std::make_shared<Dump>(netlink_calls(), wanted, interface.name, problem_);
            first = dump->next();
        }
        if (const DumpResult result = dump->result(); result.end != DumpEnd::Done) {
            dump = nullptr; // its descriptor may be the only one to be had
            return instead(interface, table, result);
        }
        return blocks_of(dump, first, interface.name, table);
    }

    static BlockReader blocks_of(std::shared_ptr<Dump> dump, std::span<const std::byte> first,
                                 const char* name, std::size_t table) {
        return [dump = std::move(dump), first, name, table,
                offset = std::size_t{0}]() mutable -> std::optional<RawBlock> {
            const std::span<const std::byte> bytes = offset == 0 ? first : dump->next();
            if (bytes.empty()) return std::nullopt;
            const RawBlock block{name, bytes, table, offset};
            offset += bytes.size();
            return block;
        };
    }

    /// Reports once that sock_diag refuses, whichever table meets it first.
    void report_refused(int error) {
        if (!reported_refused_.exchange(true))
            problem_({fmt::format(linux_messages.no_sock_diag, std::strerror(error)), false});
    }

    BlockReader instead(const Interface& interface, std::size_t table, DumpResult why) {
        if (interface.file == nullptr) {
            // The files of SCTP in /proc/net are not read, but they exist only where it may have sockets.
            if (access("/proc/net/sctp", F_OK) == 0 && !std::exchange(reported_sctp_, true))
                problem_({fmt::format(messages.refused, interface.name, std::strerror(why.error))});
            return nullptr;
        }
        if (why.end == DumpEnd::Refused) report_refused(why.error);
        return file(interface.file, interface.file_name, table);
    }

    BlockReader file(const char* path, const char* name, std::size_t table) {
        FileBlocks opened = read_proc_file(path, name, table, problem_);
        if (opened.error != 0 && (opened.error != ENOENT || access("/proc/net", F_OK) != 0))
            problem_({fmt::format(messages.refused, path, std::strerror(opened.error)), table != no_table});
        return opened.blocks;
    }

    Request request_;
    bool few_descriptors_ = descriptors_left(descriptors_pay) < descriptors_pay;
    NewWalk tcp_walk_ = few_descriptors_ || request_.no_bpf ? nullptr : tcp_walk_that_pays(request_);
    ProblemSink listener_;
    ProblemQueue problems_;
    ProblemSink problem_;
    std::deque<std::function<BlockReader()>> tables_, sockets_;
    BlockReader reader_;
    std::atomic<bool> reported_refused_ = false;
    bool reported_sctp_ = false;
    UnixReader unix_{problem_, [this](int error) { report_refused(error); }};
};

Visibility visibility() {
    if (geteuid() != 0) return Visibility::Own;
    const std::optional<bool> initial = in_initial_pid_namespace();
    if (!initial) return Visibility::NotTold;
    return *initial ? Visibility::Everyone : Visibility::Namespace;
}

} // namespace

BlockReader live_blocks(const Request& request, ProblemSink problem) {
    const auto reader = std::make_shared<LiveReader>(request, std::move(problem));
    return [reader] { return (*reader)(); };
}

HostFacts live_host() {
    HostFacts host = posix_host(linux_system);
    host.visibility = visibility();
    // As libselinux sees it: the file system is mounted and there is a configuration.
    host.selinux = access("/sys/fs/selinux/enforce", F_OK) == 0 && access("/etc/selinux/config", F_OK) == 0;
    return host;
}

} // namespace netstat46
