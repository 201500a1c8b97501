#include "capture/capture_writer.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "capture/manifest.hpp"
#include "messages.hpp"

namespace netstat46 {
namespace {

[[noreturn]] void fail(const std::string& path, std::string_view why) {
    throw std::runtime_error(fmt::format(messages.save, path, why));
}

/// Without trailing slashes, which would make open(2) follow a link at the end.
std::string without_trailing_slashes(std::string path) {
    while (path.size() > 1 && (path.ends_with('/') || path.ends_with("/."))) path.resize(path.size() - 1);
    return path;
}

std::string last_component(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// mkdir(2) with all permissions of the owner and no others, whatever the umask. False: it is there already.
bool make_directory(const std::string& path) {
    const mode_t before = umask(S_IRWXG | S_IRWXO);
    const int error = mkdir(path.c_str(), S_IRWXU) == 0 ? 0 : errno;
    umask(before);
    if (error != 0 && error != EEXIST) fail(path, std::strerror(error));
    return error == 0;
}

/// The directory itself, not one that a link leads to.
OpenFile open_directory(const std::string& path) {
    OpenFile fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd.is_open()) return fd;
    const int error = errno;
    struct stat status {};
    const bool seen = lstat(path.c_str(), &status) == 0; // only for the message
    if (seen && S_ISLNK(status.st_mode)) fail(path, messages.save_link);
    if (seen && !S_ISDIR(status.st_mode)) fail(path, messages.save_not_directory);
    fail(path, std::strerror(error));
}

/// Puts the names of the files on disk. Not every file system can, or needs to.
void sync(const CaptureDirectory& directory) { fsync(directory.fd()); }

} // namespace

CaptureWriter::CaptureWriter(std::string path, ProblemSink problem) : problem_(std::move(problem)) {
    signals_ = std::make_unique<EndingSignals>([this] {
        lasting_.lock(); // for good: nothing is written any more, and the process ends
        if (!finished_) remove_all();
    });
    const std::lock_guard lock(lasting_);
    try {
        make(without_trailing_slashes(std::move(path)));
    } catch (...) {
        remove_all();
        throw;
    }
}

CaptureWriter::~CaptureWriter() {
    const std::lock_guard lock(lasting_);
    if (!finished_) remove_all();
    finished_ = true;
}

/// Another user may have put something of his own in its place after it was made: what is open is looked at.
void CaptureWriter::make(const std::string& path) {
    const bool created = make_directory(path);
    directory_ = std::make_shared<const CaptureDirectory>(open_directory(path), path);
    created_ = created;
    struct stat status {};
    if (fstat(directory_->fd(), &status) != 0) fail(path, std::strerror(errno));
    if (status.st_uid != geteuid()) fail(path, messages.save_of_another);
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) fail(path, messages.save_writable);
    if (!directory_->names().empty()) fail(path, messages.save_not_empty);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
    if (fchmod(directory_->fd(), S_IRWXU) != 0)
        fail(path, fmt::format(messages.save_open, std::strerror(errno)));
    mode_before_ = status.st_mode & 07777U;
}

void CaptureWriter::fail_at(std::string_view name, int error) const {
    fail(directory_->path_of(name), std::strerror(error));
}

void CaptureWriter::append(std::string_view name, std::span<const std::byte> bytes) {
    const OpenFile& fd = descriptor(name);
    while (!bytes.empty()) {
        const ssize_t wrote = write(fd.get(), bytes.data(), bytes.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) fail_at(name, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    }
}

const OpenFile& CaptureWriter::descriptor(std::string_view name) {
    if (const auto found = open_.find(name); found != open_.end()) return found->second;
    const std::lock_guard lock(lasting_);
    const bool again = written_.find(name) != written_.end();
    OpenFile fd = again ? directory_->reopen(std::string(name)) : directory_->create(std::string(name));
    if (!fd.is_open()) fail_at(name, errno);
    written_.emplace(name);
    return open_.emplace(name, std::move(fd)).first->second;
}

void CaptureWriter::flush() {
    for (auto& [name, fd] : open_) {
        const int error = fsync(fd.get()) == 0 ? 0 : errno;
        const int close_error = fd.close();
        if (error != 0 || close_error != 0) fail_at(name, error != 0 ? error : close_error);
    }
    open_.clear();
}

void CaptureWriter::finish(std::string_view manifest) {
    const std::string unfinished = fmt::format("{}.new", manifest_name);
    append(unfinished, manifest);
    flush();
    sync(*directory_);
    const std::lock_guard lock(lasting_);
    const std::string whole(manifest_name);
    if (renameat(directory_->fd(), unfinished.c_str(), directory_->fd(), whole.c_str()) != 0)
        fail_at(whole, errno);
    sync(*directory_);
    finished_ = true;
}

/// Needs `lasting_` to be held.
void CaptureWriter::remove_all() {
    if (!directory_) return;
    int error = 0;
    for (const std::string& name : written_)
        if (unlinkat(directory_->fd(), name.c_str(), 0) != 0 && errno != ENOENT) error = errno;
    if (created_) {
        const std::string own = "../" + last_component(directory_->path());
        struct stat here {
        }, named{};
        const bool still = fstat(directory_->fd(), &here) == 0 &&
                           fstatat(directory_->fd(), own.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                           here.st_dev == named.st_dev && here.st_ino == named.st_ino;
        if (!still || unlinkat(directory_->fd(), own.c_str(), AT_REMOVEDIR) != 0)
            error = still ? errno : ENOENT;
    } else if (mode_before_ && fchmod(directory_->fd(), static_cast<mode_t>(*mode_before_)) != 0) {
        error = errno;
    }
    if (error != 0) problem_({fmt::format(messages.save_left, directory_->path(), std::strerror(error))});
}

} // namespace netstat46
