#include <string>
#include <utility>

#include <fmt/format.h>

#include "bsd/grown_record.hpp"
#include "bsd/own_messages.hpp"
#include "freebsd/decode.hpp"
#include "freebsd/wire.hpp"
#include "messages.hpp"

namespace netstat46::freebsd {
namespace {

/// The records of a table that has neither header nor trailer. Those longer than known are reported once; one
/// whose length cannot be is reported, and taken to be as long as the others.
class RecordTable {
public:
    RecordTable(const DecodeContext& context, std::size_t size, std::uint64_t (*length_of)(const Bytes&))
        : interface_(context.interface), problem_(context.problem), notes_(context.notes), size_(size),
          step_(size), length_of_(length_of) {}

    template <class Each>
    void for_each_record(Bytes block, Each each) {
        while (!block.empty()) {
            const std::uint64_t length = length_of_(block);
            if (block.size() < size_) return cut(block);
            if (!begins_record(block)) settle(block, length);
            each(block.sub(0, size_));
            if (block.size() < step_) return cut(block);
            block.skip(step_);
        }
    }

private:
    [[nodiscard]] bool begins_record(const Bytes& at) const {
        return length_of_(at) == step_ && at.size() >= step_;
    }

    /// A record whose length is new.
    void settle(const Bytes& block, std::uint64_t length) {
        const auto begins = [this](const Bytes& at) { return begins_record(at); };
        if (has_grown(block, length, size_, step_, length_of_, begins)) {
            say_grown(block, length);
            step_ = static_cast<std::size_t>(length);
        } else if (length != step_) {
            say(block, fmt::format(bsd_messages.record_length, length, step_));
        }
    }

    /// Once for all tables of a run: each process may have one.
    void say_grown(const Bytes& block, std::uint64_t length) {
        if (step_ != size_ || (notes_ != nullptr && std::exchange(notes_->growth_said, true))) return;
        say(block, fmt::format(messages.grown, "record", length, size_), false);
    }

    void cut(const Bytes& block) { say(block, fmt::format(bsd_messages.cut_record, "record", block.size())); }

    void say(const Bytes& block, std::string_view what, bool fails = true) {
        problem_({fmt::format(messages.damaged_at, interface_, block.offset(), what), fails});
    }

    std::string interface_;
    ProblemSink problem_;
    TableStatus* notes_; ///< of all host tables, or null
    std::size_t size_;   ///< bytes that are known
    std::size_t step_;   ///< bytes of each record here
    std::uint64_t (*length_of_)(const Bytes&);
};

std::uint64_t file_length(const Bytes& file) { return file.u64(xfile::length); }
std::uint64_t process_length(const Bytes& process) { return process.u32(kinfo_proc::length); }

} // namespace

HostTablesDecoder owners_decoder(const DecodeContext& context) {
    return [table = RecordTable(context, xfile::size, file_length)](Bytes block, HostTables& tables) mutable {
        if (!block.empty()) tables.owners_read = true;
        table.for_each_record(block, [&](const Bytes& file) {
            if (file.i16(xfile::type) != dtype_socket) return;
            tables.owners.add(file.u64(xfile::data), {file.i32(xfile::pid), file.i32(xfile::fd)});
        });
    };
}

HostTablesDecoder processes_decoder(const DecodeContext& context) {
    return [table = RecordTable(context, kinfo_proc::size, process_length)](Bytes block,
                                                                            HostTables& tables) mutable {
        table.for_each_record(block, [&](const Bytes& process) {
            const std::string name(process.sub(kinfo_proc::name, kinfo_proc::name_room).c_string());
            tables.processes[process.i32(kinfo_proc::pid)] = {name, name, process.u32(kinfo_proc::uid), {}};
        });
    };
}

} // namespace netstat46::freebsd
