// The look of FreeBSD's netstat in parts: what a listing depends on, its columns, its plan.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "format/dialect.hpp"

namespace netstat46::freebsd_look {

/// What changed from one release's netstat to another's.
struct Edition {
    int protocol_width;      ///< of the protocol column
    std::size_t name_length; ///< a longer protocol name is cut
    bool pads_name;          ///< to that length, before its version
    bool old_buffers;        ///< -x shows mbufs and clusters, -A the tcpcb instead of so_pcb
    bool extra_gap;          ///< a blank before -x's first title, as in the rows
    bool udplite;
    int bad_name_status, usage_status;
};

/// A protocol as `-p` names it and rows show it.
struct InetProtocol {
    std::string_view name;
    Protocol protocol;
    std::int32_t number;    ///< IPPROTO_*, what xso_protocol must be
    bool in_inet, in_inet6; ///< listed under -4, -6
};

/// In listing order. Raw IPPROTO_RAW sockets belong to two of them and are listed twice.
inline constexpr std::array shown_protocols{
    InetProtocol{"tcp", Protocol::Tcp, 6, true, true},
    InetProtocol{"udp", Protocol::Udp, 17, true, true},
    InetProtocol{"udplite", Protocol::UdpLite, 136, true, true},
    InetProtocol{"ip", Protocol::Raw, 255, true, false},
    InetProtocol{"icmp", Protocol::Raw, 1, true, false},
    InetProtocol{"igmp", Protocol::Raw, 2, true, false},
    InetProtocol{"pim", Protocol::Raw, 103, true, false},
    InetProtocol{"ip6", Protocol::Raw, 255, false, true},
    InetProtocol{"icmp6", Protocol::Raw, 58, false, true},
};

enum class Choice : std::uint8_t { All, Inet, Inet6, Unix, Nothing };

/// The native options.
struct Flags {
    bool addresses = false, all = false, stack = false, congestion = false, queues = false, numeric = false;
    bool numeric_hosts = false, log_id = false, flows = false, wide = false, tcp_info = false, extra = false;
    Choice wanted = Choice::All;
    std::string_view protocol; ///< -p, one of shown_protocols' or of the names without; empty: all
};

/// Everything a column may depend on.
struct View {
    Flags flags;
    Edition edition;
    bool classic = false;
    bool all = false;
    bool own_records = true; ///< the sockets are FreeBSD's, not another system's in this look
    const Names* names = nullptr;
    std::string domain; ///< of the host, without the leading dot

    [[nodiscard]] std::size_t address_width() const {
        if (flags.addresses && !flags.wide) return 18;
        return flags.wide && flags.wanted != Choice::Inet ? 45 : 22;
    }
};

using Viewed = std::shared_ptr<const View>;

/// As wide as the longest name that a TCP socket has: -c and -C pad to it.
struct NameWidths {
    std::size_t stack = 5;
    std::size_t congestion = 2;
};

using Widths = std::shared_ptr<NameWidths>;

std::vector<Column> inet_columns(const Viewed& view, const InetProtocol& protocol, const Widths& widths);
std::vector<Column> unix_columns(const View& view);

/// As -an lists sockets of `protocol`.
std::vector<Column> usual_columns(const Edition& edition, Protocol protocol, const PlanContext& context);

/// What the native options list, in the look of `edition`.
Plan plan_of(const Flags& flags, const Edition& edition, const PlanContext& context);

} // namespace netstat46::freebsd_look
