// Asks a running FreeBSD kernel, by sysctl and nothing else.
#include <sys/types.h>

#include <sys/sysctl.h>

#include <bit>
#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "capture/bytes.hpp"
#include "capture/decoders.hpp"
#include "freebsd/row.hpp"
#include "freebsd/wire.hpp"
#include "messages.hpp"
#include "platform.hpp"
#include "posix/growing.hpp"
#include "posix/host.hpp"

namespace netstat46 {
namespace {

using Buffer = std::vector<std::byte>;

constexpr int tries = 5;

/// Whether header and trailer of a pcblist were written in the same generation.
bool is_settled(const Buffer& buffer) {
    const Bytes answer(buffer, native_order);
    const std::uint64_t header = answer.u64(freebsd::gen::length);
    if (header == 0 || header > answer.size() / 2) return true;
    const Bytes trailer = answer.sub(answer.size() - static_cast<std::size_t>(header));
    return answer.u64(freebsd::gen::generation) == trailer.u64(freebsd::gen::generation);
}

int ask(const char* name, bool is_list, Buffer& buffer) {
    const auto sysctl = [name](void* room, std::size_t* size) {
        return sysctlbyname(name, room, size, nullptr, 0) == 0 ? 0 : errno;
    };
    int error = 0;
    for (int i = 0; i < tries; ++i) {
        error = read_growing(sysctl, buffer);
        if (error != 0 || !is_list || is_settled(buffer)) break;
    }
    return error;
}

/// One interface to be asked.
struct Question {
    std::string_view interface; ///< of the table of decoders, so NUL-terminated
    std::size_t table = no_table;
    bool is_list = false;
};

std::vector<Question> questions_of(const Request& request) {
    std::vector<Question> questions;
    const std::span<const DecoderEntry> entries = freebsd_decoders();
    for (const DecoderEntry& entry : entries)
        if (entry.tables != nullptr && !entry.interface.ends_with('*') &&
            (request.wanted.owners || request.everything))
            questions.push_back({entry.interface, no_table, false});
    if (request.everything) {
        for (const DecoderEntry& entry : entries)
            if (entry.sockets != nullptr) questions.push_back({entry.interface, no_table, true});
        return questions;
    }
    for (std::size_t table = 0; table < request.tables.size(); ++table)
        for (const DecoderEntry& entry : entries)
            if (entry.sockets != nullptr && entry.holds.protocol == request.tables[table].protocol)
                questions.push_back({entry.interface, table, true});
    return questions;
}

/// Works through the questions. Of one interface asked twice in a row the answer is kept: the look lists the
/// raw table once for each protocol.
class LiveReader {
public:
    LiveReader(const Request& request, ProblemSink problem)
        : questions_(questions_of(request)), problem_(std::move(problem)) {}

    std::optional<RawBlock> operator()() {
        while (next_ < questions_.size()) {
            const Question& question = questions_[next_++];
            if (question.interface != held_ && !read(question)) continue;
            return RawBlock{question.interface, buffer_, question.table, 0};
        }
        if (!any_read_ && !refused_.empty()) throw std::runtime_error(std::exchange(refused_, {}));
        return std::nullopt;
    }

private:
    bool read(const Question& question) {
        held_ = {};
        if (question.interface == failed_) return false;
        const int error = ask(question.interface.data(), question.is_list, buffer_);
        if (error == 0 && !buffer_.empty()) {
            held_ = question.interface;
            any_read_ = true;
            return true;
        }
        failed_ = question.interface;
        if (error == ENOENT) return false;
        const std::string why = error == 0 ? "empty answer" : std::generic_category().message(error);
        refused_ = fmt::format(messages.refused, question.interface, why);
        problem_({refused_});
        return false;
    }

    std::vector<Question> questions_;
    ProblemSink problem_;
    Buffer buffer_;
    std::size_t next_ = 0;
    std::string_view held_;   ///< whose answer is in the buffer
    std::string_view failed_; ///< the last one that gave nothing
    std::string refused_;
    bool any_read_ = false;
};

} // namespace

BlockReader live_blocks(const Request& request, ProblemSink problem) {
    auto reader = std::make_shared<LiveReader>(request, std::move(problem));
    return [reader] { return (*reader)(); };
}

HostFacts live_host() { return posix_host(freebsd_system); }

} // namespace netstat46
