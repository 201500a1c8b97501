// Why nobody is known to hold a socket.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "record/host_tables.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

enum class NoOwner : std::uint8_t {
    Closing,           ///< the connection is over; only its addresses are kept for a while
    NotAccepted,       ///< its listener's program has not accepted it yet
    Orphan,            ///< its program has closed it; the kernel still sends or waits
    Kernel,            ///< the kernel's own
    AddressesWithheld, ///< BSD: the kernel hides the addresses by which holders are found
    NotPermitted,      ///< descriptors of some processes may not be looked at
    NotRead,           ///< descriptors were not, or could not be, looked at
    OtherPidNamespace, ///< no process that is visible here holds it
    InDoubt,           ///< Linux: several rows of /proc/net/unix have its inode, of which one may be forged
    NoProcess,         ///< it has no descriptor, for an unknown reason
    NotTold,           ///< it may have a descriptor, and it is not known whose were looked at
};

/// How a reason is written.
struct NoOwnerWords {
    NoOwner reason;
    std::string_view word;     ///< in JSON, and in brackets where a holder's name would stand
    std::string_view sentence; ///< for people, without its full stop
};

/// All of them.
std::span<const NoOwnerWords> no_owner_words();

const NoOwnerWords& words_of(NoOwner reason);

/// Why `socket`, which has none, has no known owner. `keys` and `visibility` are those of its host.
NoOwner why_no_owner(const SocketRecord& socket, const HostTables& tables, OwnerKeys keys,
                     Visibility visibility);

} // namespace netstat46
