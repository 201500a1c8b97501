// What the BPF programs share. Types are declared only as far as their fields are used; CO-RE relocates them to the
// running kernel's layout. The kernel relocates the programs itself as it loads them.
// SPDX-License-Identifier: BSD-2-Clause
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define CORE __attribute__((preserve_access_index))

// enum bpf_field_info_kind, enum bpf_field_exists, enum bpf_type_id_kind, enum bpf_enum_value_kind: what clang's
// builtins take (libbpf, bpf_core_read.h).
enum { field_byte_offset = 0, field_exists = 2, field_lshift_u64 = 4, field_rshift_u64 = 5 };
enum { type_id_of_kernel = 1 };
enum { enum_value_exists = 0 };

// A context's fields stand eight bytes apart (linux/bpf.h, __bpf_md_ptr); the verifier checks what they are. Not
// relocating them saves a tenth of the time to load: each type costs a search through all of the kernel's.
#define SLOT __attribute__((aligned(8)))
struct seq_file;
struct bpf_iter_meta {
    struct seq_file *seq;
};

// linux/bpf.h, BPF_FUNC_probe_read_kernel, BPF_FUNC_loop
static long (*const bpf_probe_read_kernel)(void *to, __u32 size, const void *from) = (void *)113;
static long (*const bpf_loop)(__u32 times, void *step, void *context, __u64 flags) = (void *)181;

// Since Linux 6.2 a program may read through any address as through a pointer. The processor then waits for several loads
// at once, where each bpf_probe_read_kernel() waits for its own.
enum special_kfunc_type { KF_bpf_rdonly_cast = 1 };
extern void *bpf_rdonly_cast(const void *address, __u32 type) __attribute__((section(".ksyms"), weak));
#define CASTS __builtin_preserve_enum_value(*(enum special_kfunc_type *)KF_bpf_rdonly_cast, enum_value_exists)
#define CAST(address) ((__typeof__(address))bpf_rdonly_cast(address, __builtin_btf_type_id(*(address), type_id_of_kernel)))

char _license[] SEC("license") = "Dual BSD/GPL";
