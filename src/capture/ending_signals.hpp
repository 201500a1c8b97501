// Signals that end a process, while it has something to undo first.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

namespace netstat46 {

/// While this lives, a thread of its own waits for the signals that would end the process (SIGINT, SIGTERM,
/// SIGHUP and the like, if they are not ignored). It calls `undo`, and then the process ends by that signal.
/// SIGPIPE and SIGXFSZ are ignored meanwhile: the write fails instead. Threads that are started meanwhile
/// keep those signals blocked. Where the system allows no thread, signals do what they always do.
class EndingSignals {
public:
    /// `undo` is called in that thread.
    explicit EndingSignals(std::function<void()> undo);
    EndingSignals(const EndingSignals&) = delete;
    EndingSignals& operator=(const EndingSignals&) = delete;
    ~EndingSignals();

private:
    void wait();

    std::function<void()> undo_;
    sigset_t waited_{}, before_{};
    struct sigaction pipe_ {
    }, file_size_{};
    std::atomic<bool> done_ = false;
    std::thread thread_;
};

} // namespace netstat46
