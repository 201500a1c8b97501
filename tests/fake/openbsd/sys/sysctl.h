// What platform/openbsd/live.cpp needs of OpenBSD's header, so that it compiles and runs elsewhere.
#pragma once

#include <stddef.h>

#define CTL_KERN 1
#define CTL_NET 4
#define KERN_FILE 73
#define KERN_FILE_BYFILE 1
#define KERN_FILE_BYPID 2

extern "C" int sysctl(const int* name, unsigned count, void* old_value, size_t* old_size, void* new_value,
                      size_t new_size);
