#include "openbsd/decode.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "bsd/own_messages.hpp"
#include "messages.hpp"
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
    if (!file.whole) say(rest, fmt::format(bsd_messages.cut_record, "record", rest.size()), true);
    rest.skip(step_);
    if (!file.whole && file.bytes.size() < kinfo_file::size) return std::nullopt;
    return file;
}

void FileTable::say(const Bytes& rest, std::string_view what, bool fails) const {
    if (fails && notes_ != nullptr) notes_->damaged = true;
    problem_({fmt::format(messages.damaged_at, interface_, rest.offset(), what), fails});
}

/// A shorter one is what an older program asked for: what it lacks is not known.
void FileTable::say_length(const Bytes& rest) {
    if (step_ > kinfo_file::size)
        say(rest, fmt::format(messages.grown, "record", step_, kinfo_file::size), false);
    else if (refused_ || step_ < kinfo_file::size)
        say(rest, fmt::format(bsd_messages.record_length, refused_.value_or(step_), kinfo_file::size),
            refused_.has_value());
}

} // namespace netstat46::openbsd
