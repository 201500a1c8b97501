// The kernel's own walk over every descriptor of every process: one record per socket, written to the iterator's file.
// Types are declared only as far as their fields are used; CO-RE relocates them to the running kernel's layout.
// SPDX-License-Identifier: BSD-2-Clause

typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define CORE __attribute__((preserve_access_index))

struct seq_file;
struct inode {
    unsigned long i_ino;
} CORE;
struct file {
    struct inode *f_inode;
} CORE;
struct task_struct {
    int pid;
    int tgid;
} CORE;
struct bpf_iter_meta {
    struct seq_file *seq;
} CORE;
struct bpf_iter__task_file {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
    __u32 fd;
    struct file *file;
} CORE;

// linux/bpf.h: BPF_FUNC_seq_write 127, BPF_FUNC_sock_from_file 162.
static long (*const bpf_seq_write)(struct seq_file *seq, const void *data, __u32 length) = (void *)127;
static struct socket *(*const bpf_sock_from_file)(struct file *file) = (void *)162;

// As OwnedSocket in live_owners.hpp.
struct owned_socket {
    __u64 inode;
    __u32 pid;
    __u32 fd;
};

SEC("iter/task_file")
int sockets_of_tasks(struct bpf_iter__task_file *context) {
    struct task_struct *task = context->task;
    struct file *file = context->file;
    struct owned_socket owned;
    if (!task || !file || task->pid != task->tgid || !bpf_sock_from_file(file)) return 0;
    owned.inode = file->f_inode->i_ino;
    owned.pid = task->tgid;
    owned.fd = context->fd;
    bpf_seq_write(context->meta->seq, &owned, sizeof owned);
    return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
