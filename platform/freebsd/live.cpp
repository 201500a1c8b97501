// Asks a running FreeBSD kernel, by sysctl and nothing else.
#include <sys/types.h>

#include <sys/sysctl.h>

#include <bit>
#include <cerrno>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "capture/bytes.hpp"
#include "capture/decoders.hpp"
#include "freebsd/row.hpp"
#include "freebsd/wire.hpp"
#include "platform.hpp"
#include "posix/answers.hpp"
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

/// What is read again while it changes.
bool is_list(std::string_view interface) {
    return find_decoder(freebsd_system, interface)->sockets != nullptr;
}

/// `interface` is of the table of decoders, so NUL-terminated.
std::optional<NoAnswer> ask(std::string_view interface, Buffer& buffer) {
    const auto sysctl = [interface](void* room, std::size_t* size) {
        return sysctlbyname(interface.data(), room, size, nullptr, 0) == 0 ? 0 : errno;
    };
    int error = 0;
    for (int i = 0; i < tries; ++i) {
        error = read_growing(sysctl, buffer);
        if (error != 0 || !is_list(interface) || is_settled(buffer)) break;
    }
    if (error == 0 && !buffer.empty()) return std::nullopt;
    return NoAnswer{error == 0 ? "empty answer" : std::generic_category().message(error), error == ENOENT};
}

std::vector<Question> questions_of(const Request& request) {
    std::vector<Question> questions;
    const std::span<const DecoderEntry> entries = freebsd_decoders();
    for (const DecoderEntry& entry : entries)
        if (entry.tables != nullptr && !entry.interface.ends_with('*') &&
            (request.wanted.owners || request.everything))
            questions.push_back({entry.interface, no_table});
    if (request.everything) {
        for (const DecoderEntry& entry : entries)
            if (entry.sockets != nullptr) questions.push_back({entry.interface, no_table});
        return questions;
    }
    for (std::size_t table = 0; table < request.tables.size(); ++table)
        for (const DecoderEntry& entry : entries)
            if (entry.sockets != nullptr && entry.holds.protocol == request.tables[table].protocol)
                questions.push_back({entry.interface, table});
    return questions;
}

} // namespace

BlockReader live_blocks(const Request& request, ProblemSink problem) {
    return answers_to(questions_of(request), ask, std::move(problem));
}

HostFacts live_host() { return posix_host(freebsd_system); }

} // namespace netstat46
