// Asks a running Darwin kernel: sockets by sysctl, their holders by libproc.
#include "darwin/row.hpp"
#include "platform.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <sys/types.h>

#include <sys/sysctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include "capture/decoders.hpp"
#include "darwin/live_owners.hpp"
#include "messages.hpp"
#include "posix/growing.hpp"
#include "posix/host.hpp"

namespace netstat46 {
namespace {

using Alternatives = std::vector<const DecoderEntry*>;

/// One part of one table: the first of its interfaces that exists answers it.
struct Question {
    Alternatives interfaces;
    std::size_t table = no_table;
};

/// Darwin 22 (macOS 13) brought `net.local.*.pcblist_n` and still answers `pcblist64`, which holds less.
constexpr long first_without_pcblist64 = 22;

std::vector<Table> all_tables() {
    return {{Protocol::Tcp, true, true},
            {Protocol::Udp, true, true},
            {Protocol::Raw, true, true},
            {Protocol::Multipath, true, true},
            {Protocol::Unix},
            {Protocol::KernelControl}};
}

std::vector<Question> questions_of(const Request& request, const std::string& release) {
    const bool newest_first = std::strtol(release.c_str(), nullptr, 10) >= first_without_pcblist64;
    const std::vector<Table> tables = request.everything ? all_tables() : request.tables;
    std::vector<Question> questions;
    for (std::size_t table = 0; table < tables.size(); ++table)
        for (Alternatives& alternatives : parts_of(darwin_system, tables[table])) {
            const auto older = [](const DecoderEntry* entry) { return entry->interface.ends_with("64"); };
            if (newest_first)
                std::stable_partition(alternatives.begin(), alternatives.end(), std::not_fn(older));
            questions.push_back({alternatives, table});
        }
    return questions;
}

/// Works through the questions. Of one interface asked twice in a row the answer is kept: the look lists the
/// raw table once for each protocol.
class LiveReader {
public:
    LiveReader(const Request& request, ProblemSink problem)
        : questions_(questions_of(request, live_host().release)), problem_(std::move(problem)) {
        if (request.wanted.owners || request.everything) owners_ = darwin::read_owners(problem_);
    }

    std::optional<RawBlock> operator()() {
        if (owners_) {
            if (auto block = owners_()) return block;
            owners_ = nullptr;
        }
        while (next_ < questions_.size()) {
            const Question& question = questions_[next_++];
            if (const DecoderEntry* entry = ask(question))
                return RawBlock{entry->interface, buffer_, question.table, 0};
        }
        if (!any_read_ && std::exchange(refused_, false))
            throw std::runtime_error(std::string(messages.nothing_read));
        return std::nullopt;
    }

private:
    /// The interface whose answer is in the buffer then, or null.
    const DecoderEntry* ask(const Question& question) {
        for (const DecoderEntry* entry : question.interfaces) {
            if (entry == held_) return entry;
            if (const int error = read(*entry); error == ENOENT) continue;
            return held_;
        }
        return nullptr;
    }

    int read(const DecoderEntry& entry) {
        held_ = nullptr;
        const auto sysctl = [name = entry.interface.data()](void* room, std::size_t* size) {
            return sysctlbyname(name, room, size, nullptr, 0) == 0 ? 0 : errno;
        };
        const int error = read_growing(sysctl, buffer_);
        // Without sessions the multipath table has not even a header.
        if (error == 0 && (!buffer_.empty() || entry.holds.protocol == Protocol::Multipath)) {
            held_ = &entry;
            any_read_ = true;
        } else if (error != ENOENT) {
            const std::string why = error == 0 ? "empty answer" : std::generic_category().message(error);
            problem_({fmt::format(messages.refused, entry.interface, why)});
            refused_ = true;
        }
        return error;
    }

    std::vector<Question> questions_;
    ProblemSink problem_;
    BlockReader owners_;
    std::vector<std::byte> buffer_;
    std::size_t next_ = 0;
    const DecoderEntry* held_ = nullptr; ///< whose answer is in the buffer
    bool any_read_ = false, refused_ = false;
};

/// `xnu-11417.121.6~2` of `Darwin Kernel Version 24.5.0: ...; root:xnu-11417.121.6~2/RELEASE_ARM64_T6000`.
std::string kernel_of(std::string_view version) {
    const std::size_t start = version.find("xnu-");
    if (start == std::string_view::npos) return {};
    const std::string_view kernel = version.substr(start);
    return std::string(kernel.substr(0, kernel.find('/')));
}

} // namespace

BlockReader live_blocks(const Request& request, ProblemSink problem) {
    const auto reader = std::make_shared<LiveReader>(request, std::move(problem));
    return [reader] { return (*reader)(); };
}

HostFacts live_host() {
    HostFacts host = posix_host(darwin_system);
    utsname names{};
    if (uname(&names) == 0) host.kernel = kernel_of(names.version);
    host.visibility = geteuid() == 0 ? Visibility::Everyone : Visibility::Own;
    return host;
}

} // namespace netstat46
