#include "posix/child.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace netstat46 {
namespace {

using Clock = std::chrono::steady_clock; // CLOCK_MONOTONIC

/// How often it is looked whether a child has ended whose pipes somebody else keeps open, or that has closed
/// them and is about to end.
constexpr std::chrono::milliseconds glance{10}, short_glance{1};

/// An absolute path, or an empty text.
std::string found(std::string_view program) {
    for (std::string_view path = system_path; !path.empty() && program.find('/') == std::string_view::npos;) {
        const std::string_view directory = path.substr(0, path.find(':'));
        path.remove_prefix(std::min(directory.size() + 1, path.size()));
        std::string file = fmt::format("{}/{}", directory, program);
        if (::access(file.c_str(), X_OK) == 0) return file;
    }
    return {};
}

/// Both ends close on exec; what dup2(2) makes of the second does not.
class Pipe {
public:
    Pipe() {
        if (::pipe(ends_.data()) != 0) {
            ends_ = {-1, -1};
            return;
        }
        for (const int end : ends_) ::fcntl(end, F_SETFD, FD_CLOEXEC);
        ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_end(0);
        close_end(1);
    }

    [[nodiscard]] int read_end() const { return ends_[0]; }
    [[nodiscard]] int write_end() const { return ends_[1]; }
    void close_end(std::size_t which) {
        if (ends_[which] >= 0) ::close(ends_[which]);
        ends_[which] = -1;
    }

    /// Appends what is there, at most so much that `text` has `most` bytes; more is dropped. False if there
    /// was more. At the end of the file the pipe is closed.
    bool drain(std::string& text, std::size_t most) {
        bool fits = true;
        std::array<char, 16384> buffer{};
        while (read_end() >= 0 && fits) {
            const ssize_t got = ::read(read_end(), buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0 && errno == EAGAIN) break;
            if (got <= 0) {
                close_end(0);
                break;
            }
            const auto size = static_cast<std::size_t>(got);
            text.append(buffer.data(), std::min(size, most - text.size()));
            fits = text.size() < most;
        }
        return fits;
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

/// A child of a process that ignores SIGCHLD could not be waited for.
class ChildrenAreWaitedFor {
public:
    ChildrenAreWaitedFor() {
        struct sigaction usual {};
        usual.sa_handler = SIG_DFL;
        ::sigaction(SIGCHLD, &usual, &before_);
    }
    ChildrenAreWaitedFor(const ChildrenAreWaitedFor&) = delete;
    ChildrenAreWaitedFor& operator=(const ChildrenAreWaitedFor&) = delete;
    ~ChildrenAreWaitedFor() { ::sigaction(SIGCHLD, &before_, nullptr); }

private:
    struct sigaction before_ {};
};

/// posix_spawn(3): 0, or an errno.
int start(const std::string& file, const std::vector<std::string>& arguments, const Pipe& out,
          const Pipe& error, pid_t& pid) {
    std::vector<std::string> words{file};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string path = fmt::format("PATH={}", system_path);
    std::array<char*, 2> environment{path.data(), nullptr};

    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    if (const int wrong = ::posix_spawn_file_actions_init(&files); wrong != 0) return wrong;
    if (const int wrong = ::posix_spawnattr_init(&attributes); wrong != 0) {
        ::posix_spawn_file_actions_destroy(&files);
        return wrong;
    }
    sigset_t none;
    sigset_t usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (const int number : {SIGCHLD, SIGPIPE, SIGBUS, SIGINT, SIGTERM, SIGHUP}) sigaddset(&usual, number);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &usual);
    int wrong = ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (wrong == 0) wrong = ::posix_spawn_file_actions_adddup2(&files, out.write_end(), STDOUT_FILENO);
    if (wrong == 0) wrong = ::posix_spawn_file_actions_adddup2(&files, error.write_end(), STDERR_FILENO);
    if (wrong == 0)
        wrong = ::posix_spawn(&pid, file.c_str(), &files, &attributes, argv.data(), environment.data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    return wrong;
}

/// Whether the child has ended; it stays to be reaped, so that its number, which is its group's, is nobody
/// else's.
bool has_ended(pid_t pid) {
    siginfo_t info{};
    int result = 0;
    do result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
    while (result != 0 && errno == EINTR);
    return result != 0 || info.si_pid == pid;
}

/// Reads until the child has ended or passes a limit, which is returned.
std::optional<ChildEnd::How> attend(pid_t pid, Pipe& out, Pipe& error, const ChildLimits& limits,
                                    ChildEnd& end) {
    const Clock::time_point deadline = Clock::now() + limits.time;
    while (true) {
        const bool ended = has_ended(pid); // before reading: what it wrote is in the pipes by then
        if (!out.drain(end.out, limits.bytes)) return ChildEnd::How::Long;
        error.drain(end.error, limits.error_bytes);
        if (end.error.size() >= limits.error_bytes) error.close_end(0);
        if (ended) return std::nullopt;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) return ChildEnd::How::Late;
        std::array<pollfd, 2> waits{{{out.read_end(), POLLIN, 0}, {error.read_end(), POLLIN, 0}}};
        const bool closed = out.read_end() < 0 && error.read_end() < 0;
        const auto wait = std::min(left, closed ? short_glance : glance);
        ::poll(waits.data(), waits.size(), static_cast<int>(wait.count()));
    }
}

} // namespace

ChildEnd run_child(std::string_view program, const std::vector<std::string>& arguments,
                   const ChildLimits& limits) {
    ChildEnd end;
    const std::string file = found(program);
    if (file.empty()) {
        end.how = ChildEnd::How::NotFound;
        return end;
    }
    Pipe out;
    Pipe error;
    if (out.read_end() < 0 || error.read_end() < 0) {
        end.code = errno;
        return end;
    }
    const ChildrenAreWaitedFor waited;
    pid_t pid = -1;
    end.code = start(file, arguments, out, error, pid);
    if (end.code != 0) return end;
    out.close_end(1);
    error.close_end(1);
    const auto passed = attend(pid, out, error, limits, end);
    ::kill(-pid, SIGKILL);
    int status = 0;
    pid_t reaped = 0;
    do reaped = ::waitpid(pid, &status, 0);
    while (reaped < 0 && errno == EINTR);
    if (passed) {
        end.how = *passed;
    } else if (reaped == pid && WIFEXITED(status)) {
        end.how = ChildEnd::How::Exited;
        end.code = WEXITSTATUS(status);
    } else {
        end.how = ChildEnd::How::Signalled;
        end.code = reaped == pid && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }
    return end;
}

} // namespace netstat46
