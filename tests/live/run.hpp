// Running programs and catching what they print.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

struct sock_filter; // linux/filter.h

namespace netstat46::live {

struct Ran {
    int status = -1; ///< exit status; 128 + N for signal N
    std::string out, error;
};

struct Way {
    std::vector<std::string> environment{}; ///< added: `NAME=value`
    std::function<void()> in_child{};       ///< between fork(2) and execve(2)
    int out = -1;                           ///< instead of a file that is read afterwards
    bool closed_out = false;
    double seconds = 20; ///< then SIGKILL
    /// Asked about the standard output so far; SIGKILL as soon as it is enough.
    std::function<bool(const std::string&)> enough{};
};

/// Runs `program` with `words` as argv, in the C locale.
Ran run(const std::string& program, const std::vector<std::string>& words, const Way& way = {});

/// The netstat46 that stands beside these tests.
std::string our_program();

/// From here on the kernel asks `code` about every system call of this process. Exits with 126 where there
/// are no seccomp filters.
void filter_calls(std::span<sock_filter> code);

/// From here on this process's system call `number` fails with `error` where its first argument is
/// `argument`. Exits as filter_calls().
void refuse_call(int number, std::uint32_t argument, int error);

/// setrlimit(2), hard and soft.
void limit(int resource, std::uint64_t value);

/// Whether 1 is an answer with `options`, so that what goes wrong ends with 2.
bool answers(std::string_view options);

/// A process that runs `body` until this ends it, or the one that made it has ended.
class Child {
public:
    explicit Child(const std::function<void()>& body);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();
    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    pid_t pid_;
};

/// Why a test that needs one is skipped.
inline constexpr const char* no_bpf_iterator =
    "no BPF iterator: the kernel, the privilege or the build does not allow it";

inline constexpr const char* native_program = "/usr/bin/netstat";

/// A copy of netstat46 in `directory`, both of which everybody may enter or run.
std::string program_for_everybody(const std::string& directory);

/// That copy, with options as for ours().
Ran run_copy(const std::string& program, std::string_view options, const Way& way = {});

/// For Way::in_child: turns the process into another user's, without privileges. Exits with 126 where that
/// fails.
void become_nobody();

/// Line ends in `text`.
std::size_t lines(std::string_view text);

/// `text` at blanks. A word `''` is an empty one.
std::vector<std::string> words_of(std::string_view text);

std::vector<std::string> lines_of(std::string_view text);

/// netstat46 or the native netstat with options written as in a shell, without quoting.
Ran ours(std::string_view options, const Way& way = {});
Ran native(std::string_view options, const Way& way = {});

} // namespace netstat46::live
