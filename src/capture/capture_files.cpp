#include "capture/capture_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace netstat46 {
namespace {

constexpr const char* no_file = "is not a regular file";

[[noreturn]] void fail_with_errno() { throw std::system_error(errno, std::generic_category()); }

/// Why the file with this status is not read; empty if it is.
std::string unreadable(const struct stat& status) {
    if (S_ISREG(status.st_mode)) return {};
    return S_ISDIR(status.st_mode) ? std::strerror(EISDIR) : no_file;
}

} // namespace

OpenFile::~OpenFile() { close(); }

int OpenFile::close() {
    const int fd = release();
    return fd < 0 || ::close(fd) == 0 ? 0 : errno;
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) munmap(data_, size_);
}

void MappedFile::map(int fd, std::size_t size) {
    data_ = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data_ == MAP_FAILED) {
        wrong_ = std::strerror(errno);
        data_ = nullptr;
        return;
    }
    size_ = size;
    madvise(data_, size_, MADV_SEQUENTIAL);
}

void MappedFile::pass(std::size_t end) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    end -= end % page;
    if (end <= passed_) return;
    madvise(static_cast<std::byte*>(data_) + passed_, end - passed_, MADV_DONTNEED);
    passed_ = end;
}

CaptureDirectory CaptureDirectory::at(const std::string& path) {
    OpenFile fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open()) fail_with_errno();
    return {std::move(fd), path};
}

std::string CaptureDirectory::path_of(std::string_view name) const {
    return fmt::format("{}{}{}", path_, path_.ends_with('/') ? "" : "/", name);
}

std::vector<std::string> CaptureDirectory::names() const {
    OpenFile again(openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); // from the beginning
    if (!again.is_open()) fail_with_errno();
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(again.get()), closedir);
    if (!listing) fail_with_errno();
    again.release(); // closedir(3) has it now
    std::vector<std::string> names;
    for (errno = 0; const dirent* entry = readdir(listing.get()); errno = 0) {
        std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(std::move(name));
    }
    if (errno != 0) fail_with_errno();
    std::sort(names.begin(), names.end());
    return names;
}

std::size_t CaptureDirectory::size(const std::string& name) const {
    struct stat status {};
    const bool known = fstatat(fd_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    return known && S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) : 0;
}

MappedFile CaptureDirectory::map(const std::string& name) const {
    MappedFile file;
    struct stat before {};
    if (fstatat(fd_.get(), name.c_str(), &before, AT_SYMLINK_NOFOLLOW) != 0) {
        file.wrong_ = std::strerror(errno);
        return file;
    }
    file.wrong_ = unreadable(before); // what would do something when it is opened never is
    if (!file.wrong_.empty()) return file;
    const OpenFile fd(
        openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status {};
    if (!fd.is_open() || fstat(fd.get(), &status) != 0) {
        file.wrong_ = std::strerror(errno);
        return file;
    }
    file.wrong_ = unreadable(status); // another may have taken its place
    if (file.wrong_.empty() && status.st_size > 0)
        file.map(fd.get(), static_cast<std::size_t>(status.st_size));
    return file;
}

OpenFile CaptureDirectory::create(const std::string& name) const {
    constexpr mode_t owner_only = S_IRUSR | S_IWUSR;
    OpenFile fd(openat(fd_.get(), name.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_CLOEXEC, owner_only));
    // The umask may have taken the owner's own permissions.
    if (fd.is_open() && fchmod(fd.get(), owner_only) != 0) {
        const int error = errno;
        unlinkat(fd_.get(), name.c_str(), 0);
        fd = OpenFile();
        errno = error;
    }
    return fd;
}

OpenFile CaptureDirectory::reopen(const std::string& name) const {
    return OpenFile(openat(fd_.get(), name.c_str(), O_WRONLY | O_NOFOLLOW | O_APPEND | O_CLOEXEC));
}

} // namespace netstat46
