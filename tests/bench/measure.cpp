#include "measure.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

namespace netstat46::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Run {
    double seconds = 0;
    long peak_kib = 0;
    int status = 0;
};

bool is_installed(const std::string& program) {
    if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
    for (const char* directory : {"/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"})
        if (access((directory + program).c_str(), X_OK) == 0) return true;
    return false;
}

/// By posix_spawn(3): a copy of this process has pages that the quickest programs would pay for first.
Run run_once(const Program& program) {
    std::vector<char*> argv;
    for (const std::string& argument : program.argv) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    pid_t child = -1;
    const auto begin = Clock::now();
    errno = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
    if (errno != 0) die(program.name);
    int status = 0;
    rusage usage{};
    wait4(child, &status, 0, &usage);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    posix_spawn_file_actions_destroy(&actions);
    return {seconds, usage.ru_maxrss, status};
}

} // namespace

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

Measurements measure(const std::vector<Program>& programs, int rounds) {
    Measurements measured;
    for (int round = -1; round < rounds; ++round)
        for (const Program& program : programs) {
            const Run run = run_once(program);
            if (round < 0) continue;
            if (run.status != 0) fmt::print("  ({} ended with status {})\n", program.name, run.status);
            Measured& one = measured[program.name];
            one.seconds.push_back(run.seconds);
            one.peak_kib = std::max(one.peak_kib, run.peak_kib);
        }
    return measured;
}

std::vector<Program> installed(const std::vector<Program>& programs) {
    std::vector<Program> there;
    for (const Program& program : programs) {
        if (is_installed(program.argv[0])) {
            there.push_back(program);
        } else {
            fmt::print("  (skipped: {} is not installed)\n", program.argv[0]);
        }
    }
    return there;
}

double apart(const std::function<double()>& work) {
    int result[2];
    if (pipe(result) != 0) die("pipe");
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
        enter_own_namespace();
        const double value = work();
        (void)!write(result[1], &value, sizeof value);
        std::fflush(stdout);
        _exit(0);
    }
    close(result[1]);
    double value = 0;
    (void)!read(result[0], &value, sizeof value);
    close(result[0]);
    waitpid(child, nullptr, 0);
    return value;
}

} // namespace netstat46::bench
