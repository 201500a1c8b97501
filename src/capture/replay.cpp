// A capture in the place of a kernel.
#include "capture/capture_dir.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "capture/decoders.hpp"
#include "capture/manifest.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;

/// A file in memory, read-only. Pages come and go with the kernel's will, so that a capture may be larger
/// than memory.
class MappedFile {
public:
    explicit MappedFile(const fs::path& path) {
        const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe is not waited for
        if (fd < 0) {
            error_ = errno;
            return;
        }
        struct stat status {};
        if (fstat(fd, &status) != 0) {
            error_ = errno;
        } else if (S_ISDIR(status.st_mode)) {
            error_ = EISDIR;
        } else if (!S_ISREG(status.st_mode)) {
            error_ = EINVAL;
        } else if (status.st_size > 0) {
            size_ = static_cast<std::size_t>(status.st_size);
            data_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
            if (data_ == MAP_FAILED) {
                error_ = errno;
                data_ = nullptr;
                size_ = 0;
            } else {
                madvise(data_, size_, MADV_SEQUENTIAL);
            }
        }
        close(fd);
    }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile() {
        if (data_ != nullptr) munmap(data_, size_);
    }

    [[nodiscard]] int error() const { return error_; }
    [[nodiscard]] std::span<const std::byte> bytes() const {
        return {static_cast<const std::byte*>(data_), size_};
    }

private:
    void* data_ = nullptr;
    std::size_t size_ = 0;
    int error_ = 0;
};

/// One file to be handed out, and what it answers.
struct Part {
    std::string interface;
    std::size_t table = no_table;
};

std::vector<std::string> files_of(const fs::path& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, error))
        names.push_back(entry.path().filename().string());
    if (error) throw std::runtime_error(fmt::format("--replay: {}: {}", directory.string(), error.message()));
    std::sort(names.begin(), names.end());
    return names;
}

/// Whether every system's captures have it: names, not one system's way of telling who holds a socket.
bool everyones(const DecoderEntry& entry) {
    const std::span<const DecoderEntry> shared = side_tables();
    return std::any_of(shared.begin(), shared.end(),
                       [&](const DecoderEntry& each) { return &each == &entry; });
}

/// The files of a capture that answer `request`: side tables first, then sockets in the order of its tables.
std::vector<Part> parts_for(const Request& request, const System& system,
                            const std::vector<std::string>& files) {
    const auto has = [&](std::string_view name) {
        return std::binary_search(files.begin(), files.end(), name);
    };
    std::vector<Part> sockets, sides;
    std::set<std::string, std::less<>> used;
    for (std::size_t table = 0; table < request.tables.size(); ++table)
        for (const auto& alternatives : parts_of(system, request.tables[table])) {
            const auto first = std::find_if(alternatives.begin(), alternatives.end(),
                                            [&](const DecoderEntry* entry) { return has(entry->interface); });
            if (first == alternatives.end()) continue;
            sockets.push_back({std::string((*first)->interface), table});
            used.emplace((*first)->interface);
            for (auto each = first; each != alternatives.end(); ++each)
                if ((*each)->side != nullptr && (*each)->side_wanted == nullptr && has((*each)->interface))
                    sides.push_back({std::string((*each)->interface), no_table});
        }
    std::vector<Part> parts;
    for (const std::string& file : files) {
        const DecoderEntry* entry = find_decoder(system, file);
        if (entry == nullptr || entry->side == nullptr || used.contains(file)) continue;
        const bool wanted = entry->side_wanted != nullptr && request.wanted.*entry->side_wanted;
        if (wanted || everyones(*entry)) parts.push_back({file, no_table});
    }
    parts.insert(parts.end(), sides.begin(), sides.end());
    parts.insert(parts.end(), sockets.begin(), sockets.end());
    return parts;
}

class ReplayReader {
public:
    ReplayReader(fs::path directory, std::vector<Part> parts, ProblemSink problem)
        : directory_(std::move(directory)), parts_(std::move(parts)), problem_(std::move(problem)) {}

    std::optional<RawBlock> operator()() {
        while (next_ < parts_.size()) {
            const Part& part = parts_[next_++];
            file_ = std::make_unique<MappedFile>(directory_ / part.interface);
            if (file_->error() == 0) return RawBlock{part.interface, file_->bytes(), part.table, 0};
            problem_({fmt::format("{}: {}", (directory_ / part.interface).string(),
                                  std::strerror(file_->error()))});
        }
        return std::nullopt;
    }

private:
    fs::path directory_;
    std::vector<Part> parts_;
    ProblemSink problem_;
    std::unique_ptr<MappedFile> file_;
    std::size_t next_ = 0;
};

} // namespace

Source captured_source(const std::string& directory, const HostFacts& host) {
    return {
        host, false,
        [directory = fs::path(directory), system = host.system](const Request& request, ProblemSink problem) {
            const auto reader = std::make_shared<ReplayReader>(
                directory, parts_for(request, *system, files_of(directory)), std::move(problem));
            return [reader] { return (*reader)(); };
        }};
}

Source open_capture(const std::string& directory, std::span<const System* const> systems) {
    const fs::path path = fs::path(directory) / manifest_name;
    const MappedFile manifest(path);
    if (manifest.error() != 0)
        throw std::runtime_error(fmt::format("--replay: {}: {}; a capture is a directory that --save wrote",
                                             path.string(), std::strerror(manifest.error())));
    HostFacts host;
    if (const auto wrong = read_manifest(Bytes(manifest.bytes()).text(), systems, host))
        throw std::runtime_error(fmt::format("--replay: {}: {}", path.string(), *wrong));
    return captured_source(directory, host);
}

} // namespace netstat46
