// Threads that work together, and one that works ahead.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace netstat46 {

/// Calls `work` at once, in a thread of its own; what is returned waits for its result. Where the system
/// allows no thread, `work` is called when its result is asked for.
template <class Result>
std::function<Result()> begin_now(Result (*work)()) {
    std::shared_future<Result> result;
    try {
        result = std::async(std::launch::async, work);
    } catch (const std::exception&) {
        result = std::async(std::launch::deferred, work);
    }
    return [result] { return result.get(); };
}

/// What `work` makes of 0, 1, 2 ... `count`-1, in that order. Whoever asks for the next result works as the
/// threads do, so that without threads everything is done all the same. Tasks begin in ascending order; once
/// `enough` returns true none begins, and those that have begun are finished. An exception that a task throws
/// is thrown in place of the next result. `Result` has size(), in bytes.
template <class Result>
class Pool {
public:
    using Work = std::function<Result(std::size_t)>;
    using Enough = std::function<bool()>;

    /// At most `threads` tasks at a time, the caller's included.
    Pool(std::size_t count, unsigned threads, Work work, Enough enough)
        : state_(std::make_shared<State>(count, std::move(work), std::move(enough))) {
        try {
            for (unsigned i = 1; i < threads; ++i)
                std::thread([state = state_] { state->work_on(); }).detach();
        } catch (const std::exception&) { // fewer will do
        }
    }
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    /// Waits for tasks that have begun. (A thread that has not begun yet will find nothing to do.)
    ~Pool() { state_->close(); }

    /// Nothing at the end.
    std::optional<Result> next() { return state_->next(); }

private:
    class State {
    public:
        State(std::size_t count, Work work, Enough enough)
            : count_(count), work_(std::move(work)), enough_(std::move(enough)) {}

        /// Of one of the threads.
        void work_on() {
            std::unique_lock lock(mutex_);
            while (may_begin()) {
                if (has_room())
                    do_one(lock);
                else
                    changed_.wait(lock);
            }
        }

        std::optional<Result> next() {
            std::unique_lock lock(mutex_);
            while (results_.empty() || !results_.front()) {
                if (failure_) std::rethrow_exception(failure_);
                if (may_begin() && has_room())
                    do_one(lock);
                else if (results_.empty())
                    return std::nullopt;
                else
                    changed_.wait(lock);
            }
            std::optional<Result> result = std::move(results_.front());
            results_.pop_front();
            ++first_;
            waiting_ -= result->size();
            changed_.notify_all();
            return result;
        }

        void close() {
            std::unique_lock lock(mutex_);
            count_ = next_;
            changed_.notify_all();
            changed_.wait(lock, [this] { return working_ == 0; });
        }

    private:
        static constexpr std::size_t most_waiting = std::size_t{1024} * 1024;

        [[nodiscard]] bool may_begin() const { return next_ < count_ && !failure_ && !enough_(); }
        [[nodiscard]] bool has_room() const { return waiting_ < most_waiting; }

        /// Unlocks while it works.
        void do_one(std::unique_lock<std::mutex>& lock) {
            std::optional<Result> result;
            std::exception_ptr failure;
            results_.emplace_back();
            const std::size_t task = next_++;
            ++working_;
            lock.unlock();
            try {
                result = work_(task);
            } catch (...) {
                failure = std::current_exception();
            }
            lock.lock();
            --working_;
            if (failure) failure_ = failure;
            if (result) waiting_ += result->size();
            results_[task - first_] = std::move(result);
            changed_.notify_all();
        }

        std::size_t count_;
        Work work_;
        Enough enough_;
        std::mutex mutex_; ///< guards what follows, and `count_`
        std::condition_variable changed_;
        std::size_t next_ = 0, first_ = 0; ///< tasks: that begins next, whose result is the first of
        std::deque<std::optional<Result>> results_;
        std::size_t waiting_ = 0; ///< bytes
        unsigned working_ = 0;
        std::exception_ptr failure_;
    };

    std::shared_ptr<State> state_;
};

} // namespace netstat46
