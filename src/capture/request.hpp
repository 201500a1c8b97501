// What a source of blocks is asked for.
#pragma once

#include <cstdint>
#include <vector>

#include "record/kernel_filter.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

/// A kernel table: one protocol, of one family or both. For unix neither family is set.
struct Table {
    Protocol protocol = Protocol::Tcp;
    bool inet = false, inet6 = false;
    std::uint32_t states = 0; ///< state_bit()s that the kernel may limit its answer to; 0: all
};

/// What is wanted besides the sockets themselves, and of them.
struct Wanted {
    bool owners = false;
    bool all_owners = false;    ///< every owner; else the one with the lowest pid
    bool owner_details = false; ///< their users and commands, besides names
    bool leaders_only = false;  ///< Linux: not the owners whose first thread has ended
    bool contexts = false;      ///< SELinux contexts of owners
    bool half_open = false;     ///< uid and retransmits of SYN_RECV sockets
    bool bound = false;         ///< bound-but-idle TCP sockets too, where closed ones are selected
    bool rpc_names = false;     ///< OpenBSD: what the portmapper calls ports
    bool tcp_info = false;      ///< TcpFacts; retransmits and probes apart, which half_open implies
};

struct Request {
    std::vector<Table> tables; ///< in listing order; one may come again
    Wanted wanted;
    bool everything = false; ///< every interface of this system once, for a capture; `tables` is ignored
    KernelFilter filter;
    bool no_bpf = false; ///< Linux: no program is loaded into the kernel
};

} // namespace netstat46
