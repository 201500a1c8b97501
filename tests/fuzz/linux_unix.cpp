// Unix sockets from both answers: the first two bytes are the length of sock_diag's, /proc/net/unix's follows
// it, cut in two at a newline if it has one. The third byte says whether sock_diag has answered at all.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/complete.hpp"
#include "linux/row.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace netstat46;
    if (size < 3) return 0;
    const bool told = data[2] % 2 == 0;
    const std::span<const std::uint8_t> all(data + 3, size - 3);
    const std::size_t length = std::min<std::size_t>(data[0] + std::size_t{256} * data[1], all.size());
    const std::span<const std::uint8_t> diag = all.first(length), proc = all.subspan(length);
    const auto newline =
        std::find(proc.begin() + static_cast<std::ptrdiff_t>(proc.size() / 2), proc.end(), '\n');
    const auto first =
        static_cast<std::size_t>((newline == proc.end() ? newline : newline + 1) - proc.begin());
    const HostFacts host;
    TableStatus notes;
    HostTables tables;
    const auto context = [&](std::string_view interface) {
        return DecodeContext{interface, &host,
                             [](const Problem& problem) {
                                 if (problem.fails && problem.text.starts_with("proc")) __builtin_trap();
                             },
                             &notes};
    };
    const DecoderEntry& by_diag = *find_decoder(linux_system, "sock_diag.unix");
    const DecoderEntry& by_proc = *find_decoder(linux_system, "proc.net.unix");
    if (told) by_diag.tables(context(by_diag.interface))(Bytes(std::as_bytes(diag)), tables);
    const HostTablesDecoder decode_proc = by_proc.tables(context(by_proc.interface));
    decode_proc(Bytes(std::as_bytes(proc.first(first))), tables);
    decode_proc(Bytes(std::as_bytes(proc.subspan(first)), host.byte_order, first), tables);
    const DecoderEntry& table = told ? by_diag : by_proc;
    const SocketDecoder decode = completed(table.sockets(context(table.interface)), Protocol::Unix, tables);
    SocketRecord record;
    volatile std::size_t sum = 0;
    std::size_t rows = 0;
    for (Bytes rest(std::as_bytes(told ? diag : proc)); decode(rest, record); ++rows)
        for (const char c : unix_facts(record).path) sum = sum + static_cast<unsigned char>(c);
    if (rows > size) __builtin_trap();
    return 0;
}
