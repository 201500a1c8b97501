// A capture while it is written.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "capture/capture_files.hpp"
#include "capture/ending_signals.hpp"
#include "capture/raw_block.hpp"

namespace netstat46 {

/// The directory and files of a capture under way, for their owner alone whatever the umask. Unless it is
/// finished, what was written is removed again, also when a signal ends the process; what cannot be removed
/// is a problem. Every failure throws std::runtime_error.
class CaptureWriter {
public:
    /// `path` is made, or is an empty directory of the caller's that nobody else may write to; a link is
    /// refused. `problem` may be called by another thread.
    CaptureWriter(std::string path, ProblemSink problem);
    CaptureWriter(const CaptureWriter&) = delete;
    CaptureWriter& operator=(const CaptureWriter&) = delete;
    ~CaptureWriter();

    void append(std::string_view name, std::span<const std::byte> bytes);
    void append(std::string_view name, std::string_view text) {
        append(name, std::as_bytes(std::span(text)));
    }

    /// Puts on disk what was appended, so that it can be read back.
    void flush();

    /// The manifest is there when all else is on disk, and then the capture is whole.
    void finish(std::string_view manifest);

    /// For whoever reads the capture; it outlives this object.
    [[nodiscard]] std::shared_ptr<const CaptureDirectory> directory() const { return directory_; }

private:
    [[noreturn]] void fail_at(std::string_view name, int error) const;
    void make(const std::string& path);
    [[nodiscard]] const OpenFile& descriptor(std::string_view name);
    void remove_all();

    ProblemSink problem_;
    std::shared_ptr<const CaptureDirectory> directory_;
    bool created_ = false;
    std::optional<unsigned> mode_before_; ///< of a directory that was there and let others look
    std::map<std::string, OpenFile, std::less<>> open_;

    std::mutex lasting_; ///< while it is free, `written_` and `finished_` describe the directory
    std::set<std::string, std::less<>> written_;
    bool finished_ = false;
    std::unique_ptr<EndingSignals> signals_; ///< uses all of the above
};

} // namespace netstat46
