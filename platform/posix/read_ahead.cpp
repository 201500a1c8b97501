#include "posix/read_ahead.hpp"

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace netstat46 {
namespace {

class ReadAhead {
public:
    ReadAhead(BlockReader reader, std::size_t limit)
        : reader_(std::move(reader)), limit_(limit), thread_([this] { run(); }) {}
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;
    ~ReadAhead() {
        {
            const std::lock_guard lock(mutex_);
            abandoned_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

    std::optional<RawBlock> operator()() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return held_.bytes() > 0 || ended_; });
        auto block = held_.pop();
        if (!block && failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
        changed_.notify_all();
        return block;
    }

private:
    void run() {
        try {
            while (const auto block = reader_()) {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [this] { return held_.bytes() < limit_ || abandoned_; });
                if (abandoned_) return;
                held_.push(*block);
                changed_.notify_all();
            }
        } catch (...) {
            failure_ = std::current_exception();
        }
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }

    BlockReader reader_;
    std::size_t limit_;
    std::mutex mutex_;
    std::condition_variable changed_;
    HeldBlocks held_;
    bool ended_ = false, abandoned_ = false;
    std::exception_ptr failure_;
    std::thread thread_;
};

} // namespace

void HeldBlocks::push(const RawBlock& block) {
    blocks_.push_back(
        {std::string(block.interface), {block.bytes.begin(), block.bytes.end()}, block.table, block.offset});
    bytes_ += block.bytes.size() + 1; // an empty block is one, too
}

std::optional<RawBlock> HeldBlocks::pop() {
    if (blocks_.empty()) return std::nullopt;
    popped_ = std::move(blocks_.front());
    blocks_.pop_front();
    bytes_ -= popped_.bytes.size() + 1;
    return popped_.block();
}

void HeldBlocks::for_each(const std::function<void(const RawBlock&)>& visit) const {
    for (const Held& held : blocks_) visit(held.block());
}

BlockReader in_turn(std::deque<std::function<BlockReader()>> makers) {
    return [makers = std::move(makers), current = BlockReader{}]() mutable -> std::optional<RawBlock> {
        while (true) {
            if (!current) {
                if (makers.empty()) return std::nullopt;
                current = makers.front()();
                makers.pop_front();
            }
            if (current)
                if (auto block = current()) return block;
            current = nullptr;
        }
    };
}

BlockReader all_at_once(BlockReader reader) {
    return [reader = std::move(reader), held = std::make_shared<HeldBlocks>()]() mutable {
        while (reader) {
            if (const auto block = reader())
                held->push(*block);
            else
                reader = nullptr;
        }
        return held->pop();
    };
}

BlockReader read_ahead(BlockReader reader, std::size_t limit) {
    try {
        const auto ahead = std::make_shared<ReadAhead>(reader, limit);
        return [ahead] { return (*ahead)(); };
    } catch (const std::exception&) {
        return reader;
    }
}

} // namespace netstat46
