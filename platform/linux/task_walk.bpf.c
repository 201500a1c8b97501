// Walks over every descriptor of every process: (inode, process, descriptor) for each socket.
//
// It reads each task's descriptor table without a lock or a reference; bpf_iter.task_file takes one to every file, for four
// times as long. What it reads may be freed and used anew meanwhile: such reads give zeros or other bytes, never a fault,
// and what was found in a slot counts only if afterwards the task still has that table and the slot that file. (As
// __fget_files_rcu() of fs/file.c does it. Files and inodes live on under RCU, which an iterator's program runs under;
// where loads may be reordered, as on arm64, that second look proves a little less.)
// SPDX-License-Identifier: BSD-2-Clause

#include "walk.bpf.h"
#include "walks.h"

struct inode {
    __u16 i_mode;
    unsigned long i_ino;
} CORE;
struct file {
    __u32 f_mode;
    const void *f_op;
    struct inode *f_inode;
} CORE;
struct fdtable {
    __u32 max_fds;
    struct file **fd;
    unsigned long *open_fds;
} CORE;
struct files_struct {
    struct fdtable *volatile fdt;
} CORE;
struct task_struct {
    int pid, tgid;
    struct task_struct *group_leader;
    struct files_struct *volatile files;
} CORE;
struct bpf_iter__task {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
};

#define READ(to, field) (CASTS ? (void)((to) = (field)) : (void)bpf_probe_read_kernel(&(to), sizeof(to), &(field)))

// linux/stat.h; FMODE_PATH, linux/fs.h: opened by O_PATH, which holds nothing.
enum { s_ifmt = 0170000, s_ifsock = 0140000, fmode_path = 1 << 14 };
// A table's slots come in multiples of this (BITS_PER_LONG, fs/file.c); open_fds has a bit for each.
enum { slots_at_once = 64 };
// So many files are read side by side: the processor waits for memory once for all of them.
enum { files_at_once = 4 };
// Bounds the time under RCU, to a millisecond; the reader asks again.
enum { most_steps = 256 };

struct walked_tasks walked;

// The slots that are read, then once more; their files' operations; the inodes of the sockets among them.
static struct file *slots[slots_at_once], *still[slots_at_once];
static const void *operations[slots_at_once];
static unsigned long inodes[slots_at_once];
// A bit for each slot: those that are in use, and those with sockets.
static unsigned long used, sockets;
// The operations that all sockets share; null: none was seen yet.
static const void *socket_operations;

// The table that is walked over.
struct search {
    struct task_struct *task;
    struct files_struct *files;
    const struct fdtable *table;
    struct file **fd;
    unsigned long *open_fds;
    __u32 max_fds;
    int pid;
};

static int is_socket(const struct file *file, const struct inode *inode, const void *file_operations) {
    if (socket_operations) return file_operations == socket_operations;
    __u16 type = 0;
    __u32 mode = 0;
    READ(type, inode->i_mode);
    READ(mode, file->f_mode);
    return (type & s_ifmt) == s_ifsock && !(mode & fmode_path);
}

static void read_file(__u32 slot) {
    struct file *file = slots[slot];
    if (!file) return;
    if (CASTS) file = CAST(file);
    struct inode *inode = 0;
    const void *file_operations = 0;
    READ(inode, file->f_inode);
    READ(file_operations, file->f_op);
    operations[slot] = file_operations;
    if (!is_socket(file, inode, file_operations)) return;
    READ(inodes[slot], inode->i_ino);
    sockets |= 1ul << slot;
}

static int read_files(__u64 index, struct search *search) {
    const __u32 first = index * files_at_once % slots_at_once;
    if (!(used >> first)) return 1;
    for (int i = 0; i < files_at_once; ++i) read_file(first + i);
    return 0;
}

static int note(__u64 slot, struct search *search) {
    const __u32 count = walked.count;
    if (slot >= slots_at_once || count >= most_owned_sockets || !(sockets >> slot)) return 1;
    if (!(sockets >> slot & 1) || still[slot] != slots[slot]) return 0;
    if (!socket_operations) socket_operations = operations[slot];
    walked.sockets[count].inode = inodes[slot];
    walked.sockets[count].pid = search->pid;
    walked.sockets[count].fd = walked.fd + slot;
    walked.count = count + 1;
    return 0;
}

static int is_still_there(const struct search *search) {
    return search->task->files == search->files && search->files->fdt == search->table;
}

// The next slots; 1 at the end, where there is no room for more, or where the table has grown or was replaced.
static int step(__u64 index, struct search *search) {
    const __u32 fd = walked.fd;
    if (fd >= search->max_fds || walked.count > most_owned_sockets - slots_at_once) return 1;
    sockets = 0;
    bpf_probe_read_kernel(&used, sizeof used, search->open_fds + fd / slots_at_once);
    if (used) {
        bpf_probe_read_kernel(slots, sizeof slots, search->fd + fd);
        bpf_loop(slots_at_once / files_at_once, read_files, search, 0);
    }
    if (sockets) bpf_probe_read_kernel(still, sizeof still, search->fd + fd);
    if (!is_still_there(search)) return 1;
    if (sockets) bpf_loop(slots_at_once, note, search, 0);
    walked.fd = fd + slots_at_once;
    return 0;
}

SEC("iter/task")
int sockets_of_tasks(struct bpf_iter__task *context) {
    struct task_struct *task = context->task;
    if (!task) return 0;
    if (CASTS) task = CAST(task); // so that the verifier need not look for what it trusts, which takes 1.5 ms
    const int is_first = task->pid == task->tgid;
    if (!is_first && task->group_leader->files) return 0;
    struct search search = {.task = task, .files = task->files, .pid = is_first ? task->tgid : -task->tgid};
    if (!search.files) return 0;
    search.table = search.files->fdt;
    search.fd = search.table->fd;
    search.open_fds = search.table->open_fds;
    search.max_fds = search.table->max_fds;
    if (walked.pid != task->pid) walked.fd = 0;
    walked.pid = task->pid;
    bpf_loop(most_steps, step, &search, 0);
    // 1: the reader gets EAGAIN, and this task comes again, with the table it has then.
    return walked.fd < search.max_fds || !is_still_there(&search);
}
