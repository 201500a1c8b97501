#include "record/no_owner.hpp"

#include <algorithm>
#include <optional>

namespace netstat46 {
namespace {

constexpr NoOwnerWords table[] = {
    {NoOwner::Closing, "closing",
     "the connection is over, and the kernel keeps its addresses for a while (TIME_WAIT, FIN_WAIT2)"},
    {NoOwner::NotAccepted, "not accepted", "the listener's program has not accepted the connection yet"},
    {NoOwner::Orphan, "orphan",
     "its program has closed it, and the kernel still has to send or to wait for the other end"},
    {NoOwner::Kernel, "kernel", "the kernel opened it for itself, as for a tunnel or NFS"},
    {NoOwner::AddressesWithheld, "addresses withheld",
     "the kernel hides from this user the addresses by which holders are found"},
    {NoOwner::NotPermitted, "not permitted", "held by a hidden process or the kernel; try as root"},
    {NoOwner::NotRead, "not read", "the descriptors of some processes were not, or could not be, read"},
    {NoOwner::OtherPidNamespace, "other pid namespace",
     "a process outside of this process id namespace holds it, or the kernel"},
    {NoOwner::InDoubt, "in doubt", "more than one row of /proc/net/unix has this inode"},
    {NoOwner::NoProcess, "no process holds it", "no process holds it"},
    {NoOwner::NotTold, "not told", "this system or capture does not say whose sockets could be seen"},
};

/// Of a TCP connection whose socket has no descriptor. close(2) leads from ESTABLISHED and CLOSE_WAIT to
/// other states at once, so that these were never accepted. FIN_WAIT2 without a descriptor is a TIME_WAIT
/// socket on Linux (net/ipv4/tcp.c, __tcp_close()), and waits as one elsewhere.
std::optional<NoOwner> by_state(State state) {
    switch (state) {
    case State::SynReceived:
    case State::Established:
    case State::CloseWait:
        return NoOwner::NotAccepted;
    case State::FinWait2:
    case State::TimeWait:
        return NoOwner::Closing;
    case State::FinWait1:
    case State::Closing:
    case State::LastAck:
        return NoOwner::Orphan;
    default:
        return std::nullopt;
    }
}

/// Of a connection of a unix socket on Linux, whose state without a descriptor is one of two
/// (net/unix/af_unix.c, unix_seq_show()).
NoOwner by_unix_state(const UnixFacts& facts) {
    constexpr std::uint8_t connecting = 2, disconnecting = 4; // linux/net.h: SS_*
    if (facts.state == connecting) return NoOwner::NotAccepted;
    return facts.state == disconnecting ? NoOwner::Orphan : NoOwner::NoProcess;
}

bool has_states(const SocketRecord& socket) {
    return socket.protocol == Protocol::Tcp || socket.protocol == Protocol::Sctp;
}

/// Of a socket that Linux gives no inode.
NoOwner without_inode(const SocketRecord& socket) {
    if (socket.protocol == Protocol::Unix) return by_unix_state(unix_facts(socket));
    if (!has_states(socket)) return NoOwner::Kernel;
    return by_state(socket.state).value_or(NoOwner::NoProcess);
}

/// Of a socket for which a BSD gives no address: a connection that has none any more, or not yet.
NoOwner without_address(const SocketRecord& socket) {
    const bool may_lack_it = socket.protocol == Protocol::Tcp && socket.state != State::Established &&
                             socket.state != State::CloseWait;
    const auto by = may_lack_it ? by_state(socket.state) : std::nullopt;
    return by.value_or(NoOwner::AddressesWithheld);
}

} // namespace

std::span<const NoOwnerWords> no_owner_words() { return table; }

const NoOwnerWords& words_of(NoOwner reason) {
    return *std::find_if(std::begin(table), std::end(table),
                         [reason](const NoOwnerWords& words) { return words.reason == reason; });
}

NoOwner why_no_owner(const SocketRecord& socket, const HostTables& tables, OwnerKeys keys,
                     Visibility visibility) {
    if (socket.protocol == Protocol::KernelControl && socket.owner_key == 0) return NoOwner::Kernel;
    if (socket.protocol == Protocol::Unix && tables.unix_doubled.contains(socket.inode))
        return NoOwner::InDoubt;
    const bool inodes = keys == OwnerKeys::Inodes;
    if (socket.owner_key == 0) return inodes ? without_inode(socket) : without_address(socket);
    if (!inodes && has_states(socket) && socket.no_descriptor)
        if (const auto by = by_state(socket.state)) return *by;
    if (tables.owners_withheld || tables.links_withheld) return NoOwner::NotPermitted;
    if (tables.owners_unread) return NoOwner::NotRead;
    if (visibility == Visibility::Own) return NoOwner::NotPermitted;
    if (!tables.owners_read && tables.owners.empty()) return NoOwner::NotRead;
    if (visibility == Visibility::Everyone) return NoOwner::Kernel;
    return visibility == Visibility::Namespace ? NoOwner::OtherPidNamespace : NoOwner::NotTold;
}

} // namespace netstat46
