#include "openbsd/live_portmap.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <rpc/rpc.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include <fmt/format.h>

#include "capture/capture_dir.hpp"
#include "capture/capture_files.hpp"
#include "openbsd/portmap_dump.hpp"

namespace netstat46 {
namespace {

constexpr std::uint16_t portmapper = 111; // rpc/pmap_prot.h, PMAPPORT
constexpr std::uint32_t call_id = 46;
constexpr std::size_t longest_reply = std::size_t{1} << 20;

/// A connection to 127.0.0.1 that gives up after two seconds; none and errno if nobody listens.
OpenFile connected() {
    OpenFile file(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!file.is_open()) return file;
    const timeval patience{2, 0};
    ::setsockopt(file.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(file.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(portmapper);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(file.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 ? std::move(file)
                                                                                             : OpenFile{};
}

bool receive(const OpenFile& file, std::byte* to, std::size_t size) {
    while (size > 0) {
        const ssize_t got = ::recv(file.get(), to, size, 0);
        if (got <= 0) return false;
        to += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

/// All fragments of the answer, without their marks; nothing if it ends early or is too long.
std::optional<std::vector<std::byte>> reply_from(const OpenFile& file) {
    std::vector<std::byte> reply;
    for (bool last = false; !last;) {
        std::byte mark[4];
        if (!receive(file, mark, sizeof mark)) return std::nullopt;
        const Bytes bytes(mark);
        const openbsd::Fragment fragment =
            openbsd::fragment_of(std::uint32_t{bytes.be16(0)} << 16U | bytes.be16(2));
        if (fragment.length > longest_reply - reply.size()) return std::nullopt;
        if (fragment.length == 0 && !fragment.last) return std::nullopt;
        const std::size_t begin = reply.size();
        reply.resize(begin + fragment.length);
        if (!receive(file, reply.data() + begin, fragment.length)) return std::nullopt;
        last = fragment.last;
    }
    return reply;
}

/// `902/udp TAB 100024 TAB status`; rpc(5) knows the name.
std::string line_of(const openbsd::Registered& entry) {
    const rpcent* known = ::getrpcbynumber(static_cast<int>(entry.program));
    return fmt::format("{}/{}\t{}\t{}\n", entry.port, entry.protocol == IPPROTO_TCP ? "tcp" : "udp",
                       entry.program, known == nullptr ? std::string{} : escaped_field(known->r_name));
}

} // namespace

int ask_portmapper(std::vector<std::byte>& buffer) {
    const OpenFile file = connected();
    if (!file.is_open()) return errno != 0 ? errno : ECONNREFUSED;
    const auto call = openbsd::portmap_call(call_id);
    if (::send(file.get(), call.data(), call.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(call.size()))
        return EIO;
    const auto reply = reply_from(file);
    if (!reply) return EIO;
    const auto entries = openbsd::registered_in(Bytes(*reply), call_id);
    if (!entries) return EIO;
    std::string text;
    for (const openbsd::Registered& entry : *entries) text += line_of(entry);
    const auto bytes = std::as_bytes(std::span(text));
    buffer.assign(bytes.begin(), bytes.end());
    return 0;
}

} // namespace netstat46
