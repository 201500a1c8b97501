// What platform/darwin's live part needs of Apple's libproc.h and sys/proc_info.h.
#pragma once

#include <stdint.h>

#define PROC_ALL_PIDS 1
#define PROC_PIDLISTFDS 1
#define PROC_PIDFDSOCKETINFO 3
#define PROX_FDTYPE_VNODE 1
#define PROX_FDTYPE_SOCKET 2

struct proc_fdinfo {
    int32_t proc_fd;
    uint32_t proc_fdtype;
};

struct socket_info {
    uint64_t soi_so;
};

struct socket_fdinfo {
    struct socket_info psi;
};

extern "C" int proc_listpids(uint32_t type, uint32_t type_info, void* buffer, int size);
extern "C" int proc_pidinfo(int pid, int flavor, uint64_t argument, void* buffer, int size);
extern "C" int proc_pidfdinfo(int pid, int fd, int flavor, void* buffer, int size);
