// Asking sock_diag(7).
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <sys/types.h>
#include <vector>

#include "capture/raw_block.hpp"
#include "capture/request.hpp"

namespace netstat46 {

/// Sends and receives, with errno as socket(2), send(2) and recv(2) set it, but never EINTR. Every request
/// goes out on a fresh NETLINK_SOCK_DIAG socket, so that an abandoned dump cannot answer the next one.
struct NetlinkCalls {
    std::function<ssize_t(std::span<const std::byte>)> send;
    std::function<ssize_t(std::span<std::byte>)> receive;
};

/// What one dump asks for.
struct DumpRequest {
    std::uint8_t family = 0;           ///< AF_INET, AF_INET6, AF_UNIX (all of it; the rest does not apply)
    std::uint8_t ip_protocol = 0;      ///< IPPROTO_TCP and its like
    std::uint32_t states = 0xffffffff; ///< a bit for each state of the kernel
    bool tcp_info = false;             ///< INET_DIAG_INFO
    bool congestion = false;           ///< INET_DIAG_CONG
    std::vector<std::byte> bytecode;   ///< INET_DIAG_REQ_BYTECODE; empty: none
};

[[nodiscard]] NetlinkCalls netlink_calls();

/// How a dump ended.
enum class DumpEnd { Done, NoHandler, Refused };

struct DumpResult {
    DumpEnd end = DumpEnd::Done;
    int error = 0; ///< errno, if Refused
};

/// The netlink messages of one dump, in blocks as they came. An interrupted or inconsistent dump
/// (NLM_F_DUMP_INTR, ENOBUFS) is asked again up to `dump_attempts` times while none of it has been handed
/// out: up to `held_back` bytes are kept for that. After that one Problem reports it.
class Dump {
public:
    Dump(NetlinkCalls calls, DumpRequest request, std::string_view interface, ProblemSink problem);

    /// The next block's bytes, valid until the next call; empty at the end.
    std::span<const std::byte> next();

    /// Known once the first call has returned.
    [[nodiscard]] DumpResult result() const { return result_; }

private:
    enum class Heard { More, End, Again };
    Heard receive_one();
    Heard look_for_end(std::span<const std::byte> block);
    bool start();
    void fill();

    NetlinkCalls calls_;
    DumpRequest request_;
    std::string interface_;
    ProblemSink problem_;
    std::vector<std::byte> buffer_; ///< of one recv(2)
    std::vector<std::byte> held_;   ///< what came before anything was handed out
    std::size_t received_ = 0;
    DumpResult result_;
    bool started_ = false, ended_ = false, handed_out_ = false, reported_ = false;
    int attempts_ = 0;
    std::uint32_t sequence_ = 0;
};

inline constexpr int dump_attempts = 3;
inline constexpr std::size_t held_back = std::size_t{512} * 1024;
inline constexpr std::size_t netlink_block = std::size_t{64} * 1024; ///< the kernel fills at most 32 KiB

} // namespace netstat46
