// What platform/darwin's live part needs of Apple's header, so that it compiles and runs elsewhere.
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define CTL_KERN 1
#define KERN_PROC 14
#define KERN_PROC_PID 1

struct kinfo_proc {
    struct {
        char p_comm[17];
    } kp_proc;
    struct {
        struct {
            uid_t cr_uid;
        } e_ucred;
    } kp_eproc;
};

extern "C" int sysctl(int* name, unsigned name_length, void* old_value, size_t* old_size, void* new_value,
                      size_t new_size);
extern "C" int sysctlbyname(const char* name, void* old_value, size_t* old_size, void* new_value,
                            size_t new_size);
