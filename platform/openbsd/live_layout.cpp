// What the decoders and the live part presume of OpenBSD's structures, asked of its own header.
#include <cstddef>

#include <sys/types.h>

#include <sys/sysctl.h>

#include "openbsd/wire.hpp"

using File = ::kinfo_file;
namespace wire = netstat46::openbsd::kinfo_file;

static_assert(sizeof(File) >= wire::size);
static_assert(sizeof(File::p_comm) == wire::command_room && sizeof(File::unp_path) == wire::path_room);
static_assert(offsetof(File, f_type) == wire::type);
static_assert(offsetof(File, f_uid) == wire::uid);
static_assert(offsetof(File, v_un) == wire::vnode);
static_assert(offsetof(File, so_type) == wire::socket_type);
static_assert(offsetof(File, so_state) == wire::socket_state);
static_assert(offsetof(File, so_pcb) == wire::pcb);
static_assert(offsetof(File, so_protocol) == wire::protocol);
static_assert(offsetof(File, so_family) == wire::family);
static_assert(offsetof(File, inp_ppcb) == wire::tcb);
static_assert(offsetof(File, inp_lport) == wire::local_port);
static_assert(offsetof(File, inp_laddru) == wire::local);
static_assert(offsetof(File, inp_fport) == wire::foreign_port);
static_assert(offsetof(File, inp_faddru) == wire::foreign);
static_assert(offsetof(File, unp_conn) == wire::peer);
static_assert(offsetof(File, p_pid) == wire::pid);
static_assert(offsetof(File, fd_fd) == wire::fd);
static_assert(offsetof(File, p_uid) == wire::process_uid);
static_assert(offsetof(File, p_comm) == wire::command);
static_assert(offsetof(File, inp_rtableid) == wire::routing_table);
static_assert(offsetof(File, so_rcv_cc) == wire::received);
static_assert(offsetof(File, so_snd_cc) == wire::sent);
static_assert(offsetof(File, unp_refs) == wire::first_ref);
static_assert(offsetof(File, unp_nextref) == wire::next_ref);
static_assert(offsetof(File, unp_path) == wire::path);
static_assert(offsetof(File, inp_proto) == wire::ip_protocol);
static_assert(offsetof(File, t_state) == wire::state);
static_assert(offsetof(File, t_rcv_wnd) == wire::receive_window);
static_assert(offsetof(File, t_snd_wnd) == wire::send_window);
static_assert(offsetof(File, t_snd_cwnd) == wire::congestion_window);
