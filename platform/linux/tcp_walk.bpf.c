// Walks over the connections of the reader's network namespace, those in the kernel's table of them (ehash): every TCP
// socket but the listening ones. The table may hold all namespaces' sockets; a walk that wrote skc_net's inum into each
// record could give all of them at once.
//
// It reads the table without a lock or a reference, as the kernel's own lookups do (__inet_lookup_established() of
// net/ipv4/inet_hashtables.c): sockets may be freed meanwhile, and their memory used anew for others, but while RCU is held,
// which an iterator's program holds, it stays a socket's, and each chain ends with its bucket's number. What was found in a
// bucket counts if a second look finds the same sockets there, in the same order; else the bucket is read anew. (Where loads
// may be reordered, as on arm64, the second look proves a little less.) bpf_iter.tcp would not do: it locks each socket, for
// two to four times as long, and it takes references to sockets that have none yet, which most kernels until August of 2026
// do not survive (CVE-2026-74714).
// SPDX-License-Identifier: BSD-2-Clause

#include "walk.bpf.h"
#include "walks.h"

struct in6_addr {
    __u32 words[4];
};
struct hlist_nulls_node {
    struct hlist_nulls_node *next;
} CORE;
struct inet_hashinfo {
    void *ehash;
    __u32 ehash_mask;
} CORE;
struct inet_timewait_death_row {
    struct inet_hashinfo *hashinfo;
} CORE;
struct netns_ipv4 {
    struct inet_timewait_death_row tcp_death_row;
} CORE;
struct net {
    struct netns_ipv4 ipv4;
} CORE;
struct nsproxy {
    struct net *net_ns;
} CORE;
struct task_struct {
    struct nsproxy *nsproxy;
} CORE;
typedef struct {
    struct net *net;
} CORE possible_net_t;
typedef struct {
    __u32 val;
} CORE kuid_t;
struct sock;
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
    struct sock *skc_listener;
    struct hlist_nulls_node skc_nulls_node;
} CORE;
struct inode {
    unsigned long i_ino;
    kuid_t i_uid;
} CORE;
struct socket_alloc {
    struct inode vfs_inode;
} CORE;
struct sock {
    struct sock_common __sk_common;
    struct socket *sk_socket;
    unsigned long sk_ino;
    kuid_t sk_uid;
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
struct bpf_iter__task {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
};

// linux/bpf.h, BPF_FUNC_get_current_task
static struct task_struct *(*const bpf_get_current_task)(void) = (void *)35;

// linux/socket.h, net/tcp_states.h
enum { af_inet6 = 10 };
enum { tcp_syn_recv = 3, tcp_time_wait = 6, tcp_new_syn_recv = 12 };

// Buckets and sockets, other namespaces' included, that one run reads: they bound its time under RCU, to a millisecond or
// two. The reader asks for another run.
enum { most_buckets = 1 << 14, enough_links = 1 << 12 };
// How often a bucket is looked at until it counts as it is, and as partial.
enum { most_looks = 16 };

struct walked_sockets walked;

// Where each record was read.
static struct {
    unsigned long node;
    __u32 hash;
} places[most_walked_sockets];

// The table's buckets, and the namespace of the reader.
static unsigned long table;
static __u32 mask;
static void *volatile reader_net;

// The state of the bucket that is read: the node that its chain was followed to; the first of its records, and at the second
// look the one that comes next; how often it was looked at already.
static unsigned long link;
static __u32 first, checked, looks;
// How many sockets this run has read.
static __u32 links;
static __u8 is_full, has_changed;

// What is loaded from the program's own memory is a number to the verifier.
static void *volatile pointer;
static unsigned long number(const void *value) {
    pointer = (void *)value;
    return (unsigned long)pointer;
}

// Whatever is part of a socket is read as part of a tcp_sock, though it may be less: each type more costs a search through
// all of the kernel's as the program is loaded.
#define SOCK(tcp) (tcp)->inet_conn.icsk_inet.sk
#define COMMON(tcp) SOCK(tcp).__sk_common
#define OFFSET(field) __builtin_preserve_field_info(field, field_byte_offset)
static const struct tcp_sock *socket_of(unsigned long node) {
    return CAST((struct tcp_sock *)(node - OFFSET(COMMON((struct tcp_sock *)0).skc_nulls_node)));
}

// A bucket is a pointer to its first node, and a node begins with one to the next; the chain's end is odd
// (linux/list_nulls.h).
static unsigned long next(unsigned long node) { return number(COMMON(socket_of(node)).skc_nulls_node.next); }
static unsigned long end_of_chain(__u32 bucket) { return 2ul * bucket + 1; }
static unsigned long bucket_at(__u32 bucket) { return table + sizeof(void *) * bucket; }

// ---- Reading sockets

// A bit field has no address that could be relocated; its byte has.
static __u8 ipv6only(const struct tcp_sock *tcp) {
    const __u8 *byte = (const __u8 *)tcp + OFFSET(COMMON(tcp).skc_ipv6only);
    __asm__("" : "+r"(byte));
    const __u64 shifted = (__u64)*byte << __builtin_preserve_field_info(COMMON(tcp).skc_ipv6only, field_lshift_u64);
    return shifted >> __builtin_preserve_field_info(COMMON(tcp).skc_ipv6only, field_rshift_u64);
}

// As sock_i_ino() and sock_i_uid() of the running kernel have them (net/core/sock.c): since Linux 6.18 the socket knows both.
static void read_owner(const struct tcp_sock *tcp, struct tcp_record *record) {
    if (__builtin_preserve_field_info(SOCK(tcp).sk_ino, field_exists)) {
        record->inode = SOCK(tcp).sk_ino;
        record->uid = SOCK(tcp).sk_uid.val;
        return;
    }
    const unsigned long socket = number(SOCK(tcp).sk_socket);
    if (!socket) return;
    const struct socket_alloc *file = CAST((struct socket_alloc *)socket);
    record->inode = file->vfs_inode.i_ino;
    record->uid = file->vfs_inode.i_uid.val;
}

static void read_addresses(const struct tcp_sock *tcp, struct tcp_record *record) {
    if (record->family != af_inet6) {
        record->addresses[0] = COMMON(tcp).skc_rcv_saddr;
        record->addresses[1] = COMMON(tcp).skc_daddr;
        return;
    }
    for (int i = 0; i < 4; ++i) {
        record->addresses[i] = COMMON(tcp).skc_v6_rcv_saddr.words[i];
        record->addresses[4 + i] = COMMON(tcp).skc_v6_daddr.words[i];
    }
}

// As inet_sk_diag_fill(), inet_twsk_diag_fill() and inet_req_diag_fill() have them (net/ipv4/inet_diag.c).
static void read_socket(const struct tcp_sock *tcp, struct tcp_record *record) {
    record->family = COMMON(tcp).skc_family;
    record->state = COMMON(tcp).skc_state;
    record->v6only = record->family == af_inet6 && ipv6only(tcp);
    record->local_port = COMMON(tcp).skc_num;
    record->foreign_port = COMMON(tcp).skc_dport;
    record->device = COMMON(tcp).skc_bound_dev_if;
    record->recv_q = record->send_q = record->inode = record->uid = 0;
    if (record->state == tcp_time_wait) {
        record->state = CAST((struct inet_timewait_sock *)tcp)->tw_substate;
    } else if (record->state == tcp_new_syn_recv) {
        record->state = tcp_syn_recv;
        read_owner(CAST((struct tcp_sock *)number(COMMON(tcp).skc_listener)), record);
        record->inode = 0;
    } else {
        read_owner(tcp, record);
        const int received = tcp->rcv_nxt - tcp->copied_seq;
        record->recv_q = received > 0 ? received : 0;
        record->send_q = tcp->write_seq - tcp->snd_una;
    }
    read_addresses(tcp, record);
}

static int read_link(__u64 index, void *unused) {
    const __u32 count = walked.count;
    if (link & 1) return 1;
    ++links;
    is_full = count >= most_walked_sockets;
    if (count >= most_walked_sockets) return 1;
    const struct tcp_sock *tcp = socket_of(link);
    if (COMMON(tcp).skc_net.net == reader_net) {
        places[count].node = link;
        places[count].hash = COMMON(tcp).skc_hash;
        read_socket(tcp, &walked.records[count]);
        walked.count = count + 1;
    }
    link = next(link);
    return 0;
}

// The hash is over addresses and ports: somebody who finds two connections of one hash could not choose the ports, too.
static int is_the_same(const struct tcp_sock *tcp, __u32 at) {
    return places[at].node == link && places[at].hash == COMMON(tcp).skc_hash &&
           walked.records[at].family == COMMON(tcp).skc_family && walked.records[at].local_port == COMMON(tcp).skc_num &&
           walked.records[at].foreign_port == COMMON(tcp).skc_dport;
}

static int check_link(__u64 index, void *unused) {
    const __u32 at = checked;
    if (link & 1) return 1;
    ++links;
    const struct tcp_sock *tcp = socket_of(link);
    if (COMMON(tcp).skc_net.net == reader_net) {
        has_changed = at >= most_walked_sockets || at >= walked.count || !is_the_same(tcp, at);
        if (has_changed) return 1;
        checked = at + 1;
    }
    link = next(link);
    return 0;
}

// Looks at the bucket twice; its records begin at `first`.
static void look(__u32 bucket) {
    bpf_loop(walked.links, read_link, 0, 0);
    has_changed = link != end_of_chain(bucket);
    if (is_full || has_changed) return;
    link = next(bucket_at(bucket));
    bpf_loop(walked.links, check_link, 0, 0);
    has_changed |= link != end_of_chain(bucket) || checked != walked.count;
}

static int read_bucket(__u64 index, void *unused) {
    const __u32 bucket = walked.bucket;
    walked.ended = bucket > mask;
    if (walked.ended || walked.count >= enough_walked_sockets || links >= enough_links) return 1;
    first = checked = walked.count;
    is_full = has_changed = 0;
    link = next(bucket_at(bucket));
    if (!(link & 1)) look(bucket);
    if (is_full && first) {
        walked.count = first;
        return 1;
    }
    looks = has_changed ? looks + 1 : 0;
    if (has_changed && looks < most_looks) {
        walked.count = first;
        return 0;
    }
    walked.partial += is_full || has_changed;
    looks = 0;
    walked.bucket = bucket + 1;
    return 0;
}

SEC("iter/task")
int connections(struct bpf_iter__task *context) {
    if (walked.ended) return 0;
    struct net *net = CAST(CAST(bpf_get_current_task())->nsproxy)->net_ns;
    const struct inet_hashinfo *hashinfo = net->ipv4.tcp_death_row.hashinfo;
    reader_net = net;
    table = number(hashinfo->ehash);
    mask = hashinfo->ehash_mask;
    links = 0;
    bpf_loop(most_buckets, read_bucket, 0, 0);
    return !walked.ended; // 1: the reader gets EAGAIN
}
