#include "linux/live_unix.hpp"

#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "linux/live_netlink.hpp"
#include "linux/live_proc.hpp"
#include "messages.hpp"
#include "posix/read_ahead.hpp"

namespace netstat46 {
namespace {

constexpr const char* diag_name = "sock_diag.unix";
constexpr const char* proc_name = "proc.net.unix";
constexpr const char* proc_path = "/proc/net/unix";

/// Bytes of each answer that are kept: some 100,000 sockets.
constexpr std::size_t most_kept = std::size_t{8} * 1024 * 1024;

/// All of an answer, or nothing if it is longer than what is kept.
std::shared_ptr<const std::vector<std::byte>> keep(const BlockReader& blocks) {
    if (!blocks) return nullptr;
    auto bytes = std::make_shared<std::vector<std::byte>>();
    while (const auto block = blocks()) {
        if (bytes->size() + block->bytes.size() > most_kept) return nullptr;
        bytes->insert(bytes->end(), block->bytes.begin(), block->bytes.end());
    }
    return bytes;
}

BlockReader one_block(std::shared_ptr<const std::vector<std::byte>> kept, const char* name,
                      std::size_t table) {
    return [kept = std::move(kept), name, table, given = false]() mutable -> std::optional<RawBlock> {
        if (std::exchange(given, true)) return std::nullopt;
        return RawBlock{name, *kept, table, 0};
    };
}

} // namespace

BlockReader UnixReader::ask_diag(std::size_t table, int& error, bool& answers) {
    DumpRequest wanted;
    wanted.family = AF_UNIX;
    const auto dump = std::make_shared<Dump>(netlink_calls(), wanted, diag_name, problem_);
    const std::span<const std::byte> first = dump->next();
    answers = dump->result().end == DumpEnd::Done;
    error = dump->result().end == DumpEnd::Refused ? dump->result().error : 0;
    if (!answers) return nullptr;
    return [dump, first, table, offset = std::size_t{0}]() mutable -> std::optional<RawBlock> {
        const std::span<const std::byte> bytes = offset == 0 ? first : dump->next();
        if (bytes.empty()) return std::nullopt;
        const RawBlock block{diag_name, bytes, table, offset};
        offset += bytes.size();
        return block;
    };
}

BlockReader UnixReader::ask_proc(std::size_t table) {
    FileBlocks opened = read_proc_file(proc_path, proc_name, table, problem_);
    if (opened.error != 0 && (opened.error != ENOENT || access("/proc/net", F_OK) != 0))
        problem_({fmt::format(messages.refused, proc_path, std::strerror(opened.error))});
    return opened.blocks;
}

void UnixReader::read() {
    int error = 0;
    diag_ = keep(ask_diag(no_table, error, answers_)); // closed then: one descriptor may be all that is left
    if (error != 0) refused_(error);
    proc_ = keep(ask_proc(no_table));
}

BlockReader UnixReader::diag(std::size_t table) {
    if (diag_) return one_block(diag_, diag_name, table);
    int error = 0;
    bool answers = false;
    BlockReader blocks = ask_diag(table, error, answers);
    if (!answers) problem_({fmt::format(messages.refused, diag_name, std::strerror(error))});
    return blocks;
}

BlockReader UnixReader::proc(std::size_t table) {
    return proc_ ? one_block(proc_, proc_name, table) : ask_proc(table);
}

BlockReader UnixReader::tables() {
    std::call_once(once_, [this] { read(); });
    std::deque<std::function<BlockReader()>> makers;
    if (answers_) makers.push_back([this] { return diag(no_table); });
    makers.push_back([this] { return proc(no_table); });
    return in_turn(std::move(makers));
}

BlockReader UnixReader::sockets(std::size_t table) {
    std::call_once(once_, [this] { read(); });
    return answers_ ? diag(table) : proc(table);
}

} // namespace netstat46
