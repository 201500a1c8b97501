#include "tables.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include <fmt/core.h>

#include "linux/live_bpf.hpp"
#include "measure.hpp"

namespace netstat46::bench {
namespace {

double ratio(double program, double peer) { return program / peer; }
double difference(double program, double peer) { return program - peer; }

/// With 1,000 sockets or more at most 1.1 of ss, with fewer at most 2 ms more. With 2,000 processes there is
/// no bound: their names take longer to read than ss takes for all it prints.
double print_cell(const std::string& program, int sockets, int processes) {
    const LoadedProcesses load({{}, sockets / 2, 0, processes, 20});
    const auto measured =
        measure({{"ours", {program, "-an"}}, {"ss", {"ss", "-an"}}}, sockets <= 1000 ? 61 : 31);
    const Measured &ours = measured.at("ours"), &ss = measured.at("ss");
    const double by = median_of_pairs(ours, ss, ratio);
    const double more = 1000 * median_of_pairs(ours, ss, difference);
    const bool holds = sockets >= 1000 ? by <= 1.1 : more <= 2;
    fmt::print("  {:>7} {:>9} {:>9.2f} {:>9.2f} {:>7.2f} {:>+8.2f}  {}\n", sockets, processes,
               1000 * median(ours.seconds), 1000 * median(ss.seconds), by, more,
               processes > 300 ? "no bound"
               : holds         ? "holds"
                               : "FALLS SHORT");
    return by;
}

/// The longest read(2) since it was set to 0: of the reads that a walk makes, each has the kernel run the
/// walk's program once.
std::chrono::duration<double> longest_read{};

/// How long one run of a walk's program takes at most, in milliseconds: the least of several walks' longest,
/// as a run that is interrupted takes as long as the interruption.
double longest_run(NewWalk (*load)()) {
    std::vector<double> longest;
    std::vector<std::byte> room(std::size_t{256} * 1024);
    for (int i = 0; i < 9; ++i) {
        const NewWalk loaded = load();
        const Walk walk = loaded ? loaded() : nullptr;
        longest_read = {};
        while (walk && walk(room) > 0) {
        }
        longest.push_back(1000 * longest_read.count());
    }
    return *std::min_element(longest.begin(), longest.end());
}

double print_runs(const char* where) {
    const double connections = longest_run([] { return load_tcp_walk(); });
    fmt::print("    one run at most, {}: over connections {:.2f} ms, over tasks {:.2f} ms\n", where,
               connections, longest_run(load_task_walk));
    return connections;
}

double print_load(const std::string& program, int sockets, int rounds) {
    const LoadedProcesses load({{}, sockets / 2, 0, 64, 0});
    const std::vector<Program> programs{{"without owners", {program, "--classic", "-an"}},
                                        {"without owners, no BPF", {program, "--classic", "--no-bpf", "-an"}},
                                        {"with owners", {program, "-an"}},
                                        {"with owners, no BPF", {program, "--no-bpf", "-an"}},
                                        {"ss -an", {"ss", "-an"}}};
    const auto measured = measure(installed(programs), rounds);
    fmt::print("  {} sockets, 64 processes\n", sockets);
    for (const Program& one : programs)
        if (const auto found = measured.find(one.name); found != measured.end())
            fmt::print("    {:<24} {:>9.1f} ms\n", one.name, 1000 * median(found->second.seconds));
    const auto pair = [&](const char* one, const char* peer) {
        return median_of_pairs(measured.at(one), measured.at(peer), ratio);
    };
    fmt::print("    without BPF so much longer:  without owners {:.2f}, with owners {:.2f}\n",
               pair("without owners, no BPF", "without owners"), pair("with owners, no BPF", "with owners"));
    apart([] { return print_runs("where all of them are other namespaces'"); });
    return print_runs("where the sockets are");
}

} // namespace

/// In the place of read(2), by the linker's option --wrap.
extern "C" ssize_t __real_read(int fd, void* buffer, std::size_t size);
extern "C" ssize_t __wrap_read(int fd, void* buffer, std::size_t size) {
    const auto begin = std::chrono::steady_clock::now();
    const ssize_t got = __real_read(fd, buffer, size);
    longest_read =
        std::max(longest_read, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin));
    return got;
}

void print_grid(const std::string& program) {
    fmt::print("\nWith owners beside ss -an, in pairs\n  {:>7} {:>9} {:>9} {:>9} {:>7} {:>8}\n", "sockets",
               "processes", "ours, ms", "ss, ms", "ratio", "more, ms");
    for (const int processes : {60, 300, 2000})
        for (const int sockets : {20, 200, 1000, 5000, 20000})
            apart([&] { return print_cell(program, sockets, processes); });
}

void print_walks(const std::string& program, bool with_million) {
    fmt::print("\nWalks by BPF and without them\n");
    for (const int sockets : {20'000, 100'000, 1'000'000})
        if (sockets < 1'000'000 || with_million)
            apart([&] { return print_load(program, sockets, sockets < 1'000'000 ? 11 : 3); });
}

} // namespace netstat46::bench
