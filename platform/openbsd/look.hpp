// The look of OpenBSD's netstat in parts: what a listing depends on, its columns, its plan.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "format/dialect.hpp"
#include "openbsd/facts.hpp"

namespace netstat46::openbsd_look {

enum class Choice : std::uint8_t { All, Inet, Inet6, Unix, Nothing };

/// What -p chooses.
enum class OnlyProtocol : std::uint8_t { All, Tcp, Udp, Divert, Raw, Raw6 };

/// The native options.
struct Flags {
    bool addresses = false, all = false, windows = false, listening = false, numeric = false, wide = false;
    Choice wanted = Choice::All;
    OnlyProtocol protocol = OnlyProtocol::All;
    std::uint32_t routing_table = 0;
};

/// Everything a column may depend on.
struct View {
    Flags flags;
    bool classic = false;
    bool all = false;
    const Names* names = nullptr;
    std::string domain; ///< of the host, without the leading dot

    [[nodiscard]] std::size_t address_width() const { return flags.addresses ? 18 : 22; }
};

using Viewed = std::shared_ptr<const View>;

/// What netstat asks of a record before it prints it as a TCP one.
bool is_tcp(const OpenBsdFacts& facts);
bool is_udp(const OpenBsdFacts& facts);

/// `host.port`, cut as netstat cuts it, and padded.
void put_end(Text& out, const Row& row, bool foreign, const View& view);

/// Of sockets of a protocol: Tcp, Udp or Raw.
std::vector<Column> inet_columns(const Viewed& view, Protocol protocol);
std::vector<Column> unix_columns(const View& view);

/// As -an lists sockets of `protocol`.
std::vector<Column> usual_columns(Protocol protocol, const PlanContext& context);

/// What the native options list.
Plan plan_of(const Flags& flags, const PlanContext& context);

} // namespace netstat46::openbsd_look
