// Asks a running FreeBSD kernel, by sysctl and nothing else.
#include <sys/types.h>

#include <sys/sysctl.h>
#include <sys/utsname.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <ctime>
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
#include "freebsd/wire.hpp"
#include "platform.hpp"

namespace netstat46 {
namespace {

using Buffer = std::vector<std::byte>;

constexpr ByteOrder host_order =
    std::endian::native == std::endian::little ? ByteOrder::Little : ByteOrder::Big;
constexpr std::size_t largest_answer = std::size_t{1} << 34;
constexpr int tries = 5;

/// The kernel's answer, whole. The table may grow between asking how large it is and asking for it.
/// 0 or an errno.
int ask_once(const char* name, Buffer& buffer) {
    std::size_t size = 0;
    if (sysctlbyname(name, nullptr, &size, nullptr, 0) != 0) return errno;
    for (std::size_t room = std::max<std::size_t>(size, 4096); room <= largest_answer; room *= 2) {
        buffer.resize(room);
        size = room;
        if (sysctlbyname(name, buffer.data(), &size, nullptr, 0) == 0) {
            buffer.resize(size);
            return 0;
        }
        if (errno != ENOMEM) return errno;
    }
    return ENOMEM;
}

/// Whether header and trailer of a pcblist were written in the same generation.
bool is_settled(const Buffer& buffer) {
    const Bytes answer(buffer, host_order);
    const std::uint64_t header = answer.u64(freebsd::gen::length);
    if (header == 0 || header > answer.size() / 2) return true;
    const Bytes trailer = answer.sub(answer.size() - static_cast<std::size_t>(header));
    return answer.u64(freebsd::gen::generation) == trailer.u64(freebsd::gen::generation);
}

int ask(const char* name, bool is_list, Buffer& buffer) {
    int error = 0;
    for (int i = 0; i < tries; ++i) {
        error = ask_once(name, buffer);
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
        if (entry.side != nullptr && !entry.interface.ends_with('*') &&
            (request.owners || request.everything))
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
        refused_ = fmt::format("{}: {}", question.interface, why);
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

std::string time_now() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

} // namespace

BlockReader live_blocks(const Request& request, ProblemSink problem) {
    auto reader = std::make_shared<LiveReader>(request, std::move(problem));
    return [reader] { return (*reader)(); };
}

HostFacts live_host() {
    HostFacts host;
    host.os = Os::FreeBSD;
    host.byte_order = host_order;
    host.time = time_now();
    utsname names{};
    if (uname(&names) == 0) {
        host.release = names.release;
        host.hostname = names.nodename;
        host.machine = names.machine;
    }
    return host;
}

} // namespace netstat46
