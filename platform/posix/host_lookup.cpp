#include "posix/host_lookup.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>

namespace netstat46 {
namespace {

using Clock = std::chrono::steady_clock;

/// With less than this left nobody is asked any more.
constexpr Clock::duration least_wait = std::chrono::milliseconds(50);

struct InOrder {
    bool operator()(const Address& a, const Address& b) const {
        return std::tie(a.family, a.bytes, a.scope) < std::tie(b.family, b.bytes, b.scope);
    }
};

struct Answer {
    std::string name;
    std::size_t round = 0; ///< the prefetch that asked
};

} // namespace

/// What the threads work on; the last of them to end takes it away.
struct HostLookup::Shared {
    Shared(AskHost ask_host, std::size_t threads) : ask(std::move(ask_host)), most_threads(threads) {}

    const AskHost ask;
    const std::size_t most_threads;
    std::mutex mutex; ///< guards all below
    std::condition_variable all_answered;
    std::map<Address, Answer, InOrder> answers; ///< of everything that was asked for; its nodes stay in place
    std::deque<decltype(answers)::pointer> questions; ///< that no thread has taken yet
    std::size_t round = 0, unanswered = 0;            ///< the latest prefetch, and what it waits for
    std::size_t threads = 0;
    std::exception_ptr failure; ///< of a thread, which has ended

    void add(const Address& address) {
        const auto [at, is_new] = answers.try_emplace(address, Answer{{}, round});
        if (!is_new) return;
        questions.push_back(&*at);
        ++unanswered;
    }

    /// Asks what nobody has asked yet until `enough`, called with the lock held, says so.
    template <class Enough>
    void ask_some(std::unique_lock<std::mutex>& lock, Enough enough) {
        while (!questions.empty() && !enough()) {
            auto& [address, answer] = *questions.front();
            questions.pop_front();
            lock.unlock();
            std::string name = ask(address);
            lock.lock();
            answer.name = std::move(name);
            if (answer.round == round && --unanswered == 0) all_answered.notify_all();
        }
    }

    /// In a thread of its own.
    void serve() {
        std::exception_ptr thrown;
        std::unique_lock lock(mutex);
        try {
            ask_some(lock, [] { return false; });
        } catch (...) {
            thrown = std::current_exception();
        }
        if (!lock.owns_lock()) lock.lock();
        --threads;
        if (!thrown) return;
        failure = thrown;
        all_answered.notify_all();
    }
};

HostLookup::HostLookup(AskHost ask, LookupBounds bounds)
    : shared_(std::make_shared<Shared>(std::move(ask), bounds.threads)), most_(bounds.wait),
      left_(bounds.wait) {}

void HostLookup::prefetch(std::span<const Address> addresses) {
    const Clock::time_point begun = Clock::now();
    left_ = std::min(most_, left_ + (begun - std::exchange(waited_until_, begun)) / 8);
    if (left_ < least_wait) return;
    std::unique_lock lock(shared_->mutex);
    ++shared_->round;
    shared_->unanswered = 0;
    for (const Address& address : addresses) shared_->add(address);
    if (shared_->unanswered == 0) return;

    const std::size_t wanted = std::min(shared_->most_threads, shared_->threads + shared_->questions.size());
    try {
        for (; shared_->threads < wanted; ++shared_->threads)
            std::thread([shared = shared_] { shared->serve(); }).detach();
    } catch (const std::exception&) { // fewer will do
    }
    const Clock::time_point start = Clock::now(), end = start + left_ / 2;
    const auto answered = [&] { return shared_->unanswered == 0 || shared_->failure != nullptr; };
    if (shared_->threads > 0) {
        shared_->all_answered.wait_until(lock, end, answered);
    } else {
        shared_->ask_some(lock, [&] { return Clock::now() >= end; });
    }
    shared_->questions.clear();
    waited_until_ = Clock::now();
    left_ -= waited_until_ - start;
    if (shared_->failure) std::rethrow_exception(std::exchange(shared_->failure, nullptr));
}

std::string_view HostLookup::name(const Address& address) {
    const auto known = [&]() -> std::optional<std::string_view> {
        const std::lock_guard lock(shared_->mutex);
        const auto found = shared_->answers.find(address);
        if (found == shared_->answers.end()) return std::nullopt;
        return found->second.name;
    };
    if (const auto name = known()) return *name;
    prefetch({&address, 1});
    return known().value_or(std::string_view{});
}

} // namespace netstat46
