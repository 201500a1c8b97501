#include "capture/ending_signals.hpp"

#include <system_error>
#include <utility>

#include <unistd.h>

namespace netstat46 {
namespace {

constexpr int ending[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,   SIGALRM,
                          SIGUSR1, SIGUSR2, SIGXCPU, SIGVTALRM, SIGPROF};

/// Those of `ending` that end this process: not what it was started to ignore, as by nohup(1).
sigset_t not_ignored() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : ending) {
        struct sigaction now {};
        if (sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) sigaddset(&set, signal);
    }
    return set;
}

void ignore(int signal, struct sigaction& before) {
    struct sigaction ignored {};
    ignored.sa_handler = SIG_IGN;
    sigaction(signal, &ignored, &before);
}

int first_of(const sigset_t& set) {
    for (const int signal : ending)
        if (sigismember(&set, signal) == 1) return signal;
    return 0;
}

} // namespace

EndingSignals::EndingSignals(std::function<void()> undo) : undo_(std::move(undo)), waited_(not_ignored()) {
    ignore(SIGPIPE, pipe_);
    ignore(SIGXFSZ, file_size_);
    pthread_sigmask(SIG_BLOCK, &waited_, &before_);
    if (first_of(waited_) == 0) return;
    try {
        thread_ = std::thread([this] { wait(); });
    } catch (const std::system_error&) {
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
}

EndingSignals::~EndingSignals() {
    if (thread_.joinable()) {
        done_ = true;
        pthread_kill(thread_.native_handle(), first_of(waited_));
        thread_.join();
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    sigaction(SIGPIPE, &pipe_, nullptr);
    sigaction(SIGXFSZ, &file_size_, nullptr);
}

void EndingSignals::wait() {
    int signal = 0;
    while (sigwait(&waited_, &signal) != 0) {
    }
    if (done_) { // woken by the destructor, or the process ends by the signal when it is unblocked
        if (signal != first_of(waited_)) kill(getpid(), signal);
        return;
    }
    undo_();
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    raise(signal);
}

} // namespace netstat46
