#include "linux/decode.hpp"
#include "linux/row.hpp"

#include "capture/descriptor_lines.hpp"
#include "parse.hpp"

namespace netstat46 {

std::optional<std::uint64_t> socket_inode(std::string_view link) {
    constexpr std::string_view prefix = "socket:[";
    if (!link.starts_with(prefix) || !link.ends_with(']')) return std::nullopt;
    link.remove_prefix(prefix.size());
    link.remove_suffix(1);
    return parse_number<std::uint64_t>(link);
}

HostTablesDecoder proc_pid_fd_decoder(const DecodeContext& context) {
    return descriptor_lines(context, socket_inode);
}

namespace {

constexpr Table tcp{Protocol::Tcp, true, false}, tcp6{Protocol::Tcp, false, true}, unix_table{Protocol::Unix};
constexpr auto half_open = &Wanted::half_open;

constexpr DecoderEntry entries[] = {
    {"sock_diag.inet.tcp", {Protocol::Tcp, true, false}, 0, sock_diag_decoder, nullptr},
    {"bpf_iter.inet.tcp", {Protocol::Tcp, true, false}, 0, tcp_walk_decoder, nullptr},
    {"proc.net.tcp", tcp, 0, proc_net_decoder, half_open_decoder, half_open},
    {"sock_diag.inet6.tcp", {Protocol::Tcp, false, true}, 1, sock_diag_decoder, nullptr},
    {"bpf_iter.inet6.tcp", {Protocol::Tcp, false, true}, 1, tcp_walk_decoder, nullptr},
    {"proc.net.tcp6", tcp6, 1, proc_net_decoder, half_open_decoder, half_open},
    {"sock_diag.inet.sctp", {Protocol::Sctp, true, false}, 0, sock_diag_decoder, nullptr},
    {"sock_diag.inet6.sctp", {Protocol::Sctp, false, true}, 1, sock_diag_decoder, nullptr},
    {"sock_diag.inet.udp", {Protocol::Udp, true, false}, 0, sock_diag_decoder, nullptr},
    {"proc.net.udp", {Protocol::Udp, true, false}, 0, proc_net_decoder, nullptr},
    {"sock_diag.inet6.udp", {Protocol::Udp, false, true}, 1, sock_diag_decoder, nullptr},
    {"proc.net.udp6", {Protocol::Udp, false, true}, 1, proc_net_decoder, nullptr},
    {"sock_diag.inet.udplite", {Protocol::UdpLite, true, false}, 0, sock_diag_decoder, nullptr},
    {"proc.net.udplite", {Protocol::UdpLite, true, false}, 0, proc_net_decoder, nullptr},
    {"sock_diag.inet6.udplite", {Protocol::UdpLite, false, true}, 1, sock_diag_decoder, nullptr},
    {"proc.net.udplite6", {Protocol::UdpLite, false, true}, 1, proc_net_decoder, nullptr},
    {"sock_diag.inet.raw", {Protocol::Raw, true, false}, 0, sock_diag_decoder, nullptr},
    {"proc.net.raw", {Protocol::Raw, true, false}, 0, proc_net_decoder, nullptr},
    {"sock_diag.inet6.raw", {Protocol::Raw, false, true}, 1, sock_diag_decoder, nullptr},
    {"proc.net.raw6", {Protocol::Raw, false, true}, 1, proc_net_decoder, nullptr},
    {"sock_diag.unix", unix_table, 0, unix_diag_decoder, unix_diag_side_decoder, nullptr},
    {"proc.net.unix", unix_table, 0, proc_net_unix_decoder, proc_net_unix_side_decoder, nullptr},
    {"proc.pid.fd", {}, 0, nullptr, proc_pid_fd_decoder},
    {"bpf_iter.task", {}, 0, nullptr, task_walk_decoder},
};

} // namespace

std::span<const DecoderEntry> linux_decoders() { return entries; }

} // namespace netstat46
