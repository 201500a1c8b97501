// The order of OpenBSD's netstat: its comparison, which is not an order, and the sort of its libc, on which
// it therefore depends where rows stand.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "record/socket_record.hpp"

namespace netstat46::openbsd {

/// Less than 0, 0 or more than 0, as for qsort(3). Need not be an order.
using Compare = std::function<int(const SocketRecord&, const SocketRecord&)>;

/// qsort(3) of OpenBSD (lib/libc/stdlib/qsort.c of 2017 and later), step by step: what is equal, or compares
/// both ways round alike, comes out where it does there.
void libc_sort(std::vector<const SocketRecord*>& sockets, const Compare& compare);

/// How netstat compares two records.
int compare_files(const SocketRecord& one, const SocketRecord& other);

} // namespace netstat46::openbsd
