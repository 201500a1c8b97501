#include "linux/live_netlink.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <sys/socket.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>

#include <fmt/format.h>

#include "capture/bytes.hpp"
#include "linux/own_messages.hpp"
#include "linux/wire.hpp"

namespace netstat46 {

using namespace linux_wire;

static_assert(sizeof(nlmsghdr) == nl_header && offsetof(nlmsghdr, nlmsg_type) == nl_type);
static_assert(sizeof(inet_diag_msg) == diag_size && offsetof(inet_diag_msg, idiag_inode) == diag_inode);
static_assert(offsetof(inet_diag_msg, id.idiag_dst) == diag_dst &&
              offsetof(inet_diag_msg, id.idiag_if) == diag_if);
static_assert(offsetof(inet_diag_msg, idiag_expires) == diag_expires);
static_assert(INET_DIAG_SKV6ONLY == inet_diag_skv6only && INET_DIAG_INFO == inet_diag_info);
static_assert(INET_DIAG_REQ_BYTECODE == inet_diag_req_bytecode && INET_DIAG_BC_JMP == bc_jmp);
static_assert(INET_DIAG_BC_S_GE == bc_s_ge && INET_DIAG_BC_S_LE == bc_s_le && INET_DIAG_BC_D_GE == bc_d_ge &&
              INET_DIAG_BC_D_LE == bc_d_le);
static_assert(INET_DIAG_BC_S_COND == bc_s_cond && INET_DIAG_BC_D_COND == bc_d_cond);
static_assert(sizeof(inet_diag_bc_op) == bc_size && offsetof(inet_diag_bc_op, no) == bc_no);
static_assert(sizeof(inet_diag_hostcond) == hostcond_size &&
              offsetof(inet_diag_hostcond, port) == hostcond_port);
static_assert(INET_DIAG_CONG == inet_diag_cong);
static_assert(offsetof(tcp_info, tcpi_rto) == tcp_info_rto &&
              offsetof(tcp_info, tcpi_snd_mss) == tcp_info_snd_mss &&
              offsetof(tcp_info, tcpi_rcv_mss) == tcp_info_rcv_mss);
static_assert(offsetof(tcp_info, tcpi_last_data_sent) == tcp_info_last_data_sent &&
              offsetof(tcp_info, tcpi_last_data_recv) == tcp_info_last_data_recv);
static_assert(offsetof(tcp_info, tcpi_pmtu) == tcp_info_pmtu &&
              offsetof(tcp_info, tcpi_rtt) == tcp_info_rtt &&
              offsetof(tcp_info, tcpi_rttvar) == tcp_info_rttvar);
static_assert(offsetof(tcp_info, tcpi_snd_ssthresh) == tcp_info_snd_ssthresh &&
              offsetof(tcp_info, tcpi_snd_cwnd) == tcp_info_snd_cwnd);
static_assert(offsetof(tcp_info, tcpi_total_retrans) == tcp_info_total_retrans &&
              offsetof(tcp_info, tcpi_rcv_ooopack) == tcp_info_rcv_ooopack);
static_assert(offsetof(tcp_info, tcpi_bytes_acked) == tcp_info_bytes_acked &&
              offsetof(tcp_info, tcpi_bytes_received) == tcp_info_bytes_received);
static_assert(offsetof(tcp_info, tcpi_data_segs_in) == tcp_info_data_segs_in &&
              offsetof(tcp_info, tcpi_data_segs_out) == tcp_info_data_segs_out);
static_assert(offsetof(tcp_info, tcpi_bytes_sent) == tcp_info_bytes_sent &&
              offsetof(tcp_info, tcpi_bytes_retrans) == tcp_info_bytes_retrans);
static_assert(sizeof(unix_diag_msg) == unix_diag_size &&
              offsetof(unix_diag_msg, udiag_ino) == unix_diag_inode);
static_assert(UNIX_DIAG_NAME == unix_diag_name && UNIX_DIAG_PEER == unix_diag_peer &&
              UNIX_DIAG_RQLEN == unix_diag_rqlen);
static_assert(sizeof(struct ::unix_diag_rqlen) == unix_rqlen_size);
static_assert(SOCK_DIAG_BY_FAMILY == sock_diag_by_family && NLMSG_DONE == nlmsg_done);

NetlinkCalls netlink_calls() {
    struct Socket {
        int fd = -1;
        Socket() = default;
        Socket(const Socket&) = delete;
        Socket& operator=(const Socket&) = delete;
        ~Socket() {
            if (fd >= 0) close(fd);
        }
        void reopen() {
            if (fd >= 0) close(fd);
            fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        }
    };
    const auto netlink = std::make_shared<Socket>();
    NetlinkCalls calls;
    calls.send = [netlink](std::span<const std::byte> message) -> ssize_t {
        netlink->reopen();
        if (netlink->fd < 0) return -1;
        sockaddr_nl kernel{};
        kernel.nl_family = AF_NETLINK;
        return sendto(netlink->fd, message.data(), message.size(), 0,
                      reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
    };
    calls.receive = [netlink](std::span<std::byte> buffer) -> ssize_t {
        ssize_t got = -1;
        do got = recv(netlink->fd, buffer.data(), buffer.size(), 0);
        while (got < 0 && errno == EINTR);
        return got;
    };
    return calls;
}

Dump::Dump(NetlinkCalls calls, DumpRequest request, std::string_view interface, ProblemSink problem)
    : calls_(std::move(calls)), request_(std::move(request)), interface_(interface),
      problem_(std::move(problem)), buffer_(netlink_block) {}

namespace {

template <class Struct>
void append(std::vector<std::byte>& message, const Struct& part) {
    const auto bytes = std::as_bytes(std::span(&part, 1));
    message.insert(message.end(), bytes.begin(), bytes.end());
}

void append_unix_request(std::vector<std::byte>& message) {
    unix_diag_req body{};
    body.sdiag_family = AF_UNIX;
    body.udiag_states = 0xffffffff;
    body.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN;
    append(message, body);
}

void append_inet_request(std::vector<std::byte>& message, const DumpRequest& request) {
    inet_diag_req_v2 body{};
    body.sdiag_family = request.family;
    body.sdiag_protocol = request.ip_protocol;
    body.idiag_states = request.states;
    if (request.tcp_info) body.idiag_ext |= 1U << (INET_DIAG_INFO - 1);
    if (request.congestion) body.idiag_ext |= 1U << (INET_DIAG_CONG - 1);
    append(message, body);
    if (request.bytecode.empty()) return;
    rtattr attribute{};
    attribute.rta_len = static_cast<std::uint16_t>(sizeof attribute + request.bytecode.size());
    attribute.rta_type = INET_DIAG_REQ_BYTECODE;
    append(message, attribute);
    message.insert(message.end(), request.bytecode.begin(), request.bytecode.end());
}

} // namespace

bool Dump::start() {
    std::vector<std::byte> message;
    nlmsghdr header{};
    append(message, header);
    if (request_.family == AF_UNIX) {
        append_unix_request(message);
    } else {
        append_inet_request(message, request_);
    }
    header.nlmsg_len = static_cast<std::uint32_t>(message.size());
    header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    header.nlmsg_seq = ++sequence_;
    std::memcpy(message.data(), &header, sizeof header);
    ++attempts_;
    if (calls_.send(message) >= 0) return true;
    result_ = {DumpEnd::Refused, errno};
    return false;
}

namespace {

/// The errno of the number, not positive, that an ending message begins with; EBADMSG if it is none.
std::int32_t error_of(std::int32_t code) {
    constexpr std::int32_t most = 4095; // linux/err.h: MAX_ERRNO
    return code > 0 || code < -most ? EBADMSG : -code;
}

} // namespace

/// Walks the message headers of one block: is this the end, and was the dump disturbed?
Dump::Heard Dump::look_for_end(std::span<const std::byte> block) {
    Bytes rest(block, native_order);
    bool disturbed = false;
    Heard heard = Heard::More;
    while (rest.size() >= nl_header) {
        const std::size_t length = rest.u32(nl_length);
        if (length < nl_header || length > rest.size()) break;
        disturbed = disturbed || (rest.u16(nl_flags) & nlm_f_dump_intr) != 0;
        const std::uint16_t type = rest.u16(nl_type);
        if (type == nlmsg_done || type == nlmsg_error) {
            heard = Heard::End;
            // Both begin with an errno. A kernel without the handler ends the dump with -ENOENT.
            const std::int32_t error = error_of(rest.i32(nl_header));
            if (error == ENOENT) {
                result_ = {DumpEnd::NoHandler, error};
            } else if (error != 0) {
                result_ = {DumpEnd::Refused, error};
            }
            break;
        }
        rest.skip((length + 3) & ~std::size_t{3});
    }
    if (!disturbed) return heard;
    if (!handed_out_ && attempts_ < dump_attempts) return Heard::Again;
    if (!reported_) {
        reported_ = true;
        problem_({fmt::format(linux_messages.interrupted, interface_), false});
    }
    return heard;
}

/// One recv(2) into buffer_.
Dump::Heard Dump::receive_one() {
    const ssize_t got = calls_.receive(buffer_);
    if (got > 0) {
        received_ = static_cast<std::size_t>(got);
        return look_for_end(std::span(buffer_).first(received_));
    }
    received_ = 0;
    if (got < 0 && errno == ENOBUFS && !handed_out_ && attempts_ < dump_attempts) return Heard::Again;
    result_ = {DumpEnd::Refused, got < 0 ? errno : ECONNRESET};
    if (handed_out_)
        problem_({fmt::format(linux_messages.broken_off, interface_, std::strerror(result_.error))});
    return Heard::End;
}

/// Reads into held_ until the end or the limit.
void Dump::fill() {
    while (!ended_ && held_.size() < held_back) {
        switch (receive_one()) {
        case Heard::End:
            ended_ = true;
            [[fallthrough]];
        case Heard::More:
            held_.insert(held_.end(), buffer_.begin(),
                         buffer_.begin() + static_cast<std::ptrdiff_t>(received_));
            break;
        case Heard::Again:
            held_.clear();
            result_ = {};
            if (!start()) ended_ = true;
            break;
        }
    }
}

std::span<const std::byte> Dump::next() {
    if (!started_) {
        started_ = true;
        if (!start()) {
            ended_ = true;
            return {};
        }
        fill();
        if (result_.end != DumpEnd::Done) return {};
        handed_out_ = true;
        return held_;
    }
    held_ = {};
    if (ended_) return {};
    if (receive_one() == Heard::End) ended_ = true;
    return std::span(buffer_).first(received_);
}

} // namespace netstat46
