// inet_diag's bytecode: which sockets the kernel may leave out of a dump.
#pragma once

#include <cstddef>
#include <vector>

#include "record/kernel_filter.hpp"

namespace netstat46 {

/// The payload of INET_DIAG_REQ_BYTECODE that lets through what `filter` asks for; empty if it asks for
/// nothing, or for more than fits an attribute.
std::vector<std::byte> filter_bytecode(const KernelFilter& filter);

} // namespace netstat46
