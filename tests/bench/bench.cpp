// make bench: the listing beside its peers, on loads of its own in a network namespace. Prints ratios,
// asserts none.
//
//   bench PROGRAM [--rounds=N] [--only=TEXT] [--million]
//
// Needs root (a network namespace, descriptors). Peers that are not installed are skipped by name.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>
#include <fmt/format.h>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(std::string_view what) {
    fmt::print(stderr, "bench: {}: {}\n", what, std::strerror(errno));
    std::exit(1);
}

// ---- Load

struct Load {
    std::string name;
    int connections = 0, listeners = 0, processes = 1;
};

/// Processes that hold sockets until they are asked to end; the caller makes their namespace.
class Holders {
public:
    explicit Holders(const Load& load) {
        int told[2];
        int ready[2];
        if (pipe(told) != 0 || pipe(ready) != 0) die("pipe");
        for (int i = 0; i < load.processes; ++i) {
            const pid_t child = fork();
            if (child < 0) die("fork");
            if (child == 0) {
                close(told[1]);
                close(ready[0]);
                hold(load, i);
                char byte = 0;
                (void)!write(ready[1], &byte, 1);
                close(ready[1]);
                (void)!read(told[0], &byte, 1);
                _exit(0);
            }
            children_.push_back(child);
        }
        close(told[0]);
        close(ready[1]);
        end_ = told[1];
        int up = 0;
        char byte = 0;
        while (read(ready[0], &byte, 1) == 1) ++up;
        close(ready[0]);
        if (up != load.processes)
            fmt::print("  (only {} of {} processes could open their sockets)\n", up, load.processes);
    }
    Holders(const Holders&) = delete;
    Holders& operator=(const Holders&) = delete;
    ~Holders() {
        close(end_);
        for (const pid_t child : children_) waitpid(child, nullptr, 0);
    }

private:
    static void hold(const Load& load, int number) {
        sockaddr_in name{};
        name.sin_family = AF_INET;
        name.sin_addr.s_addr = htonl(0x7f010001U + static_cast<std::uint32_t>(number));
        name.sin_port = htons(4000);
        const int listener = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) _exit(1);
        if (listen(listener, 4096) != 0) _exit(1);
        for (int i = 1; i < share(load.listeners, load, number); ++i) {
            const int more = socket(AF_INET, SOCK_STREAM, 0);
            name.sin_port = htons(static_cast<std::uint16_t>(4000 + i));
            if (bind(more, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 || listen(more, 1) != 0)
                _exit(1);
        }
        name.sin_port = htons(4000);
        for (int i = 0; i < share(load.connections, load, number); ++i) {
            const int client = socket(AF_INET, SOCK_STREAM, 0);
            if (client < 0 || connect(client, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) _exit(1);
            if (accept(listener, nullptr, nullptr) < 0) _exit(1);
        }
    }

    static int share(int whole, const Load& load, int number) {
        return whole / load.processes + (number < whole % load.processes ? 1 : 0);
    }

    std::vector<pid_t> children_;
    int end_ = -1;
};

void own_namespace() {
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

// ---- Measuring

struct Run {
    double seconds = 0;
    long peak_kib = 0;
    int status = 0;
};

struct Program {
    std::string name; ///< as the table shows it
    std::vector<std::string> argv;
    std::vector<std::string> environment;
};

bool installed(const std::string& program) {
    if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
    for (const char* directory : {"/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"})
        if (access((directory + program).c_str(), X_OK) == 0) return true;
    return false;
}

/// Starts the program without copying this process, whose pages would cost the quickest programs most.
Run run_once(const Program& program) {
    std::vector<char*> argv, environment;
    for (const std::string& argument : program.argv) argv.push_back(const_cast<char*>(argument.c_str()));
    for (const std::string& variable : program.environment)
        environment.push_back(const_cast<char*>(variable.c_str()));
    for (char** variable = environ; *variable != nullptr; ++variable) environment.push_back(*variable);
    argv.push_back(nullptr);
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    pid_t child = -1;
    const auto begin = Clock::now();
    errno = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environment.data());
    if (errno != 0) die(program.name);
    int status = 0;
    rusage usage{};
    wait4(child, &status, 0, &usage);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    posix_spawn_file_actions_destroy(&actions);
    return {seconds, usage.ru_maxrss, status};
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Measured {
    double seconds = 0;
    long peak_kib = 0;
};

/// All programs in turn, `rounds` times after one that does not count.
std::map<std::string, Measured> measure(const std::vector<Program>& programs, int rounds) {
    std::map<std::string, std::vector<double>> seconds;
    std::map<std::string, Measured> measured;
    for (int round = -1; round < rounds; ++round)
        for (const Program& program : programs) {
            const Run run = run_once(program);
            if (round < 0) continue;
            if (run.status != 0) fmt::print("  ({} ended with status {})\n", program.name, run.status);
            seconds[program.name].push_back(run.seconds);
            long& peak = measured[program.name].peak_kib;
            peak = std::max(peak, run.peak_kib);
        }
    for (auto& [name, values] : seconds) measured[name].seconds = median(values);
    return measured;
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

void print_case(const Case& test, const std::map<std::string, Measured>& measured) {
    fmt::print("\n{}\n", test.load.name);
    for (const Program& program : test.programs) {
        const Measured& figures = measured.at(program.name);
        fmt::print("  {:<28} {:>9.1f} ms  {:>8} KiB\n", program.name, figures.seconds * 1000,
                   figures.peak_kib);
    }
    for (const Bound& bound : test.bounds) {
        const auto program = measured.find(bound.program);
        const auto peer = measured.find(bound.peer);
        if (program == measured.end() || peer == measured.end()) continue;
        const double ratio = program->second.seconds / peer->second.seconds;
        fmt::print("  {:<28} / {:<22} {:>7.3f}  bound {:<5} {}\n", bound.program, bound.peer, ratio,
                   bound.bound, ratio <= bound.bound ? "holds" : "FALLS SHORT");
    }
}

std::vector<Program> present(std::vector<Program> programs) {
    std::vector<Program> there;
    for (Program& program : programs) {
        if (installed(program.argv[0])) {
            there.push_back(std::move(program));
        } else {
            fmt::print("  (skipped: {} is not installed)\n", program.argv[0]);
        }
    }
    return there;
}

/// Runs in a process and a namespace of its own, so that no load leaves TIME_WAIT sockets to the next. Gives
/// the first program's median, in seconds.
double run_case(Case test, uid_t uid = 0) {
    int result[2];
    if (pipe(result) != 0) die("pipe");
    const pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
        own_namespace();
        // Changing the user makes a process one that nobody may look into; its children inherit that.
        if (uid != 0 && (setgid(uid) != 0 || setuid(uid) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0))
            die("setuid");
        {
            const Holders owners(test.load);
            test.programs = present(std::move(test.programs));
            const auto measured = measure(test.programs, test.rounds);
            print_case(test, measured);
            const double seconds = measured.at(test.programs.front().name).seconds;
            (void)!write(result[1], &seconds, sizeof seconds);
        }
        std::fflush(stdout);
        _exit(0);
    }
    close(result[1]);
    double seconds = 0;
    (void)!read(result[0], &seconds, sizeof seconds);
    close(result[0]);
    waitpid(child, nullptr, 0);
    return seconds;
}

std::vector<Case> cases(const std::string& ours, const std::string& self, int rounds) {
    const Program full{"netstat46 -an", {ours, "-an"}, {}};
    const Program classic{"netstat46 --classic -an", {ours, "--classic", "-an"}, {}};
    const Program ss{"ss -an", {"ss", "-an"}, {}}, ssp{"ss -anp", {"ss", "-anp"}, {}};
    const Program netstat{"netstat -an", {"netstat", "-an"}, {}};
    const Program netstatp{"netstat -anp", {"netstat", "-anp"}, {}};
    const Program lsof{"lsof -nP -i", {"lsof", "-nP", "-i"}, {}};
    const Program bare{"bare netlink dump", {self, "--bare-dump"}, {}};
    const Program links{"netstat46 -an, no BPF", {ours, "-an"}, {"NETSTAT46_NO_BPF=1"}};
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
         {{"netstat46 -ltn", {ours, "-ltn"}, {}},
          {"netstat -ltnp", {"netstat", "-ltnp"}, {}},
          {"ss -ltnp", {"ss", "-ltnp"}, {}}},
         {{"netstat46 -ltn", "netstat -ltnp", 0.1}, {"netstat46 -ltn", "ss -ltnp", 0.1}},
         rounds},
    };
}

/// Measures as an ordinary user who owns every socket.
Case ordinary_user(const std::string& ours, int rounds) {
    return {{"100,000 connected sockets, 50 processes, all of an ordinary user", 50000, 0, 50},
            {{"netstat46 -an", {ours, "-an"}, {}}, {"ss -an", {"ss", "-an"}, {}}},
            {{"netstat46 -an", "ss -an", 1.5}},
            2 * rounds + 1};
}

Case million(const std::string& ours, const std::string& self) {
    return {{"1,000,000 connected sockets, 64 processes", 500000, 0, 64},
            {{"netstat46 -an", {ours, "-an"}, {}},
             {"netstat46 --classic -an", {ours, "--classic", "-an"}, {}},
             {"bare netlink dump", {self, "--bare-dump"}, {}}},
            {},
            5};
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "--bare-dump") return bare_dump();
    if (argc < 2) {
        fmt::print(stderr, "usage: bench PROGRAM [--rounds=N] [--only=TEXT] [--million]\n");
        return 2;
    }
    int rounds = 5;
    std::string only;
    bool with_million = false;
    for (int i = 2; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument.starts_with("--rounds=")) rounds = std::max(1, std::atoi(argument.c_str() + 9));
        if (argument.starts_with("--only=")) only = argument.substr(7);
        if (argument == "--million") with_million = true;
    }
    fmt::print("Medians of whole processes, output to /dev/null, all programs in turn in one run.\n");
    std::fflush(stdout);
    const auto chosen = [&](const Case& test) { return test.load.name.find(only) != std::string::npos; };
    const std::string self = "/proc/self/exe";
    double hundred_thousand = 0;
    for (const Case& test : cases(argv[1], self, rounds)) {
        if (!chosen(test)) continue;
        const double seconds = run_case(test);
        if (hundred_thousand == 0 && test.load.connections == 50000) hundred_thousand = seconds;
    }
    if (const Case test = ordinary_user(argv[1], rounds); chosen(test)) run_case(test, 65534);
    if (!with_million) return 0;
    const double seconds = run_case(million(argv[1], self));
    if (hundred_thousand > 0)
        fmt::print("  netstat46 -an / that of 100,000 {:>7.3f}  bound 11 {}\n", seconds / hundred_thousand,
                   seconds <= 11 * hundred_thousand ? "holds" : "FALLS SHORT");
    fmt::print("  peak memory: bounds 65536 KiB with owners, 8192 KiB with --classic\n");
    return 0;
}
