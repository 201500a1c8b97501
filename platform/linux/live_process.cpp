#include "linux/live_process.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/compile.h>

#include "capture/capture_dir.hpp"
#include "linux/decode.hpp"
#include "linux/live_proc.hpp"
#include "posix/limits.hpp"

namespace netstat46 {
namespace {

/// Whether `error`, errno of reading something of a process in /proc, may have hidden an owner. The end of
/// the process has not.
bool hides_owners(int error) { return error != 0 && error != ENOENT && error != ESRCH; }

/// The threads of a process besides its first. That one may have ended: it has neither descriptors nor a
/// command line then, and the process lives on.
Numbered other_threads(std::int32_t pid) {
    constexpr nlink_t of_one_thread = 3;
    struct stat status {};
    const ProcPath task(pid, "task");
    if (stat(task.c_str(), &status) != 0) return {{}, errno};
    if (status.st_nlink <= of_one_thread) return {};
    Numbered threads = numbered_entries(task.c_str());
    std::erase(threads.numbers, pid);
    return threads;
}

/// Reads the descriptors of one process. getdents64(2) itself: a DIR costs an allocation and two more calls.
class DescriptorsReader {
public:
    DescriptorsReader(std::int32_t pid, WantedInodes& wanted, ProcessFacts& facts)
        : pid_(pid), wanted_(wanted), facts_(facts) {}

    /// Whether the process owns a wanted socket.
    bool read(bool leaders_only) {
        if (!read_directory("fd") || seen_ || leaders_only) return owns_;
        const Numbered threads = other_threads(pid_);
        note_error(threads.error);
        for (const std::int32_t thread : threads.numbers)
            if (read_directory(fmt::format(FMT_COMPILE("task/{}/fd"), thread)) && seen_) break;
        return owns_;
    }

private:
    /// A line that stands for what could not be read.
    void note(std::string_view why, std::string& lines) const {
        fmt::format_to(std::back_inserter(lines), FMT_COMPILE("{}\t-\t{}\n"), pid_, why);
    }

    /// 0: none.
    void note_error(int error) {
        if (!hides_owners(error)) return;
        facts_.error = error;
        note("unread", facts_.descriptors);
    }

    /// False where it cannot be opened.
    bool read_directory(std::string_view name) {
        const Descriptor directory(open(ProcPath(pid_, name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (directory.get() < 0) {
            if (errno == EACCES || errno == EPERM)
                note("EACCES", facts_.descriptors);
            else
                note_error(errno);
            return false;
        }
        char records[32 * 1024];
        long size = 0;
        while ((size = syscall(SYS_getdents64, directory.get(), records, sizeof records)) > 0)
            if (!read_links(directory.get(), {records, static_cast<std::size_t>(size)})) return true;
        if (size < 0) note_error(errno);
        return true;
    }

    /// Of the descriptors in `records`, struct linux_dirent64 (linux/dirent.h): u64 inode, s64 offset, u16
    /// length, u8 type, name. False if links may not be read: root without CAP_SYS_PTRACE may only list them.
    bool read_links(int directory, std::string_view records) {
        constexpr std::size_t length_at = 16, name_at = 19;
        while (!records.empty()) {
            const char* name = records.data() + name_at;
            if (*name != '.' && !read_link(directory, name)) return false;
            std::uint16_t length = 0;
            std::memcpy(&length, records.data() + length_at, sizeof length);
            records.remove_prefix(length);
        }
        return true;
    }

    bool read_link(int directory, const char* name) {
        seen_ = true;
        char text[64];
        const ssize_t length = readlinkat(directory, name, text, sizeof text);
        if (length < 0 && (errno == EACCES || errno == EPERM)) {
            if (!has_ended(directory)) note("links", facts_.refused);
            return false;
        }
        if (length < 0) note_error(errno);
        if (length < 0) return true;
        const auto inode = socket_inode({text, static_cast<std::size_t>(length)});
        if (!inode || !wanted_.take(*inode)) return true;
        fmt::format_to(std::back_inserter(facts_.descriptors), FMT_COMPILE("{}\t{}\tsocket:[{}]\n"), pid_,
                       name, *inode);
        owns_ = true;
        return true;
    }

    /// Of a process that has ended readlink(2) says EACCES too (fs/proc/base.c, proc_fd_access_allowed()).
    static bool has_ended(int directory) {
        char room[512];
        return syscall(SYS_getdents64, directory, room, sizeof room) < 0 && errno == ENOENT;
    }

    std::int32_t pid_;
    WantedInodes& wanted_;
    ProcessFacts& facts_;
    bool seen_ = false; ///< some descriptor
    bool owns_ = false; ///< some wanted socket
};

/// As net-tools names a program: argv[0], of an absolute path only what follows its last `/`.
std::string_view program_name(std::string_view command_line) {
    const std::string_view first = command_line.substr(0, command_line.find('\0'));
    return first.starts_with('/') ? first.substr(first.rfind('/') + 1) : first;
}

/// The first page of a file of the process; empty if it cannot be read.
std::string read_file(std::int32_t pid, std::string_view name, ProcessFacts& facts) {
    char text[4096];
    const Descriptor file(open(ProcPath(pid, name).c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t got = file.get() < 0 ? -1 : read_some(file.get(), text, sizeof text);
    if (got >= 0) return {text, static_cast<std::size_t>(got)};
    if (is_want(errno)) facts.error = errno;
    return {};
}

std::string command_line(std::int32_t pid, bool leaders_only, ProcessFacts& facts) {
    std::string text = read_file(pid, "cmdline", facts);
    if (!text.empty() || leaders_only) return text;
    for (const std::int32_t thread : other_threads(pid).numbers) {
        text = read_file(pid, fmt::format(FMT_COMPILE("task/{}/cmdline"), thread), facts);
        if (!text.empty()) break;
    }
    return text;
}

void add_names(std::int32_t pid, const ProcessDetails& details, ProcessFacts& facts) {
    auto row = std::back_inserter(facts.processes);
    const std::string line = command_line(pid, details.leaders_only, facts);
    fmt::format_to(row, FMT_COMPILE("{}\t{}"), pid, escaped_field(program_name(line)));
    struct stat status {};
    if (details.user && stat(ProcPath(pid, "").c_str(), &status) == 0) {
        std::string comm = read_file(pid, "comm", facts);
        if (comm.ends_with('\n')) comm.pop_back();
        fmt::format_to(row, FMT_COMPILE("\t{}\t{}"), status.st_uid, escaped_field(comm));
    }
    facts.processes.push_back('\n');
    if (!details.contexts) return;
    std::string context = read_file(pid, "attr/current", facts);
    while (context.ends_with('\0') || context.ends_with('\n')) context.pop_back();
    fmt::format_to(std::back_inserter(facts.contexts), FMT_COMPILE("{}\t{}\n"), pid, escaped_field(context));
}

} // namespace

void ProcessFacts::append(const ProcessFacts& other) {
    descriptors += other.descriptors;
    refused += other.refused;
    processes += other.processes;
    contexts += other.contexts;
    if (other.error != 0) error = other.error;
}

ProcessFacts read_process(std::int32_t pid, WantedInodes& wanted, const ProcessDetails& details) {
    ProcessFacts facts;
    if (DescriptorsReader(pid, wanted, facts).read(details.leaders_only)) add_names(pid, details, facts);
    return facts;
}

ProcessFacts name_process(std::int32_t pid, const ProcessDetails& details) {
    ProcessFacts facts;
    add_names(pid, details, facts);
    return facts;
}

} // namespace netstat46
