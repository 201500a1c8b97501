#include "load.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

namespace netstat46::bench {
namespace {

/// How many of `whole` process `number` gets.
int share(int whole, const Load& load, int number) {
    const auto before = [&](long process) { return process * whole / load.processes; };
    return static_cast<int>(before(number + 1L) - before(number));
}

int open_listener(sockaddr_in& name, int port) {
    name.sin_port = htons(static_cast<std::uint16_t>(port));
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 || listen(fd, 4096) != 0) _exit(1);
    return fd;
}

/// Opens what process `number` owns. Each has an address of its own, so that all may use the same ports.
void open_sockets(const Load& load, int number) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(0x7f010001U + static_cast<std::uint32_t>(number));
    for (int i = 0; i < load.others; ++i)
        if (open("/dev/null", O_RDONLY) < 0) _exit(1);
    for (int i = 0; i < share(load.listeners, load, number); ++i) open_listener(name, 5000 + i);
    const int connections = share(load.connections, load, number);
    if (connections == 0) return;
    const int listener = open_listener(name, 4000);
    for (int i = 0; i < connections; ++i) {
        const int client = socket(AF_INET, SOCK_STREAM, 0);
        if (client < 0 || connect(client, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) _exit(1);
        if (accept(listener, nullptr, nullptr) < 0) _exit(1);
    }
    close(listener);
}

} // namespace

void die(std::string_view what) {
    fmt::print(stderr, "bench: {}: {}\n", what, std::strerror(errno));
    std::exit(1);
}

LoadedProcesses::LoadedProcesses(const Load& load) {
    int end[2];
    int ready[2];
    if (pipe(end) != 0 || pipe(ready) != 0) die("pipe");
    for (int i = 0; i < load.processes; ++i) {
        const pid_t child = fork();
        if (child < 0) die("fork");
        if (child == 0) {
            close(end[1]);
            close(ready[0]);
            open_sockets(load, i);
            char byte = 0;
            (void)!write(ready[1], &byte, 1);
            close(ready[1]);
            (void)!read(end[0], &byte, 1);
            _exit(0);
        }
        children_.push_back(child);
    }
    close(end[0]);
    close(ready[1]);
    end_ = end[1];
    int up = 0;
    char byte = 0;
    while (read(ready[0], &byte, 1) == 1) ++up;
    close(ready[0]);
    if (up != load.processes)
        fmt::print("  (only {} of {} processes could open their sockets)\n", up, load.processes);
}

LoadedProcesses::~LoadedProcesses() {
    close(end_);
    for (const pid_t child : children_) waitpid(child, nullptr, 0);
}

void enter_own_namespace() {
    if (unshare(CLONE_NEWNET) != 0) die("a network namespace (run as root)");
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) die("lo");
    close(fd);
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &descriptors) != 0) die("RLIMIT_NOFILE");
}

} // namespace netstat46::bench
