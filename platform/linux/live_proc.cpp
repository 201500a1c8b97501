#include "linux/live_proc.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "capture/capture_dir.hpp"

namespace netstat46 {
namespace {

constexpr std::size_t block_size = std::size_t{64} * 1024;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

/// read(2) until `buffer` is full or the file ends.
ssize_t read_some(int fd, char* buffer, std::size_t size) {
    ssize_t got = -1;
    do got = read(fd, buffer, size);
    while (got < 0 && errno == EINTR);
    return got;
}

/// A whole small file; empty if it cannot be read.
std::string read_small(int directory, const char* name, std::size_t limit = 4096) {
    const Descriptor file(openat(directory, name, O_RDONLY | O_CLOEXEC));
    std::string text(limit, '\0');
    const ssize_t got = file.get() < 0 ? -1 : read_some(file.get(), text.data(), text.size());
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
}

std::optional<std::int32_t> number(const char* name) {
    std::int32_t value = 0;
    const auto [end, error] = std::from_chars(name, name + std::strlen(name), value);
    if (error != std::errc{} || *end != '\0') return std::nullopt;
    return value;
}

/// As net-tools names a program: argv[0], of an absolute path only what follows its last `/`.
std::string program_name(std::string_view command_line) {
    const std::string_view first = command_line.substr(0, command_line.find('\0'));
    return std::string(first.starts_with('/') ? first.substr(first.rfind('/') + 1) : first);
}

class OwnersReader {
public:
    OwnersReader(bool contexts, ProblemSink problem)
        : contexts_(contexts), problem_(std::move(problem)), proc_(opendir("/proc")) {
        if (!proc_) problem_({fmt::format("/proc: {}; owners are not known", std::strerror(errno)), false});
    }

    std::optional<RawBlock> operator()() {
        block_.clear();
        if (proc_) {
            while (block_.size() < block_size && read_process()) {
            }
            if (!block_.empty()) return hand_out("proc.pid.fd");
            proc_.reset();
        }
        if (!std::exchange(named_out_, true)) {
            block_ = std::move(processes_);
            return hand_out("processes.tsv");
        }
        if (contexts_ && !std::exchange(contexts_out_, true)) {
            block_ = std::move(context_rows_);
            return hand_out("contexts.tsv");
        }
        return std::nullopt;
    }

private:
    RawBlock hand_out(std::string_view interface) {
        return {interface, std::as_bytes(std::span(block_)), no_table, 0};
    }

    /// The next process's socket descriptors; false after the last process.
    bool read_process() {
        const dirent* entry = readdir(proc_.get());
        if (entry == nullptr) return false;
        const auto pid = number(entry->d_name);
        if (!pid) return true;
        char path[32];
        *fmt::format_to(path, "{}/fd", *pid) = '\0';
        const int fd = openat(dirfd(proc_.get()), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) {
            if (errno == EACCES || errno == EPERM) note_refused(*pid, "EACCES");
            return true;
        }
        const Directory descriptors(fdopendir(fd));
        if (!descriptors) return true;
        bool holds = false, refused = false;
        while (const dirent* descriptor = readdir(descriptors.get())) {
            errno = 0;
            holds = read_link(*pid, dirfd(descriptors.get()), descriptor->d_name) || holds;
            refused = refused || errno == EACCES || errno == EPERM;
        }
        // Root without CAP_SYS_PTRACE may list a process's descriptors and not read them.
        if (refused) note_refused(*pid, "links");
        // A directory that opens and then lists nothing was refused by hidepid or a security module.
        if (holds) name_process(*pid, entry->d_name);
        return true;
    }

    void note_refused(std::int32_t pid, std::string_view what) {
        fmt::format_to(std::back_inserter(block_), "{}\t-\t{}\n", pid, what);
    }

    bool read_link(std::int32_t pid, int directory, const char* name) {
        if (name[0] < '0' || name[0] > '9') return false;
        char link[64];
        const ssize_t length = readlinkat(directory, name, link, sizeof link);
        if (length < 10 || std::memcmp(link, "socket:[", 8) != 0) return false;
        fmt::format_to(std::back_inserter(block_), "{}\t{}\t{}\n", pid, name,
                       std::string_view(link, static_cast<std::size_t>(length)));
        return true;
    }

    void name_process(std::int32_t pid, const char* name) {
        const Descriptor process(openat(dirfd(proc_.get()), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        struct stat status {};
        if (process.get() < 0 || fstat(process.get(), &status) != 0) return;
        std::string comm = read_small(process.get(), "comm", 64);
        if (comm.ends_with('\n')) comm.pop_back();
        fmt::format_to(std::back_inserter(processes_), "{}\t{}\t{}\t{}\n", pid,
                       escaped_field(program_name(read_small(process.get(), "cmdline"))), status.st_uid,
                       escaped_field(comm));
        if (!contexts_) return;
        std::string context = read_small(process.get(), "attr/current", 256);
        while (context.ends_with('\0') || context.ends_with('\n')) context.pop_back();
        fmt::format_to(std::back_inserter(context_rows_), "{}\t{}\n", pid, escaped_field(context));
    }

    bool contexts_;
    ProblemSink problem_;
    Directory proc_;
    std::string block_, processes_, context_rows_;
    bool named_out_ = false, contexts_out_ = false;
};

/// Whole lines from a descriptor.
class LinesReader {
public:
    LinesReader(Descriptor file, std::string_view interface, std::size_t table, ProblemSink problem)
        : file_(std::move(file)), interface_(interface), table_(table), problem_(std::move(problem)) {}

    std::optional<RawBlock> operator()() {
        if (ended_) return std::nullopt;
        offset_ += whole_;
        buffer_.erase(0, whole_);
        while (!ended_) {
            const std::size_t had = buffer_.size();
            buffer_.resize(had + block_size);
            const ssize_t got = read_some(file_.get(), buffer_.data() + had, block_size);
            if (got < 0) problem_({fmt::format("{}: {}", interface_, std::strerror(errno))});
            buffer_.resize(had + (got > 0 ? static_cast<std::size_t>(got) : 0));
            ended_ = got <= 0;
            whole_ = ended_ ? buffer_.size() : buffer_.rfind('\n') + 1;
            if (whole_ > 0 && (ended_ || buffer_.size() >= block_size)) break;
        }
        if (buffer_.empty() && offset_ > 0) return std::nullopt;
        return RawBlock{interface_, std::as_bytes(std::span(buffer_).first(whole_)), table_, offset_};
    }

private:
    Descriptor file_;
    std::string interface_;
    std::size_t table_;
    ProblemSink problem_;
    std::string buffer_;
    std::size_t whole_ = 0, offset_ = 0;
    bool ended_ = false;
};

/// std::function wants copies.
template <class Reader>
BlockReader shared_reader(std::shared_ptr<Reader> reader) {
    return [reader = std::move(reader)] { return (*reader)(); };
}

} // namespace

FileBlocks read_proc_file(const std::string& path, std::string_view interface, std::size_t table,
                          const ProblemSink& problem) {
    Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return {errno, {}};
    return {0, shared_reader(std::make_shared<LinesReader>(std::move(file), interface, table, problem))};
}

BlockReader read_owners(bool contexts, const ProblemSink& problem) {
    return shared_reader(std::make_shared<OwnersReader>(contexts, problem));
}

} // namespace netstat46
