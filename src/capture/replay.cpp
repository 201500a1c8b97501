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
#include "capture/manifest.hpp"

namespace netstat46 {
namespace {

/// One file to be handed out, and what it answers.
struct Part {
    std::string interface;
    std::size_t table = no_table;
};

/// Whether every system's captures have it: names, not one system's way of telling who holds a socket.
bool everyones(const DecoderEntry& entry) {
    const std::span<const DecoderEntry> shared = side_tables();
    return std::any_of(shared.begin(), shared.end(),
                       [&](const DecoderEntry& each) { return &each == &entry; });
}

/// The files of a capture that answer `request`: side tables first, then sockets in the order of its tables.
std::vector<Part> parts_for(const Request& request, Os os, const std::vector<std::string>& files) {
    const auto has = [&](std::string_view name) {
        return std::binary_search(files.begin(), files.end(), name);
    };
    std::vector<Part> sockets;
    std::set<std::string, std::less<>> used;
    for (std::size_t table = 0; table < request.tables.size(); ++table)
        for (const auto& alternatives : parts_of(os, request.tables[table])) {
            const auto first = std::find_if(alternatives.begin(), alternatives.end(),
                                            [&](const DecoderEntry* entry) { return has(entry->interface); });
            if (first == alternatives.end()) continue;
            sockets.push_back({std::string((*first)->interface), table});
            used.emplace((*first)->interface);
        }
    std::vector<Part> parts;
    for (const std::string& file : files) {
        const DecoderEntry* entry = find_decoder(os, file);
        if (entry == nullptr || entry->side == nullptr || used.contains(file)) continue;
        if (entry->sockets != nullptr && !request.half_open) continue;
        if (entry->sockets == nullptr && !everyones(*entry) && !(request.*entry->side_wanted)) continue;
        parts.push_back({file, no_table});
    }
    parts.insert(parts.end(), sockets.begin(), sockets.end());
    return parts;
}

class ReplayReader {
public:
    ReplayReader(std::shared_ptr<const CaptureDirectory> directory, std::vector<Part> parts,
                 ProblemSink problem)
        : directory_(std::move(directory)), parts_(std::move(parts)), problem_(std::move(problem)) {}

    std::optional<RawBlock> operator()() {
        while (next_ < parts_.size()) {
            const Part& part = parts_[next_++];
            file_ = directory_->map(part.interface);
            if (file_.wrong().empty()) return RawBlock{part.interface, file_.bytes(), part.table, 0};
            problem_({fmt::format("{}: {}", directory_->path_of(part.interface), file_.wrong())});
        }
        return std::nullopt;
    }

private:
    std::shared_ptr<const CaptureDirectory> directory_;
    std::vector<Part> parts_;
    ProblemSink problem_;
    MappedFile file_;
    std::size_t next_ = 0;
};

std::vector<std::string> files_of(const CaptureDirectory& directory) {
    try {
        return directory.names();
    } catch (const std::system_error& error) {
        throw std::runtime_error(fmt::format("--replay: {}: {}", directory.path(), error.code().message()));
    }
}

std::shared_ptr<const CaptureDirectory> open_directory(const std::string& path) {
    try {
        return std::make_shared<const CaptureDirectory>(CaptureDirectory::at(path));
    } catch (const std::system_error& error) {
        throw std::runtime_error(fmt::format("--replay: {}: {}; a capture is a directory that --save wrote",
                                             path, error.code().message()));
    }
}

} // namespace

Source captured_source(std::shared_ptr<const CaptureDirectory> directory, const HostFacts& host) {
    return {host, false,
            [directory = std::move(directory), os = host.os](const Request& request, ProblemSink problem) {
                const auto reader = std::make_shared<ReplayReader>(
                    directory, parts_for(request, os, files_of(*directory)), std::move(problem));
                return [reader] { return (*reader)(); };
            }};
}

Source open_capture(const std::string& path) {
    auto directory = open_directory(path);
    const std::string file = directory->path_of(manifest_name);
    const MappedFile manifest = directory->map(std::string(manifest_name));
    if (!manifest.wrong().empty())
        throw std::runtime_error(fmt::format("--replay: {}: {}; a capture is a directory that --save wrote",
                                             file, manifest.wrong()));
    HostFacts host;
    if (const auto wrong = read_manifest(Bytes(manifest.bytes()).text(), host))
        throw std::runtime_error(fmt::format("--replay: {}: {}", file, *wrong));
    return captured_source(std::move(directory), host);
}

} // namespace netstat46
