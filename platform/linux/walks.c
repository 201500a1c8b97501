// Has the kernel load the BPF programs. What bpftool makes of them (*_walk.lskel.h) is C; the kernel relocates them
// itself, in a millisecond each: reading its type information to do so here takes ten times as long.
// SPDX-License-Identifier: BSD-2-Clause

#include <errno.h>

#include "walks.h"

#include "task_walk.lskel.h"
#include "tcp_walk.lskel.h"

// Each skeleton has its own functions, all of one form.
#define LOADER(walk, program, member)                                                                         \
    static void unload_##walk(void *skeleton) { walk##__destroy(skeleton); }                                   \
                                                                                                               \
    int netstat46_load_##walk(struct loaded_walk *loaded) {                                                    \
        struct walk *skeleton = walk##__open();                                                                \
        if (!skeleton) return -ENOMEM;                                                                         \
        int error = walk##__load(skeleton);                                                                    \
        if (!error) error = walk##__attach(skeleton);                                                          \
        if (error) {                                                                                           \
            walk##__destroy(skeleton);                                                                         \
            return error;                                                                                      \
        }                                                                                                      \
        *loaded = (struct loaded_walk){.link = skeleton->links.program##_fd,                                   \
                                       .member = &skeleton->bss->walked,                                       \
                                       .skeleton = skeleton,                                                   \
                                       .unload = unload_##walk};                                               \
        return 0;                                                                                              \
    }

LOADER(task_walk, sockets_of_tasks, tasks)
LOADER(tcp_walk, connections, sockets)
