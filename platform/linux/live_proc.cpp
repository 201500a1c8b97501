#include "linux/live_proc.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include <dirent.h>
#include <fcntl.h>

#include <fmt/format.h>

#include "messages.hpp"
#include "parse.hpp"

namespace netstat46 {
namespace {

constexpr std::size_t block_size = std::size_t{64} * 1024;

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
            if (got < 0) problem_({fmt::format(messages.refused, interface_, std::strerror(errno))});
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

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};

/// std::function wants copies.
template <class Reader>
BlockReader shared_reader(std::shared_ptr<Reader> reader) {
    return [reader = std::move(reader)] { return (*reader)(); };
}

} // namespace

Numbered numbered_entries(const char* directory) {
    Numbered found;
    const std::unique_ptr<DIR, CloseDirectory> entries(opendir(directory));
    if (!entries) {
        found.error = errno;
        return found;
    }
    errno = 0; // readdir(3) leaves it at the end
    while (const dirent* entry = readdir(entries.get())) {
        if (const auto number = parse_number<std::int32_t>(entry->d_name)) found.numbers.push_back(*number);
        errno = 0;
    }
    found.error = errno;
    return found;
}

std::optional<bool> in_initial_pid_namespace() {
    constexpr std::string_view initial = "pid:[4026531836]"; // PROC_PID_INIT_INO (linux/proc_ns.h)
    char link[64];
    const ssize_t length = readlink("/proc/self/ns/pid", link, sizeof link);
    if (length < 0) return std::nullopt;
    return std::string_view(link, static_cast<std::size_t>(length)) == initial;
}

ssize_t read_some(int fd, char* buffer, std::size_t size) {
    ssize_t got = -1;
    do got = read(fd, buffer, size);
    while (got < 0 && errno == EINTR);
    return got;
}

FileBlocks read_proc_file(const std::string& path, std::string_view interface, std::size_t table,
                          const ProblemSink& problem) {
    Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return {errno, {}};
    return {0, shared_reader(std::make_shared<LinesReader>(std::move(file), interface, table, problem))};
}

} // namespace netstat46
