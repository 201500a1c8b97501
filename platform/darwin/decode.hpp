// The decoders of Darwin's interfaces, as darwin_decoders() (capture/decoders.hpp) names them.
#pragma once

#include "capture/decoders.hpp"
#include "darwin/items.hpp"
#include "darwin/wire.hpp"

namespace netstat46::darwin {

/// `net.inet.tcp.pcblist_n`, `net.inet.udp.pcblist_n`, `net.inet.raw.pcblist_n`.
SocketDecoder decode_tcp(const DecodeContext& context);
SocketDecoder decode_udp(const DecodeContext& context);
SocketDecoder decode_raw(const DecodeContext& context);

/// `net.inet.mptcp.pcblist`: only whether there is one matters to the listing; sessions in it are reported,
/// not read.
SocketDecoder decode_multipath(const DecodeContext& context);

/// `net.local.*.pcblist_n`, from xnu-8792 on, and `net.local.*.pcblist64`.
SocketDecoder decode_unix(const DecodeContext& context);
SocketDecoder decode_unix64(const DecodeContext& context);

/// `net.systm.kctl.reg_list`, `net.systm.kevt.pcblist`, `net.systm.kctl.pcblist`. Their records tell
/// themselves apart by `socket_protocol`: 0 a registration, 1 an event socket, 2 a control socket
/// (sys/sys_domain.h: SYSPROTO_*).
SocketDecoder decode_control_registrations(const DecodeContext& context);
SocketDecoder decode_event_sockets(const DecodeContext& context);
SocketDecoder decode_control_sockets(const DecodeContext& context);

/// `proc.pid.fd`: lines `pid TAB fd TAB socket`, the socket's address in hexadecimal as xsocket_n has it; a
/// process whose descriptors were refused is `pid TAB - TAB reason`.
HostTablesDecoder decode_owners(const DecodeContext& context);

/// The first kinds of every list form are the pcb itself, then these.
inline constexpr std::size_t pcb_item = 0, socket_item = 1, receive_item = 2, send_item = 3,
                             statistics_item = 4, tcpcb_item = 5;

inline constexpr ItemKind socket_kind{darwin_wire::kind::socket, "xsocket_n",
                                      darwin_wire::xsocket_n::size_7195, darwin_wire::xsocket_n::size,
                                      darwin_wire::xsocket_n::size_7195};
inline constexpr ItemKind receive_kind{darwin_wire::kind::receive_buffer, "receive xsockbuf_n",
                                       darwin_wire::xsockbuf_n::low_water + 4, darwin_wire::xsockbuf_n::size};
inline constexpr ItemKind send_kind{darwin_wire::kind::send_buffer, "send xsockbuf_n",
                                    darwin_wire::xsockbuf_n::low_water + 4, darwin_wire::xsockbuf_n::size};
inline constexpr ItemKind statistics_kind{darwin_wire::kind::statistics, "xsockstat_n",
                                          darwin_wire::xsockstat_n::size, darwin_wire::xsockstat_n::size};

/// Of a listener.
struct QueueOffsets {
    std::size_t queued, incomplete, limit; ///< i16
};

std::optional<Backlog> load_backlog(Bytes socket, const QueueOffsets& at);

/// The record's general words for what its options and its socket's state say.
void settle_options(SocketRecord& record);

/// What xsocket_n, the two xsockbuf_n and xsockstat_n hold; a missing one leaves its fields as they are.
void load_socket_items(const Group& group, SocketRecord& record);

/// By the address of the control block, which both the pcb and its socket name.
Kinship same_control_block(const Item& item, const Group& group);

/// By the first item alone.
Kinship same_first_item(const Item& item, const Group& group);

} // namespace netstat46::darwin
