#include <string>

#include <fmt/format.h>

#include "freebsd/decode.hpp"
#include "freebsd/wire.hpp"

namespace netstat46::freebsd {
namespace {

/// Gives `each` the records of a table that has neither header nor trailer. A record may be longer than we
/// know it; one whose length cannot be is said, and read as long as we know it.
template <class Each>
void for_each_record(Bytes block, std::string_view interface, const ProblemSink& problem, std::size_t size,
                     std::uint64_t (*length_of)(const Bytes&), Each each) {
    const auto say = [&](std::string_view what) {
        problem({fmt::format("{}: offset {}: {}", interface, block.offset(), what)});
    };
    while (!block.empty()) {
        std::uint64_t length = length_of(block);
        if (block.size() < size) {
            say(fmt::format("record cut short, {} bytes left", block.size()));
            return;
        }
        if (length < size || length > block.size()) {
            say(fmt::format("record length {} instead of {}", length, size));
            length = size;
        }
        each(block.sub(0, size));
        block.skip(static_cast<std::size_t>(length));
    }
}

} // namespace

SideDecoder owners_decoder(const DecodeContext& context) {
    return [interface = std::string(context.interface), problem = context.problem](Bytes block,
                                                                                   SideTables& side) {
        if (!block.empty()) side.owners_read = true;
        for_each_record(
            block, interface, problem, xfile::size, [](const Bytes& file) { return file.u64(xfile::length); },
            [&](const Bytes& file) {
                if (file.i16(xfile::type) != dtype_socket) return;
                side.owners.add(file.u64(xfile::data), {file.i32(xfile::pid), file.i32(xfile::fd)});
            });
    };
}

SideDecoder processes_decoder(const DecodeContext& context) {
    return [interface = std::string(context.interface), problem = context.problem](Bytes block,
                                                                                   SideTables& side) {
        for_each_record(
            block, interface, problem, kinfo_proc::size,
            [](const Bytes& process) { return std::uint64_t{process.u32(kinfo_proc::length)}; },
            [&](const Bytes& process) {
                const std::string name(process.sub(kinfo_proc::name, kinfo_proc::name_room).c_string());
                side.processes[process.i32(kinfo_proc::pid)] = {name, name, process.u32(kinfo_proc::uid), {}};
            });
    };
}

} // namespace netstat46::freebsd
