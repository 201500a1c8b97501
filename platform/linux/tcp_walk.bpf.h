// What the walks over TCP sockets share: the record of each, written to the iterator's file.
// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "walk.bpf.h"

struct in6_addr {
    __u32 words[4];
};
struct net;
typedef struct {
    struct net *net;
} CORE possible_net_t;
struct sock_common {
    __u32 skc_daddr, skc_rcv_saddr;
    __u32 skc_hash;
    __u16 skc_dport, skc_num;
    __u16 skc_family;
    volatile __u8 skc_state;
    __u8 skc_ipv6only : 1;
    int skc_bound_dev_if;
    possible_net_t skc_net;
    struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
} CORE;
struct inode {
    unsigned long i_ino;
} CORE;
struct socket_alloc {
    struct inode vfs_inode;
} CORE;
struct sock {
    void *sk_socket;
    unsigned long sk_ino;
    __u32 sk_ack_backlog, sk_max_ack_backlog;
} CORE;
struct inet_sock {
    struct sock sk;
} CORE;
struct inet_connection_sock {
    struct inet_sock icsk_inet;
} CORE;
struct tcp_sock {
    struct inet_connection_sock inet_conn;
    __u32 rcv_nxt, copied_seq, write_seq, snd_una;
} CORE;
struct inet_timewait_sock {
    volatile __u8 tw_substate;
} CORE;
struct tcp_timewait_sock {
    struct inet_timewait_sock tw_sk;
} CORE;
struct bpf_iter__tcp {
    struct bpf_iter_meta *meta;
    struct sock_common *sk_common;
    __u32 uid SLOT;
};

// linux/bpf.h: BPF_FUNC_seq_write, BPF_FUNC_skc_to_tcp_sock, BPF_FUNC_skc_to_tcp_timewait_sock.
static long (*const bpf_seq_write)(struct seq_file *seq, const void *data, __u32 length) = (void *)127;
static struct tcp_sock *(*const bpf_skc_to_tcp_sock)(void *socket) = (void *)137;
static struct tcp_timewait_sock *(*const bpf_skc_to_tcp_timewait_sock)(void *socket) = (void *)138;

// linux/socket.h, net/tcp_states.h
enum { af_inet = 2, af_inet6 = 10 };
enum { tcp_syn_recv = 3, tcp_time_wait = 6, tcp_listen = 10, tcp_new_syn_recv = 12 };

// As tcp_walk_decoder() reads it (decode_walks.cpp): of IPv4 only the first two words of the addresses are written.
struct tcp_record {
    __u8 family, state, v6only, unused;
    __u16 local_port;   // host order
    __u16 foreign_port; // network order
    __u32 recv_q, send_q, inode, uid, device;
    __u32 addresses[8];
};
#define WITHOUT_ADDRESSES __builtin_offsetof(struct tcp_record, addresses)

// A bit field has no address that could be relocated; its byte has.
static __u8 ipv6only(const struct sock_common *common) {
    const __u8 *byte = (const __u8 *)common + __builtin_preserve_field_info(common->skc_ipv6only, field_byte_offset);
    __asm__("" : "+r"(byte));
    const __u64 shifted = (__u64)*byte << __builtin_preserve_field_info(common->skc_ipv6only, field_lshift_u64);
    return shifted >> __builtin_preserve_field_info(common->skc_ipv6only, field_rshift_u64);
}

// As sock_i_ino() of the running kernel has it (net/core/sock.c): since Linux 6.18 the socket knows it itself.
static __u32 inode_of(const struct tcp_sock *tcp) {
    if (__builtin_preserve_field_info(tcp->inet_conn.icsk_inet.sk.sk_ino, field_exists))
        return tcp->inet_conn.icsk_inet.sk.sk_ino;
    unsigned long inode = 0;
    struct socket_alloc *socket = tcp->inet_conn.icsk_inet.sk.sk_socket;
    if (socket) bpf_probe_read_kernel(&inode, sizeof inode, &socket->vfs_inode.i_ino);
    return inode;
}

// As tcp_diag_get_info() has them (net/ipv4/tcp_diag.c).
static void read_queues(const struct tcp_sock *tcp, struct tcp_record *record) {
    if (record->state == tcp_listen) {
        record->recv_q = tcp->inet_conn.icsk_inet.sk.sk_ack_backlog;
        record->send_q = tcp->inet_conn.icsk_inet.sk.sk_max_ack_backlog;
        return;
    }
    const int received = tcp->rcv_nxt - tcp->copied_seq;
    record->recv_q = received > 0 ? received : 0;
    record->send_q = tcp->write_seq - tcp->snd_una;
}

static int write_socket(struct bpf_iter__tcp *context, struct sock_common *common) {
    struct tcp_record record = {.family = common->skc_family,
                                .state = common->skc_state,
                                .local_port = common->skc_num,
                                .foreign_port = common->skc_dport,
                                .uid = context->uid,
                                .device = common->skc_bound_dev_if};
    struct tcp_sock *tcp = bpf_skc_to_tcp_sock(common);
    if (tcp) {
        record.inode = inode_of(tcp);
        read_queues(tcp, &record);
    } else if (record.state == tcp_time_wait) {
        struct tcp_timewait_sock *waiting = bpf_skc_to_tcp_timewait_sock(common);
        if (waiting) record.state = waiting->tw_sk.tw_substate;
    } else if (record.state == tcp_new_syn_recv) {
        record.state = tcp_syn_recv; // as inet_req_diag_fill() has it (net/ipv4/inet_diag.c)
    }
    if (record.family == af_inet6) {
        record.v6only = ipv6only(common);
        for (int i = 0; i < 4; ++i) {
            record.addresses[i] = common->skc_v6_rcv_saddr.words[i];
            record.addresses[4 + i] = common->skc_v6_daddr.words[i];
        }
        bpf_seq_write(context->meta->seq, &record, WITHOUT_ADDRESSES + 32);
    } else if (record.family == af_inet) {
        record.addresses[0] = common->skc_rcv_saddr;
        record.addresses[1] = common->skc_daddr;
        bpf_seq_write(context->meta->seq, &record, WITHOUT_ADDRESSES + 8);
    }
    return 0;
}
