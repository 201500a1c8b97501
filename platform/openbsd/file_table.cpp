#include "openbsd/decode.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "openbsd/wire.hpp"
#include "parse.hpp"

namespace netstat46::openbsd {
namespace {

/// As the manifest has it; a live answer's is what we know.
std::size_t length_told(const HostFacts* host) {
    if (host == nullptr) return kinfo_file::size;
    const auto told = host->particulars.find("elem_size");
    if (told == host->particulars.end()) return kinfo_file::size;
    return parse_number<std::size_t>(told->second).value_or(0);
}

} // namespace

FileTable::FileTable(const DecodeContext& context)
    : interface_(context.interface), problem_(context.problem), notes_(context.notes),
      step_(length_told(context.host)) {
    if (step_ < kinfo_file::with_ends) refused_ = std::exchange(step_, kinfo_file::size);
}

std::optional<FileRecord> FileTable::take(Bytes& rest) {
    if (rest.empty()) return std::nullopt;
    if (!std::exchange(begun_, true)) say_length(rest);
    const FileRecord file{rest.sub(0, std::min(step_, kinfo_file::size)), rest.size() >= step_};
    if (!file.whole) say(rest, fmt::format("record cut short, {} bytes left", rest.size()), true);
    rest.skip(step_);
    if (!file.whole && file.bytes.size() < kinfo_file::size) return std::nullopt;
    return file;
}

void FileTable::say(const Bytes& rest, std::string_view what, bool fails) const {
    if (fails && notes_ != nullptr) notes_->damaged = true;
    problem_({fmt::format("{}: offset {}: {}", interface_, rest.offset(), what), fails});
}

void FileTable::say_length(const Bytes& rest) {
    if (refused_)
        say(rest, fmt::format("record length {} instead of {}", *refused_, step_), true);
    else if (step_ > kinfo_file::size)
        say(rest, fmt::format("record has {} bytes, of which the first {} are read", step_, kinfo_file::size),
            false);
    else if (step_ < kinfo_file::size)
        say(rest, fmt::format("record has {} bytes, what {} would tell is missing", step_, kinfo_file::size),
            false);
}

} // namespace netstat46::openbsd
