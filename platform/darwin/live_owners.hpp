// Who holds which socket, from libproc.
#pragma once

#include "capture/raw_block.hpp"
#include "capture/request.hpp"

namespace netstat46::darwin {

/// `proc.pid.fd` (decode_owners() reads it), then `processes.tsv` with every process: pid, p_comm, effective
/// uid. Processes that end meanwhile are left out; those whose descriptors are refused are `pid TAB - TAB
/// EPERM`.
BlockReader read_owners(const ProblemSink& problem);

} // namespace netstat46::darwin
