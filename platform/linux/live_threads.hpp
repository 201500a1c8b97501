// Where threads run.
#pragma once

#include <thread>

namespace netstat46 {

/// Has a new thread run on another processor than its parent does. Where processors share no cache (in
/// virtual machines) it is left beside its parent for 3 ms and more, longer than few sockets take: this saves
/// a fifth of the run on a small host, and a twentieth on a large one.
void begin_elsewhere(std::thread& thread);

} // namespace netstat46
