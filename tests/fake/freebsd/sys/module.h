// What platform/freebsd/live_ports.cpp needs of FreeBSD's header.
#pragma once

extern "C" int modfind(const char* name);
