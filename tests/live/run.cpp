#include "run.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace netstat46::live {
namespace {

/// All that a program has written to the file so far; where it writes next stays as it is.
std::string contents(int fd) {
    struct stat status {};
    fstat(fd, &status);
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    const ssize_t got = pread(fd, text.data(), text.size(), 0);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> out;
    for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
    out.push_back(nullptr);
    return out;
}

/// Ours is a controlled environment: what the machine sets must not change a word.
std::vector<std::string> environment(const Way& way) {
    std::vector<std::string> out = way.environment;
    out.emplace_back("LC_ALL=C");
    const char* path = std::getenv("PATH");
    const bool given =
        std::any_of(out.begin(), out.end(), [](const std::string& one) { return one.starts_with("PATH="); });
    if (!given && path != nullptr) out.push_back(std::string("PATH=") + path);
    return out;
}

[[noreturn]] void become(const std::string& program, const std::vector<std::string>& words, const Way& way,
                         int out, int error) {
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    if (way.closed_out) close(STDOUT_FILENO);
    signal(SIGPIPE, SIG_DFL);
    if (way.in_child) way.in_child();
    const std::vector<std::string> added = environment(way);
    execve(program.c_str(), pointers(words).data(), pointers(added).data());
    _exit(127);
}

/// False if the time was up first, or the output in `out` was enough.
bool ends_within(pid_t child, const Way& way, int out) {
    constexpr int pause = 50; // ms
    const int handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    pollfd wait{handle, POLLIN, 0};
    bool ended = handle < 0;
    for (int left = static_cast<int>(way.seconds * 1000); !ended && left > 0; left -= pause) {
        ended = poll(&wait, 1, way.enough ? pause : left) > 0;
        if (!way.enough || way.enough(contents(out))) break;
    }
    if (handle >= 0) close(handle);
    return ended;
}

/// Asked before any test enters a mount namespace: from then on a chroot's /proc has the path outside.
const std::string beside_these_tests =
    (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "netstat46").string();

} // namespace

Ran run(const std::string& program, const std::vector<std::string>& words, const Way& way) {
    const int out = way.out >= 0 ? way.out : memfd_create("out", MFD_CLOEXEC);
    const int error = memfd_create("error", MFD_CLOEXEC);
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("fork");
    if (child == 0) become(program, words, way, out, error);
    if (!ends_within(child, way, out)) kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    Ran ran;
    ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (way.out < 0) {
        ran.out = contents(out);
        close(out);
    }
    ran.error = contents(error);
    close(error);
    return ran;
}

std::string our_program() { return beside_these_tests; }

void filter_calls(std::span<sock_filter> code) {
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(126);
}

void refuse_call(int number, std::uint32_t argument, int error) {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, argument, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    filter_calls(code);
}

std::string program_for_everybody(const std::string& directory) {
    std::filesystem::permissions(directory, std::filesystem::perms{0755});
    const std::string copy = directory + "/netstat46";
    std::filesystem::copy_file(our_program(), copy, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::permissions(copy, std::filesystem::perms{0755});
    return copy;
}

void become_nobody() {
    constexpr uid_t nobody = 65534;
    if (setgid(nobody) != 0 || setuid(nobody) != 0) _exit(126);
}

std::size_t lines(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

void limit(int resource, std::uint64_t value) {
    const rlimit both{value, value};
    setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

bool answers(std::string_view options) {
    for (const char* name : {"--quiet", "--explain", "--who-answers", "--can-bind"})
        if (options.find(name) != std::string_view::npos) return true;
    return false;
}

Child::Child(const std::function<void()>& body) : pid_(fork()) {
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ > 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    _exit(0);
}

Child::~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (true) {
        const std::size_t begin = text.find_first_not_of(' ');
        if (begin == std::string_view::npos) return words;
        text.remove_prefix(begin);
        const std::string_view word = text.substr(0, text.find(' '));
        words.emplace_back(word == "''" ? "" : word);
        text.remove_prefix(word.size());
    }
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

namespace {

Ran run_as(const std::string& program, const char* name, std::string_view options, const Way& way) {
    std::vector<std::string> words = words_of(options);
    words.insert(words.begin(), name);
    return run(program, words, way);
}

} // namespace

Ran run_copy(const std::string& program, std::string_view options, const Way& way) {
    return run_as(program, "netstat46", options, way);
}

Ran ours(std::string_view options, const Way& way) {
    return run_as(our_program(), "netstat46", options, way);
}

Ran native(std::string_view options, const Way& way) {
    return run_as(native_program, "netstat", options, way);
}

} // namespace netstat46::live
