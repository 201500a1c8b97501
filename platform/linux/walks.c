// Has the kernel load the programs of walks.bpf.c. What bpftool makes of them (walks.lskel.h) is C; the kernel relocates
// them itself, in 1.3 ms: reading its type information to do so here takes ten times as long.
// SPDX-License-Identifier: BSD-2-Clause

#include <errno.h>

#include "walks.lskel.h"

// Links to the iterators, the caller's to close. 0; else there are none.
int netstat46_load_walks(int *tasks, int *tcp) {
    struct walks *walks = walks__open();
    if (!walks) return -ENOMEM;
    int error = walks__load(walks);
    if (!error) error = walks__attach(walks);
    if (!error) {
        *tasks = walks->links.sockets_of_tasks_fd;
        *tcp = walks->links.tcp_sockets_fd;
        walks->links.sockets_of_tasks_fd = walks->links.tcp_sockets_fd = 0;
    }
    walks__destroy(walks);
    return error;
}
