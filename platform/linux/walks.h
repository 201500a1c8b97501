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

// What the walk over tasks has found, in the program's memory. The reader sets `pid` to 0 to begin, and `count` to 0
// when it has taken the sockets.
struct walked_tasks {
    unsigned count; // of sockets
    int pid;        // of the task that was looked at last, and
    unsigned fd;    // the descriptor of it to go on with
    struct owned_socket sockets[most_owned_sockets];
};

// The most sockets that are taken of one bucket, and as many as are enough for the reader to get them.
enum { most_walked_sockets = 2048, enough_walked_sockets = 1024 };

// Sockets of a bucket that are looked at, other namespaces' included.
enum { most_walked_links = 1 << 12 };

// As tcp_walk_decoder() reads it (decode_walks.cpp), which of IPv4 is given the first two words of the addresses only.
struct tcp_record {
    unsigned char family, state, v6only, unused;
    unsigned short local_port;   // host order
    unsigned short foreign_port; // network order
    unsigned recv_q, send_q, inode, uid, device;
    unsigned addresses[8]; // local, foreign; network order
};

// What the walk over connections has found. The reader sets all but `links` to 0 to begin, and `count` to 0 when it has taken
// the records.
struct walked_sockets {
    unsigned count;   // of records
    unsigned bucket;  // to go on with
    unsigned ended;   // all buckets were read
    unsigned partial; // buckets with more than `most` sockets, or that had changed at every look: sockets may be missing or
                      // doubled
    unsigned links;   // most_walked_links
    struct tcp_record records[most_walked_sockets];
};

struct loaded_walk {
    int link;                       // to the iterator
    struct walked_tasks *tasks;     // one of these two, the other is null
    struct walked_sockets *sockets;
    void *skeleton;
    void (*unload)(void *skeleton);
};

// 0; else errno's value, negative, and there is nothing to unload.
int netstat46_load_task_walk(struct loaded_walk *loaded);
int netstat46_load_tcp_walk(struct loaded_walk *loaded);
