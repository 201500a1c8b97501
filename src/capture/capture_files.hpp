// The files of a capture: by name within a directory that is open, never by path again, and never through a
// link.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace netstat46 {

/// A file descriptor that closes itself; -1 is none.
class OpenFile {
public:
    OpenFile() = default;
    explicit OpenFile(int fd) : fd_(fd) {}
    OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    OpenFile& operator=(OpenFile&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile();

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }

    /// Closes it now; 0 or an errno.
    int close();
    /// From here on another closes it.
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_ = -1;
};

/// A file in memory, read-only. Pages come and go with the kernel's will, so that a capture may be larger
/// than memory.
class MappedFile {
public:
    MappedFile() = default;
    MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }
    MappedFile& operator=(MappedFile&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(passed_, other.passed_);
        wrong_.swap(other.wrong_);
        return *this;
    }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    /// Why it could not be read; empty if it was.
    [[nodiscard]] const std::string& wrong() const { return wrong_; }
    [[nodiscard]] std::span<const std::byte> bytes() const {
        return {static_cast<const std::byte*>(data_), size_};
    }
    /// The bytes before `end` are not looked at again: their pages need not stay.
    void pass(std::size_t end);

private:
    friend class CaptureDirectory;
    void map(int fd, std::size_t size);

    void* data_ = nullptr;
    std::size_t size_ = 0, passed_ = 0;
    std::string wrong_;
};

/// A directory that stays the same one whatever becomes of its path.
class CaptureDirectory {
public:
    /// `path` is what messages call it.
    CaptureDirectory(OpenFile fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    /// One that is there already; links in `path` are followed. Throws std::system_error.
    static CaptureDirectory at(const std::string& path);

    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string path_of(std::string_view name) const;

    /// What is in it but `.` and `..`, sorted. Throws std::system_error.
    [[nodiscard]] std::vector<std::string> names() const;

    /// The size of a regular file in it; 0 for anything else.
    [[nodiscard]] std::size_t size(const std::string& name) const;

    /// A regular file of it. Nothing else is opened: no link, no pipe, no device.
    [[nodiscard]] MappedFile map(const std::string& name) const;

    /// A file that was not there, for its owner alone, to append to; none and errno if that fails.
    [[nodiscard]] OpenFile create(const std::string& name) const;

    /// One of those once more.
    [[nodiscard]] OpenFile reopen(const std::string& name) const;

private:
    OpenFile fd_;
    std::string path_;
};

} // namespace netstat46
