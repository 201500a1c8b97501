// What the decoders and the live part presume of Apple's structures, where Apple's own headers can be asked.
// Those of the `pcblist_n` items (xinpcb_n and its like) are private; not every SDK has the others.
#include <cstddef>

#include <sys/types.h>

#include <sys/sysctl.h>

#include <libproc.h>

#include "darwin/wire.hpp"

#if __has_include(<netinet/in_pcb.h>)
#include <sys/socketvar.h>

#include <netinet/in_pcb.h>

static_assert(offsetof(xinpgen, xig_len) == netstat46::darwin_wire::xinpgen::length);
static_assert(offsetof(xinpgen, xig_count) == netstat46::darwin_wire::xinpgen::count);
static_assert(offsetof(xinpgen, xig_gen) == netstat46::darwin_wire::xinpgen::generation);
static_assert(sizeof(xinpgen) == netstat46::darwin_wire::xinpgen::size);
#endif

// sys/proc_info.h
static_assert(sizeof(proc_fdinfo) == 8 && offsetof(proc_fdinfo, proc_fdtype) == 4);
static_assert(sizeof(proc_fileinfo) == 24 && offsetof(socket_fdinfo, psi) == 24);
static_assert(sizeof(vinfo_stat) == 136 && offsetof(socket_info, soi_so) == 136);
static_assert(sizeof(socket_info::soi_so) == 8);
static_assert(PROC_PIDLISTFD_SIZE == sizeof(proc_fdinfo));
static_assert(PROC_PIDFDSOCKETINFO_SIZE == sizeof(socket_fdinfo));

// sys/sysctl.h, sys/proc.h
static_assert(sizeof(kinfo_proc) == 648);
static_assert(offsetof(kinfo_proc, kp_proc.p_comm) == 243 && sizeof(kinfo_proc::kp_proc.p_comm) == 17);
static_assert(sizeof(kinfo_proc::kp_eproc.e_ucred.cr_uid) == 4);
