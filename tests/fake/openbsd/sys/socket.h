// And what OpenBSD has in it besides POSIX.
#pragma once

#include_next <sys/socket.h>

#define NET_RT_TABLE 5
#define RT_TABLEID_MAX 255

extern "C" int getrtable();
