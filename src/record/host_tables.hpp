// All that a listing needs besides the sockets themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "record/owners.hpp"
#include "record/port_facts.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

/// What /proc/net/tcp has of a half-open (SYN_RECV) connection and sock_diag has not.
struct HalfOpen {
    Endpoint local, foreign;
    std::uint32_t uid = 0;
    std::uint32_t retransmits = 0;
};

/// What is known of a unix socket besides its row.
struct UnixDetails {
    struct Queues {
        std::uint32_t receive = 0; ///< bytes; of a listener the connections that wait
        std::uint32_t send =
            0; ///< memory of what is sent and not read, in bytes; of a listener how many may wait
    };
    std::uint32_t peer = 0; ///< inode; 0: none
    bool listens = false;
    std::optional<Queues> queues;
    std::string path;                  ///< as /proc/net/unix has it
    std::optional<std::uint64_t> refs; ///< of its row in /proc/net/unix, which has this name
    bool refs_disputed = false;        ///< rows of it say different things of refs
};

/// A connection that was not accepted yet: only /proc/net/unix has it.
struct UnixWaiting {
    UnixFacts facts; ///< without the path
    std::string path;
};

struct HostTables {
    Owners owners;
    std::unordered_map<std::int32_t, Process> processes;
    std::vector<HalfOpen> half_open;
    bool unix_told = false;                                      ///< sock_diag has listed all unix sockets
    std::unordered_map<std::uint64_t, UnixDetails> unix_sockets; ///< by inode
    std::multimap<std::uint64_t, UnixWaiting> unix_waiting; ///< by the inode of the socket before; 0: first
    /// OpenBSD hides addresses: owner keys that several sockets have in common, so that nobody knows whose
    /// holders they find.
    std::unordered_set<std::uint64_t> ambiguous_keys;
    /// OpenBSD: who opened a socket, by owner key, where only its owners' descriptors say so.
    std::unordered_map<std::uint64_t, std::uint32_t> opened_by;
    std::map<std::string, std::string, std::less<>>
        rpc_services;                               ///< OpenBSD: `902/udp` to the portmapper's name
    std::unordered_set<std::uint64_t> unix_doubled; ///< without sock_diag: inodes of more than one row

    // As a capture's .tsv files hold them.
    std::map<std::uint32_t, std::string> interfaces;          ///< index to name
    std::map<std::string, std::string, std::less<>> services; ///< `8888/tcp` to name
    std::map<std::string, std::string, std::less<>> hosts;    ///< numeric address to name
    std::map<std::uint32_t, std::string> users;               ///< uid to name
    KeptPortFacts ports;
    bool owners_withheld = false; ///< some processes' descriptors could not be read for want of privilege
    bool owners_unread = false;   ///< some could not be read for another reason: why is a Problem
    bool links_withheld = false;  ///< some descriptors were listed and could not be looked at (Linux)
    bool every_descriptor_told = false; ///< of all processes (OpenBSD): a socket that nobody holds has none
    bool owners_read = false;           ///< at least one descriptor table could be read

    /// The process, or null where its name is not known.
    [[nodiscard]] const Process* process(std::int32_t pid) const {
        const auto found = processes.find(pid);
        return found == processes.end() ? nullptr : &found->second;
    }

    /// Every owner; where no descriptor is known, the process that used the socket last (without a
    /// descriptor).
    [[nodiscard]] std::vector<Owner> owners_of(const SocketRecord& socket) const {
        std::vector<Owner> found = owners.all(socket.owner_key);
        if (found.empty() && socket.last_pid) found.push_back({*socket.last_pid, -1});
        return found;
    }
};

} // namespace netstat46
