#include "linux/live_threads.hpp"

#include <pthread.h>
#include <sched.h>

namespace netstat46 {

void begin_elsewhere(std::thread& thread) {
    cpu_set_t processors;
    if (sched_getaffinity(0, sizeof processors, &processors) != 0) return;
    CPU_CLR(sched_getcpu(), &processors);
    pthread_setaffinity_np(thread.native_handle(), sizeof processors, &processors);
}

} // namespace netstat46
