// make bench: the listing beside its peers, on loads of its own in network namespaces. Prints ratios, asserts
// none.
//
//   bench PROGRAM [--rounds=N] [--only=TEXT | --grid | --walks] [--million]
//
// Needs root (network namespaces, descriptors). Peers that are not installed are skipped by name.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/core.h>

#include "measure.hpp"
#include "tables.hpp"

namespace netstat46::bench {
namespace {

/// What any listing must at least do: ask for all TCP sockets and receive the answer.
int bare_dump() {
    const int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    std::vector<char> buffer(65536);
    for (const int family : {AF_INET, AF_INET6}) {
        struct {
            nlmsghdr header;
            inet_diag_req_v2 body;
        } message{};
        message.header = {sizeof message, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0};
        message.body.sdiag_family = static_cast<std::uint8_t>(family);
        message.body.sdiag_protocol = IPPROTO_TCP;
        message.body.idiag_states = 0xffffffff;
        if (send(fd, &message, sizeof message, 0) < 0) return 1;
        for (bool done = false; !done;) {
            const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
            if (got <= 0) return 1;
            const auto* last = reinterpret_cast<const nlmsghdr*>(buffer.data());
            auto left = static_cast<std::size_t>(got);
            for (; NLMSG_OK(last, left); last = NLMSG_NEXT(last, left))
                done = done || last->nlmsg_type == NLMSG_DONE;
        }
    }
    return 0;
}

/// What must hold: `program`'s time is at most `bound` times `peer`'s.
struct Bound {
    std::string program, peer;
    double bound;
};

struct Case {
    Load load;
    std::vector<Program> programs;
    std::vector<Bound> bounds;
    int rounds = 5;
};

void print_case(const Case& test, const Measurements& measured) {
    fmt::print("\n{}\n", test.load.name);
    for (const auto& [name, figures] : measured)
        fmt::print("  {:<28} {:>9.1f} ms  {:>8} KiB\n", name, 1000 * median(figures.seconds),
                   figures.peak_kib);
    for (const Bound& bound : test.bounds) {
        const auto program = measured.find(bound.program);
        const auto peer = measured.find(bound.peer);
        if (program == measured.end() || peer == measured.end()) continue;
        const double ratio = median(program->second.seconds) / median(peer->second.seconds);
        fmt::print("  {:<28} / {:<22} {:>7.3f}  bound {:<5} {}\n", bound.program, bound.peer, ratio,
                   bound.bound, ratio <= bound.bound ? "holds" : "FALLS SHORT");
    }
}

/// As user `uid`. Gives the first program's median, in seconds.
double run_case(const Case& test, uid_t uid = 0) {
    return apart([&] {
        // Changing the user makes a process one that nobody may look into; its children inherit that.
        if (uid != 0 && (setgid(uid) != 0 || setuid(uid) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0))
            die("setuid");
        const LoadedProcesses load(test.load);
        const auto measured = measure(installed(test.programs), test.rounds);
        print_case(test, measured);
        return median(measured.at(test.programs.front().name).seconds);
    });
}

std::vector<Case> cases(const std::string& ours, const std::string& self, int rounds) {
    const Program full{"netstat46 -an", {ours, "-an"}};
    const Program classic{"netstat46 --classic -an", {ours, "--classic", "-an"}};
    const Program ss{"ss -an", {"ss", "-an"}}, ssp{"ss -anp", {"ss", "-anp"}};
    const Program netstat{"netstat -an", {"netstat", "-an"}};
    const Program netstatp{"netstat -anp", {"netstat", "-anp"}};
    const Program lsof{"lsof -nP -i", {"lsof", "-nP", "-i"}};
    const Program bare{"bare netlink dump", {self, "--bare-dump"}};
    const Program links{"netstat46 -an, no BPF", {ours, "--no-bpf", "-an"}};
    const Load large{"100,000 connected sockets, 50 processes", 50000, 0, 50};
    return {
        {large,
         {full, classic, links, ss, bare},
         {{"netstat46 -an", "ss -an", 0.8},
          {"netstat46 --classic -an", "ss -an", 0.6},
          {"netstat46 --classic -an", "bare netlink dump", 1.25},
          {"netstat46 -an, no BPF", "ss -an", 1.5}},
         2 * rounds + 1},
        {large,
         {full, ssp, netstatp, lsof, netstat},
         {{"netstat46 -an", "ss -anp", 0.03},
          {"netstat46 -an", "netstat -anp", 0.03},
          {"netstat46 -an", "lsof -nP -i", 0.1}},
         rounds},
        {{"10,000 connections, 20 processes", 10000, 0, 20},
         {full, classic, ss, ssp, netstat, netstatp},
         {{"netstat46 -an", "ss -an", 1},
          {"netstat46 -an", "ss -anp", 1},
          {"netstat46 -an", "netstat -an", 1},
          {"netstat46 -an", "netstat -anp", 1}},
         2 * rounds + 1},
        {{"20 sockets, 60 processes", 0, 20, 60},
         {full, classic, ss, ssp, netstat, netstatp},
         {{"netstat46 -an", "ss -anp", 0.5},
          {"netstat46 -an", "netstat -anp", 0.5},
          {"netstat46 --classic -an", "netstat -an", 0.5}},
         20 * rounds},
        {{"-ltn, 30 listeners among 100,000 sockets", 50000, 30, 30},
         {{"netstat46 -ltn", {ours, "-ltn"}},
          {"netstat -ltnp", {"netstat", "-ltnp"}},
          {"ss -ltnp", {"ss", "-ltnp"}}},
         {{"netstat46 -ltn", "netstat -ltnp", 0.1}, {"netstat46 -ltn", "ss -ltnp", 0.1}},
         rounds},
    };
}

/// As an ordinary user who owns every socket.
Case ordinary_user(const std::string& ours, int rounds) {
    return {{"100,000 connected sockets, 50 processes, all of an ordinary user", 50000, 0, 50},
            {{"netstat46 -an", {ours, "-an"}}, {"ss -an", {"ss", "-an"}}},
            {{"netstat46 -an", "ss -an", 1.5}},
            2 * rounds + 1};
}

Case million(const std::string& ours, const std::string& self) {
    return {{"1,000,000 connected sockets, 64 processes", 500000, 0, 64},
            {{"netstat46 -an", {ours, "-an"}},
             {"netstat46 --classic -an", {ours, "--classic", "-an"}},
             {"bare netlink dump", {self, "--bare-dump"}}},
            {},
            5};
}

} // namespace

int run(int argc, char** argv) {
    const std::string program = argv[1], self = "/proc/self/exe";
    int rounds = 5;
    std::string only;
    bool million_too = false, grid = true, walks = true, peers = true;
    for (int i = 2; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument.starts_with("--rounds=")) rounds = std::max(1, std::atoi(argument.c_str() + 9));
        if (argument.starts_with("--only=")) only = argument.substr(7);
        if (argument == "--million") million_too = true;
        if (argument == "--grid") peers = walks = false;
        if (argument == "--walks") peers = grid = false;
    }
    fmt::print("Medians of whole processes, output to /dev/null, all programs in turn in one run.\n");
    if (only.empty() && grid) print_grid(program);
    if (only.empty() && walks) print_walks(program, million_too);
    if (!peers) return 0;
    const auto chosen = [&](const Case& test) { return test.load.name.find(only) != std::string::npos; };
    double hundred_thousand = 0;
    for (const Case& test : cases(program, self, rounds)) {
        if (!chosen(test)) continue;
        const double seconds = run_case(test);
        if (hundred_thousand == 0 && test.load.connections == 50000) hundred_thousand = seconds;
    }
    if (const Case test = ordinary_user(program, rounds); chosen(test)) run_case(test, 65534);
    if (!million_too) return 0;
    const double seconds = run_case(million(program, self));
    if (hundred_thousand > 0)
        fmt::print("  netstat46 -an / that of 100,000 {:>7.3f}  bound 11 {}\n", seconds / hundred_thousand,
                   seconds <= 11 * hundred_thousand ? "holds" : "FALLS SHORT");
    fmt::print("  peak memory: bounds 65536 KiB with owners, 8192 KiB with --classic\n");
    return 0;
}

} // namespace netstat46::bench

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "--bare-dump") return netstat46::bench::bare_dump();
    if (argc > 1) return netstat46::bench::run(argc, argv);
    fmt::print(stderr, "usage: bench PROGRAM [--rounds=N] [--only=TEXT | --grid | --walks] [--million]\n");
    return 2;
}
