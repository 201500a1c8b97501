// Records out of blocks, as a range.
#pragma once

#include <map>
#include <string>

#include <range/v3/view/facade.hpp>

#include "capture/decoders.hpp"

namespace netstat46 {

/// The sockets of one block, in order. Single pass: each is decoded to where `place` points at that time, and
/// overwrites the one before unless `place` was moved on.
class RecordStream : public ranges::view_facade<RecordStream> {
public:
    RecordStream() = default;
    RecordStream(const SocketDecoder& decode, Bytes block, SocketRecord* const& place)
        : decode_(&decode), rest_(block), place_(&place) {}

private:
    friend ranges::range_access;

    class Cursor {
    public:
        Cursor() = default;
        explicit Cursor(RecordStream& stream) : stream_(&stream) { next(); }
        [[nodiscard]] const SocketRecord& read() const { return **stream_->place_; }
        void next() { more_ = (*stream_->decode_)(stream_->rest_, **stream_->place_); }
        [[nodiscard]] bool equal(ranges::default_sentinel_t /*end*/) const { return !more_; }
        static constexpr bool single_pass() { return true; }

    private:
        RecordStream* stream_ = nullptr;
        bool more_ = false;
    };

    Cursor begin_cursor() { return Cursor(*this); }
    static ranges::default_sentinel_t end_cursor() { return {}; }

    const SocketDecoder* decode_ = nullptr;
    Bytes rest_;
    SocketRecord* const* place_ = nullptr;
};

} // namespace netstat46
