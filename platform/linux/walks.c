// Has the kernel load the BPF programs. What bpftool makes of them (*_walk.lskel.h) is C; the kernel relocates them
// itself, in a millisecond each: reading its type information to do so here takes ten times as long.
// SPDX-License-Identifier: BSD-2-Clause

#include <errno.h>

#include "walks.h"

#include "task_walk.lskel.h"
#include "tcp_walk.lskel.h"

static void unload_task_walk(void *skeleton) { task_walk__destroy(skeleton); }

int netstat46_load_task_walk(struct loaded_walk *loaded) {
    struct task_walk *walk = task_walk__open();
    if (!walk) return -ENOMEM;
    int error = task_walk__load(walk);
    if (!error) error = task_walk__attach(walk);
    if (error) {
        task_walk__destroy(walk);
        return error;
    }
    *loaded = (struct loaded_walk){walk->links.sockets_of_tasks_fd, &walk->bss->walked, walk, unload_task_walk};
    return 0;
}

static void unload_tcp_walk(void *skeleton) { tcp_walk__destroy(skeleton); }

int netstat46_load_tcp_walk(struct loaded_walk *loaded) {
    struct tcp_walk *walk = tcp_walk__open();
    if (!walk) return -ENOMEM;
    int error = tcp_walk__load(walk);
    if (!error) error = tcp_walk__attach(walk);
    if (error) {
        tcp_walk__destroy(walk);
        return error;
    }
    *loaded = (struct loaded_walk){walk->links.tcp_sockets_fd, 0, walk, unload_tcp_walk};
    return 0;
}
