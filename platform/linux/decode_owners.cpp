#include "linux/decode.hpp"

#include <charconv>

#include <fmt/format.h>

namespace netstat46 {
namespace {

/// A whole decimal number followed by `end`; moves behind it.
template <class Integer>
bool take_number(std::string_view& text, Integer& value, char end) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, 10);
    const auto length = static_cast<std::size_t>(stop - text.data());
    if (error != std::errc{} || length >= text.size() || text[length] != end) return false;
    text.remove_prefix(length + 1);
    return true;
}

constexpr std::string_view socket_prefix = "socket:[";

bool read_line(std::string_view line, SideTables& side) {
    Holder holder;
    if (!take_number(line, holder.pid, '\t')) return false;
    if (line.starts_with("-\t")) {
        (line == "-\tlinks" ? side.links_withheld : side.owners_withheld) = true;
        return true;
    }
    std::uint64_t inode = 0;
    if (!take_number(line, holder.fd, '\t') || !line.starts_with(socket_prefix)) return false;
    line.remove_prefix(socket_prefix.size());
    if (!take_number(line, inode, ']') || !line.empty()) return false;
    side.owners.add(inode, holder);
    side.owners_read = true;
    return true;
}

} // namespace

SideDecoder proc_pid_fd_decoder(const DecodeContext& context) {
    return [context](Bytes block, SideTables& side) {
        std::string_view text = block.text();
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            if (end == std::string_view::npos || !read_line(text.substr(0, end), side))
                context.problem(
                    {fmt::format("{}: a line that is no descriptor at offset {}", context.interface,
                                 block.offset() + block.size() - text.size())});
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        }
    };
}

namespace {

constexpr DecoderEntry entries[] = {
    {"sock_diag.inet.tcp", Os::Linux, {Protocol::Tcp, true, false}, 0, sock_diag_decoder, nullptr},
    {"proc.net.tcp", Os::Linux, {Protocol::Tcp, true, false}, 0, proc_net_decoder, half_open_decoder},
    {"sock_diag.inet6.tcp", Os::Linux, {Protocol::Tcp, false, true}, 1, sock_diag_decoder, nullptr},
    {"proc.net.tcp6", Os::Linux, {Protocol::Tcp, false, true}, 1, proc_net_decoder, half_open_decoder},
    {"sock_diag.inet.sctp", Os::Linux, {Protocol::Sctp, true, false}, 0, sock_diag_decoder, nullptr},
    {"sock_diag.inet6.sctp", Os::Linux, {Protocol::Sctp, false, true}, 1, sock_diag_decoder, nullptr},
    {"sock_diag.inet.udp", Os::Linux, {Protocol::Udp, true, false}, 0, sock_diag_decoder, nullptr},
    {"proc.net.udp", Os::Linux, {Protocol::Udp, true, false}, 0, proc_net_decoder, nullptr},
    {"sock_diag.inet6.udp", Os::Linux, {Protocol::Udp, false, true}, 1, sock_diag_decoder, nullptr},
    {"proc.net.udp6", Os::Linux, {Protocol::Udp, false, true}, 1, proc_net_decoder, nullptr},
    {"sock_diag.inet.udplite", Os::Linux, {Protocol::UdpLite, true, false}, 0, sock_diag_decoder, nullptr},
    {"proc.net.udplite", Os::Linux, {Protocol::UdpLite, true, false}, 0, proc_net_decoder, nullptr},
    {"sock_diag.inet6.udplite", Os::Linux, {Protocol::UdpLite, false, true}, 1, sock_diag_decoder, nullptr},
    {"proc.net.udplite6", Os::Linux, {Protocol::UdpLite, false, true}, 1, proc_net_decoder, nullptr},
    {"sock_diag.inet.raw", Os::Linux, {Protocol::Raw, true, false}, 0, sock_diag_decoder, nullptr},
    {"proc.net.raw", Os::Linux, {Protocol::Raw, true, false}, 0, proc_net_decoder, nullptr},
    {"sock_diag.inet6.raw", Os::Linux, {Protocol::Raw, false, true}, 1, sock_diag_decoder, nullptr},
    {"proc.net.raw6", Os::Linux, {Protocol::Raw, false, true}, 1, proc_net_decoder, nullptr},
    {"proc.net.unix", Os::Linux, {Protocol::Unix, false, false}, 0, proc_net_unix_decoder, nullptr},
    {"proc.pid.fd", Os::Linux, {}, 0, nullptr, proc_pid_fd_decoder},
};

} // namespace

std::span<const DecoderEntry> linux_decoders() { return entries; }

} // namespace netstat46
