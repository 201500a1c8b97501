// What the BPF programs (*_walk.bpf.c), their loader (walks.c) and their reader (live_bpf.cpp) share.
// SPDX-License-Identifier: BSD-2-Clause
#pragma once

enum { most_owned_sockets = 1024 };

// As task_walk_decoder() reads it (decode_walks.cpp).
struct owned_socket {
    unsigned long long inode;
    int pid; // negative: a thread has it, of a process whose first thread has ended
    unsigned fd;
};

// What the walk over tasks has found, in memory of the program's. The reader sets `pid` to 0 to begin, and `count` to 0
// when it has taken the sockets.
struct walked_tasks {
    unsigned count; // of sockets
    int pid;        // of the task that was looked at last, and
    unsigned fd;    // the descriptor of it to go on with
    struct owned_socket sockets[most_owned_sockets];
};

struct loaded_walk {
    int link;                   // to the iterator
    struct walked_tasks *tasks; // null: of sockets
    void *skeleton;
    void (*unload)(void *skeleton);
};

// 0; else errno's value, negative, and there is nothing to unload.
int netstat46_load_task_walk(struct loaded_walk *loaded);
int netstat46_load_tcp_walk(struct loaded_walk *loaded);
int netstat46_load_tcp_long_walk(struct loaded_walk *loaded);
