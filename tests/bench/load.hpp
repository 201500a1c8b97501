// Sockets to list: processes that own them, in a network namespace.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace netstat46::bench {

[[noreturn]] void die(std::string_view what);

/// Spread evenly over the processes.
struct Load {
    std::string name;
    int connections = 0; ///< over loopback, each of them two sockets
    int listeners = 0;
    int processes = 1;
    int others = 0; ///< further descriptors of each process, no sockets
};

/// Processes that keep a load open until this object ends.
class LoadedProcesses {
public:
    explicit LoadedProcesses(const Load& load);
    LoadedProcesses(const LoadedProcesses&) = delete;
    LoadedProcesses& operator=(const LoadedProcesses&) = delete;
    ~LoadedProcesses();

private:
    std::vector<pid_t> children_;
    int end_ = -1; ///< the processes end when it is closed
};

/// Puts this process into a new network namespace whose loopback is up, and raises its limit of descriptors.
void enter_own_namespace();

} // namespace netstat46::bench
