// A capture in the place of a kernel.
#include "capture/capture_dir.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "capture/decoders.hpp"
#include "capture/descriptor_lines.hpp"
#include "capture/manifest.hpp"
#include "capture/needs.hpp"
#include "messages.hpp"
#include "parse.hpp"

namespace netstat46 {
namespace {

/// One file to be handed out, and what it answers.
struct Part {
    std::string interface;
    std::size_t table = no_table;
    bool names = false; ///< a host table that every system's captures share
    bool lines = false; ///< text that may be cut between lines
};

/// Where an interface stands among the tables that every system's captures share, which are of names and not
/// of the ways in which one system reports owners; 0: it is none of them.
std::ptrdiff_t rank(std::string_view interface) {
    const std::span<const DecoderEntry> shared = shared_tables();
    const auto found = std::find_if(shared.begin(), shared.end(),
                                    [&](const DecoderEntry& each) { return each.interface == interface; });
    return found == shared.end() ? 0 : found - shared.begin() + 1;
}

/// The files of a capture that answer `request`: host tables first, then sockets in the order of its tables.
std::vector<Part> parts_for(const Request& request, const System& system,
                            const std::vector<std::string>& files) {
    const auto has = [&](std::string_view name) {
        return std::binary_search(files.begin(), files.end(), name);
    };
    std::vector<Part> sockets, sides;
    std::set<std::string, std::less<>> used;
    for (std::size_t table = 0; table < request.tables.size(); ++table)
        for (const auto& alternatives : parts_of(system, request.tables[table])) {
            const auto first = std::find_if(alternatives.begin(), alternatives.end(),
                                            [&](const DecoderEntry* entry) { return has(entry->interface); });
            if (first == alternatives.end()) continue;
            sockets.push_back({std::string((*first)->interface), table, false, false});
            used.emplace((*first)->interface);
            for (auto each = first; each != alternatives.end(); ++each)
                if ((*each)->tables != nullptr && (*each)->tables_wanted == nullptr &&
                    has((*each)->interface))
                    sides.push_back({std::string((*each)->interface), no_table});
        }
    std::vector<Part> parts;
    for (const std::string& file : files) {
        const DecoderEntry* entry = find_decoder(system, file);
        if (entry == nullptr || entry->tables == nullptr || used.contains(file)) continue;
        const bool names = rank(file) != 0;
        const bool wanted = entry->tables_wanted != nullptr && request.wanted.*entry->tables_wanted;
        if (!names && !wanted) continue;
        parts.push_back({file, no_table, names, names || file == descriptor_lines_interface});
    }
    std::stable_sort(parts.begin(), parts.end(), [](const Part& one, const Part& other) {
        return rank(one.interface) < rank(other.interface);
    });
    parts.insert(parts.end(), sides.begin(), sides.end());
    parts.insert(parts.end(), sockets.begin(), sockets.end());
    return parts;
}

/// What a reader is made of.
struct Reading {
    std::shared_ptr<const CaptureDirectory> directory;
    std::vector<Part> parts;
    ProblemSink problem;
    std::optional<Needs> needs; ///< unset: of what socket needs what, nothing is known
};

/// The files one after the other; text in pieces of whole lines, of which those that no socket needs are left
/// out.
class ReplayReader {
public:
    explicit ReplayReader(Reading reading) : reading_(std::move(reading)) {}

    std::optional<RawBlock> operator()() {
        while (true) {
            if (const std::string_view lines = take_lines(); !lines.empty())
                return RawBlock{part().interface, std::as_bytes(std::span(lines)), part().table,
                                static_cast<std::size_t>(lines.data() - text_.data())};
            if (next_ == reading_.parts.size()) return std::nullopt;
            ++next_;
            file_ = reading_.directory->map(part().interface);
            text_ = left_ = {};
            if (!file_.wrong().empty()) {
                reading_.problem({fmt::format(messages.refused, reading_.directory->path_of(part().interface),
                                              file_.wrong())});
            } else if (part().lines) {
                text_ = left_ = Bytes(file_.bytes()).text();
            } else {
                return RawBlock{part().interface, file_.bytes(), part().table, 0};
            }
        }
    }

private:
    [[nodiscard]] const Part& part() const { return reading_.parts[next_ - 1]; }

    /// Lines that follow each other, to be read; what was handed out before need not stay in memory.
    std::string_view take_lines() {
        constexpr std::size_t most = std::size_t{1} << 20;
        std::string_view taken;
        while (!left_.empty() && taken.size() < most) {
            const char* const begin = left_.data();
            const std::string_view line = take_line(left_);
            const bool wanted = !reading_.needs || is_needed(*reading_.needs, part().interface, line);
            const auto whole = static_cast<std::size_t>(left_.data() - begin);
            if (wanted) {
                taken = {taken.empty() ? begin : taken.data(), taken.size() + whole};
            } else if (!taken.empty()) {
                break;
            } else if (const std::size_t at = text_.size() - left_.size(); at % most < whole) {
                file_.pass(at);
            }
        }
        if (!taken.empty()) file_.pass(static_cast<std::size_t>(taken.data() - text_.data()));
        return taken;
    }

    Reading reading_;
    MappedFile file_;
    std::size_t next_ = 0;         ///< parts begun
    std::string_view text_, left_; ///< of a part of lines
};

std::vector<std::string> files_of(const CaptureDirectory& directory) {
    try {
        return directory.names();
    } catch (const std::system_error& error) {
        throw std::runtime_error(fmt::format(messages.replay, directory.path(), error.code().message()));
    }
}

/// The bytes in those host tables that are sifted.
std::size_t size_of_names(const Reading& reading) {
    std::size_t size = 0;
    for (const Part& part : reading.parts)
        if (part.names) size += reading.directory->size(part.interface);
    return size;
}

/// What everything in the capture needs, except the tables that are sifted.
Needs needs_in(const Reading& reading, const HostFacts& host, bool every_owner) {
    Reading rest{reading.directory, reading.parts, [](const Problem&) {}, {}};
    std::erase_if(rest.parts, [](const Part& part) { return part.names; });
    ReplayReader reader(std::move(rest));
    return needs_of([&] { return reader(); }, host, every_owner);
}

std::shared_ptr<const CaptureDirectory> open_directory(const std::string& path) {
    try {
        return std::make_shared<const CaptureDirectory>(CaptureDirectory::at(path));
    } catch (const std::system_error& error) {
        throw std::runtime_error(fmt::format(messages.replay_no_capture, path, error.code().message()));
    }
}

} // namespace

Source captured_source(const std::shared_ptr<const CaptureDirectory>& directory, const HostFacts& host,
                       std::size_t whole) {
    return {
        host, false, [=](const Request& request, const ProblemSink& problem) -> BlockReader {
            Reading reading{directory, parts_for(request, *host.system, files_of(*directory)), problem, {}};
            if (!request.tables.empty() && size_of_names(reading) > whole)
                reading.needs = needs_in(reading, host, request.wanted.all_owners);
            const auto reader = std::make_shared<ReplayReader>(std::move(reading));
            return [reader] { return (*reader)(); };
        }};
}

Source open_capture(const std::string& path, std::span<const System* const> systems) {
    const auto directory = open_directory(path);
    const std::string file = directory->path_of(manifest_name);
    const MappedFile manifest = directory->map(std::string(manifest_name));
    if (!manifest.wrong().empty())
        throw std::runtime_error(fmt::format(messages.replay_no_capture, file, manifest.wrong()));
    HostFacts host;
    if (const auto wrong = read_manifest(Bytes(manifest.bytes()).text(), systems, host))
        throw std::runtime_error(fmt::format(messages.replay, file, *wrong));
    return captured_source(directory, host);
}

} // namespace netstat46
