// What platform/openbsd/live_portmap.cpp needs of OpenBSD's header, which glibc has elsewhere.
#pragma once

#include <netdb.h>
