// Walks over every TCP socket of the reader's network namespace.
// SPDX-License-Identifier: BSD-2-Clause

#include "tcp_walk.bpf.h"

SEC("iter/tcp")
int tcp_sockets(struct bpf_iter__tcp *context) {
    struct sock_common *common = context->sk_common;
    return common ? write_socket(context, common) : 0;
}
