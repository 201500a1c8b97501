// And what the BSDs have besides POSIX.
#pragma once

#include_next <unistd.h>

extern "C" int issetugid();
