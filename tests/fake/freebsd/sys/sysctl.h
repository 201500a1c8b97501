// What platform/freebsd/live.cpp needs of FreeBSD's header, so that it compiles and runs elsewhere.
#pragma once

#include <stddef.h>

extern "C" int sysctlbyname(const char* name, void* old_value, size_t* old_size, const void* new_value,
                            size_t new_size);
