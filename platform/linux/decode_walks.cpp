#include <fmt/format.h>

#include "linux/decode.hpp"
#include "linux/own_messages.hpp"
#include "linux/wire.hpp"
#include "messages.hpp"

namespace netstat46 {

using namespace linux_wire;

std::int32_t task_walk_owner(std::uint32_t pid) {
    return static_cast<std::int32_t>(pid >> 31 != 0 ? 0 - pid : pid);
}

HostTablesDecoder task_walk_decoder(const DecodeContext& context) {
    return [context](Bytes block, HostTables& tables) {
        for (; block.size() >= task_walk_size; block.skip(task_walk_size))
            tables.owners.add(block.u64(task_walk_inode),
                              {task_walk_owner(block.u32(task_walk_pid)), block.i32(task_walk_fd)});
        tables.owners_read = true;
        if (!block.empty())
            context.problem({fmt::format(messages.damaged, context.interface, linux_messages.cut_record,
                                         block.offset())});
    };
}

std::size_t tcp_walk_record(const Bytes& bytes) {
    std::size_t size = 0;
    if (bytes.u8(walked_family) == af_inet) size = walked_inet_size;
    if (bytes.u8(walked_family) == af_inet6) size = walked_inet6_size;
    return size <= bytes.size() ? size : 0;
}

std::string_view tcp_walk_name(std::uint8_t family) {
    return family == af_inet6 ? "bpf_iter.inet6.tcp" : "bpf_iter.inet.tcp";
}

namespace {

void read_record(const Bytes& bytes, std::size_t size, SocketRecord& record) {
    record.clear();
    record.protocol = Protocol::Tcp;
    record.family = bytes.u8(walked_family) == af_inet6 ? Family::Inet6 : Family::Inet;
    record.native_state = bytes.u8(walked_state);
    record.state = linux_state(bytes.u8(walked_state));
    const std::size_t foreign_at = walked_addresses + (size - walked_addresses) / 2;
    record.local = {address_at(bytes, walked_addresses, record.family), bytes.u16(walked_local_port)};
    record.foreign = {address_at(bytes, foreign_at, record.family), bytes.be16(walked_foreign_port)};
    record.device = bytes.u32(walked_if);
    record.recv_q = bytes.u32(walked_recv_q);
    record.send_q = bytes.u32(walked_send_q);
    record.inode = record.owner_key = bytes.u32(walked_inode);
    settle(record, bytes.u32(walked_uid), bytes.u8(walked_v6only) != 0);
}

} // namespace

SocketDecoder tcp_walk_decoder(const DecodeContext& context) {
    return [context](Bytes& rest, SocketRecord& record) {
        if (rest.empty()) return false;
        const std::size_t size = tcp_walk_record(rest);
        if (size == 0) {
            context.notes->damaged = true;
            context.problem(
                {fmt::format(messages.damaged, context.interface, linux_messages.cut_record, rest.offset())});
            rest.skip(rest.size());
            return false;
        }
        read_record(rest, size, record);
        rest.skip(size);
        return true;
    };
}

} // namespace netstat46
